import type { Command } from 'commander';
import type { Diagnosis } from '../../diagnose/diagnose.ts';
import { renderDiagnosis, renderMeaning } from '../../diagnose/render.ts';
import type { Meaning } from '../../diagnose/text.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { wordsIn } from '../../model/words.ts';
import { withSnapshot } from '../cluster.ts';
import { type Invocation, type Io, note } from '../context.ts';
import {
  type ConnectionFlags,
  connectionFlags,
  type OutputFlags,
  outputFlags,
  type ScopeFlags,
  type SnapshotFlag,
  scopeFlags,
  snapshotFlag,
} from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';

type Flags = ConnectionFlags & ScopeFlags & OutputFlags & SnapshotFlag & { text?: string };

export function diagnoseCommand(program: Command, { io, run }: Invocation): void {
  const command = program
    .command('diagnose [VM|MIGRATION|node/NODE|cluster]')
    .description('Say why a VM does not move, why a migration waits or failed, and what to do. Changes nothing.')
    .option(
      '--text <message>',
      'what a message means that KubeVirt, the console or an agent showed; alone it needs no cluster',
    )
    .addHelpText(
      'after',
      `
The exit code is 1 if a cause was found.

Examples:
  # Why a VM's migration failed, or waits
  ${io.name} diagnose web01

  # One migration; a node; everything
  ${io.name} diagnose vmim/web01-x7k2p
  ${io.name} diagnose node/worker-1
  ${io.name} diagnose cluster

  # A message that somebody pasted
  ${io.name} diagnose --text "Live migration is not completed after 300 seconds and has been aborted"

  # What the console showed of a VM's move, and what really happened to it
  ${io.name} diagnose web01 --text "The selected Node is unavailable"`,
    )
    .action((name: string | undefined, flags: Flags) => run(async () => await diagnose(io, name, flags)));
  snapshotFlag(connectionFlags(outputFlags(scopeFlags(command, { selector: false }), ['table', 'json', 'yaml'])));
}

async function diagnose(io: Io, name: string | undefined, flags: Flags): Promise<ExitCode> {
  if (name === undefined) {
    if (flags.text !== undefined) return await explainText(io, flags.text, flags.output);
    throw new FerryError('FERRY_E_USAGE', 'nothing to diagnose is named', `See: ${io.name} diagnose --help`);
  }
  const everyNamespace = name === 'cluster' || name.startsWith('node/');
  return await withSnapshot(io, { ...flags, everyNamespace }, async (reading) => {
    const { diagnoseSubjects } = await import('../diagnose/subjects.ts');
    const diagnoses = await diagnoseSubjects(io, reading, name);
    const meanings = flags.text === undefined ? undefined : await meaningsIn(flags.text);
    if (flags.output === 'json' || flags.output === 'yaml') {
      const [only] = diagnoses;
      io.stdout.write(
        await renderDocument(
          document('Diagnosis', { ...only, ...(meanings === undefined ? {} : { meanings }) }),
          flags.output,
        ),
      );
    } else {
      const text = [...(meanings ?? []).map(renderMeaning), ...diagnoses.map(renderDiagnosis)].join('');
      if (meanings?.length === 0) note(io, UNKNOWN);
      io.stdout.write(`${text}${wordsIn(text)}`);
    }
    const found = diagnoses.some(({ cause }: Diagnosis) => cause !== undefined) || (meanings ?? []).length > 0;
    return found ? exit.findings : exit.ok;
  });
}

const UNKNOWN = 'No cause that Ferry knows prints this.';

async function meaningsIn(text: string): Promise<Meaning[]> {
  const { meaningsOf } = await import('../../diagnose/text.ts');
  return meaningsOf(text);
}

function tellMeanings(io: Io, meanings: readonly Meaning[]): void {
  if (meanings.length === 0) note(io, UNKNOWN);
  const text = meanings.map(renderMeaning).join('');
  io.stdout.write(`${text}${wordsIn(text)}`);
}

async function explainText(io: Io, text: string, output: string): Promise<ExitCode> {
  const meanings = await meaningsIn(text);
  if (output === 'json' || output === 'yaml') {
    io.stdout.write(await renderDocument(document('MeaningList', { items: meanings }), output));
  } else tellMeanings(io, meanings);
  return meanings.length > 0 ? exit.findings : exit.ok;
}
