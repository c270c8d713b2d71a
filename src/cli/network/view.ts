import { type ExitCode, exit } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import type { NetworkEvent, NetworkOutcome } from '../../network/events.ts';
import { STEPS } from '../../network/journal.ts';
import { type Io, note } from '../context.ts';
import type { Format } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { outcomeText } from './render.ts';

/** Tells a run's events on stderr as they come. */
export function teller(io: Io): (event: NetworkEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'step':
        return note(io, plain(`[${STEPS.indexOf(event.step) + 1}/${STEPS.length}] ${event.message}`));
      case 'failed':
        return note(io, plain(`failed: ${event.message}; taking it back`));
      case 'undo':
        return note(io, plain(`undone: ${event.message}`));
      default:
        return note(io, plain(`      ${event.message}`));
    }
  };
}

const codes: Record<NetworkOutcome['outcome'], ExitCode> = {
  applied: exit.ok,
  removed: exit.ok,
  'rolled-back': exit.failedSafe,
  attention: exit.failedAttention,
  interrupted: exit.interrupted,
};

/** Shows how a run ended; its exit code. */
export async function tellOutcome(io: Io, outcome: NetworkOutcome, output: Format): Promise<ExitCode> {
  if (output === 'json' || output === 'yaml') {
    io.stdout.write(await renderDocument(document('NetworkRun', outcome), output));
  } else {
    io.stdout.write(outcomeText(outcome, io.name));
  }
  return codes[outcome.outcome];
}
