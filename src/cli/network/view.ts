import type { ExitCode } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import { eventLine, exitOf, type NetworkEvent, type NetworkOutcome } from '../../network/events.ts';
import { type Io, note } from '../context.ts';
import type { Format } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { outcomeText } from './render.ts';

/** Tells a run's events on stderr as they come. */
export function teller(io: Io): (event: NetworkEvent) => void {
  return (event) => {
    const indent = event.type === 'progress' || event.type === 'waiting' ? '      ' : '';
    note(io, `${indent}${plain(eventLine(event))}`);
  };
}

/** Shows how a run ended; its exit code. */
export async function tellOutcome(io: Io, outcome: NetworkOutcome, output: Format): Promise<ExitCode> {
  if (output === 'json' || output === 'yaml') {
    io.stdout.write(await renderDocument(document('NetworkRun', outcome), output));
  } else {
    io.stdout.write(outcomeText(outcome, io.name));
  }
  return exitOf(outcome);
}
