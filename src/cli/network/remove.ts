import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import { rehearseUndo } from '../../network/rehearse.ts';
import { requireNetworkRights } from '../../network/rights.ts';
import type { Context } from '../../network/wait.ts';
import type { Draft } from '../../propose/draft.ts';
import { readRun } from '../../propose/network.ts';
import { networksIn } from '../../propose/network-objects.ts';
import { decideRemoval, NOT_OURS, removeNetwork, requireRemovable } from '../../propose/network-remove.ts';
import { type Reading, withSnapshot } from '../cluster.ts';
import { confirmed } from '../confirm.ts';
import type { Io } from '../context.ts';
import { note } from '../context.ts';
import type { ConnectionFlags, DryRun, OutputFlags } from '../flags.ts';
import { findingsText } from './render.ts';
import { teller, tellOutcome } from './view.ts';
import { words } from './words.ts';

export type RemoveFlags = ConnectionFlags & OutputFlags & { yes?: boolean; dryRun: DryRun; whileMigrating?: boolean };

export async function runRemove(io: Io, flags: RemoveFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async (reading) => {
    const client = reading.client as KubeClient;
    const context: Context = { client, emit: teller(io), signal: io.signal };
    const request = { whileMigrating: flags.whileMigrating === true, words };
    const decide = async ({ snapshot }: Reading) => {
      const store = await readRun(client, snapshot, io.signal);
      return { store, decided: decideRemoval(snapshot, store?.journal, request) };
    };
    const shown = await decide(reading);
    if (shown.decided === undefined) {
      note(io, 'No migration network is set, and none is being built: there is nothing to remove.');
      return exit.ok;
    }
    const { removal, isOurs, draft } = shown.decided;
    for (const sentence of removal.said) note(io, plain(`- ${sentence}`));
    if (!isOurs) note(io, NOT_OURS);
    io.stderr.write(findingsText(removal.findings));
    requireRemovable(shown.decided, () => 'Do what the remedies above say.');
    const { journal } = removal;
    await requireNetworkRights(client, journal.setting, journal.namespace);
    if (flags.dryRun !== 'client') await rehearseUndo(client, journal, networksIn(reading.snapshot), io.signal);
    if (flags.dryRun !== 'none') {
      note(
        io,
        flags.dryRun === 'server' ? 'The cluster would accept it (server dry run).' : 'Nothing was changed (dry run).',
      );
      return exit.ok;
    }
    const question = 'Take it away? Every virt-handler will be restarted.';
    const now = await confirmed(io, { ...shown, draft, journal }, { question, yes: flags.yes === true }, async () => {
      const { store, decided } = await decide(await reading.again());
      if (decided === undefined) return { store, decided, draft: GONE, journal };
      requireRemovable(decided, () => 'Take them off it first.');
      return { store, decided, draft: decided.draft, journal: decided.removal.journal };
    });
    return await tellOutcome(io, await removeNetwork(context, now.store, now.journal), flags.output);
  });
}

/** Somebody else has taken it away meanwhile: nothing is left to do. */
const GONE: Draft = { summary: 'Nothing.', objects: [], findings: [], effect: [], premises: { run: null } };
