import { randomBytes } from 'node:crypto';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import { beginRun, undoRun } from '../../network/apply.ts';
import { findJournal } from '../../network/journal.ts';
import { removalByObjects, removalOfRun } from '../../network/remove.ts';
import { installNamespace } from '../../network/site.ts';
import type { Context } from '../../network/wait.ts';
import { withSnapshot } from '../cluster.ts';
import { confirm } from '../confirm.ts';
import type { Io } from '../context.ts';
import { note } from '../context.ts';
import type { ConnectionFlags, DryRun, OutputFlags } from '../flags.ts';
import { refuseWhileMigrating } from './apply.ts';
import { findingsText } from './render.ts';
import { requireNetworkRights } from './rights.ts';
import { teller, tellOutcome } from './view.ts';

export type RemoveFlags = ConnectionFlags & OutputFlags & { yes?: boolean; dryRun: DryRun; whileMigrating?: boolean };

export async function runRemove(io: Io, flags: RemoveFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async (reading) => {
    const { snapshot } = reading;
    const client = reading.client as KubeClient;
    const context: Context = { client, emit: teller(io), signal: io.signal };
    const found = await findJournal(client, installNamespace(snapshot) ?? '', { signal: io.signal });
    const removal =
      found === undefined
        ? removalByObjects(snapshot, randomBytes(4).toString('hex'))
        : removalOfRun(snapshot, found.journal);
    if (removal === undefined) {
      note(io, 'No migration network is set, and none is being built: there is nothing to remove.');
      return exit.ok;
    }
    const { journal } = removal;
    for (const sentence of removal.said) note(io, plain(`- ${sentence}`));
    if (found === undefined)
      note(io, 'Ferry did not build it: NICs keep the MTU they have, for what they had before is not known.');
    io.stderr.write(findingsText(removal.findings));
    if (removal.refused) {
      throw new FerryError(
        'FERRY_E_REFUSED',
        'the network is still in use; nothing was changed',
        'Do what the remedies above say.',
      );
    }
    if (journal.begun.includes('setting')) refuseWhileMigrating(snapshot, flags);
    await requireNetworkRights(client, journal.setting, journal.namespace);
    if (flags.dryRun !== 'none') {
      note(io, 'Nothing was changed (dry run).');
      return exit.ok;
    }
    await confirm(io, 'Take it away? Every virt-handler will be restarted.', flags.yes === true);
    const store = found ?? (await beginRun(context, journal));
    if (found !== undefined && found.journal.state !== 'undoing')
      await store.save({ ...journal, state: 'undoing' }, { signal: io.signal });
    const outcome = await undoRun(context, store);
    // Nothing failed: this is what was asked for.
    if (outcome.outcome !== 'rolled-back') return await tellOutcome(io, outcome, flags.output);
    const { failed: _, ...rest } = outcome;
    return await tellOutcome(io, { ...rest, outcome: 'removed' }, flags.output);
  });
}
