import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { KubeClient } from '../../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { beginRun, carryOut, journalOf, rehearseWrites, undoRun } from '../../network/apply.ts';
import { planNetwork } from '../../network/design.ts';
import { findJournal, type Journal, type JournalStore } from '../../network/journal.ts';
import { readKnownNetworks } from '../../network/known-networks.ts';
import { installNamespace } from '../../network/site.ts';
import type { Context } from '../../network/wait.ts';
import { withSnapshot } from '../cluster.ts';
import { confirm } from '../confirm.ts';
import { type Io, note } from '../context.ts';
import type { ConnectionFlags, DryRun, OutputFlags } from '../flags.ts';
import { type DesignFlags, requestOf } from './flags.ts';
import { planText } from './render.ts';
import { requireNetworkRights } from './rights.ts';
import { teller, tellOutcome } from './view.ts';

export type ApplyFlags = ConnectionFlags &
  OutputFlags &
  DesignFlags & {
    namespace?: string;
    yes?: boolean;
    dryRun: DryRun;
    resume?: boolean;
    whileMigrating?: boolean;
    canary?: string;
  };

export async function runApply(io: Io, flags: ApplyFlags): Promise<ExitCode> {
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async (reading) => {
    const { snapshot } = reading;
    const client = reading.client as KubeClient;
    const context: Context = { client, emit: teller(io), signal: io.signal };
    const found = await findJournal(client, installNamespace(snapshot) ?? '', { signal: io.signal });
    if (flags.resume === true) return await resume(io, context, snapshot, found, flags);
    if (found !== undefined && found.journal.state !== 'applied') refuseBeside(found.journal);
    if (flags.interface === undefined) {
      throw new FerryError(
        'FERRY_E_USAGE',
        'no NIC was named',
        'Name one with --interface; `ferry network plan` says which nodes have it.',
      );
    }
    const known = await readKnownNetworks(client, { signal: io.signal });
    const plan = planNetwork(snapshot, requestOf({ ...flags, interface: flags.interface }), known);
    if (plan.changes.every(({ action }) => action === 'keep')) {
      note(io, `Everything is as planned already; \`${io.name} network verify\` looks at it as a whole.`);
      return exit.ok;
    }
    if (found !== undefined) refuseBeside(found.journal);
    io.stderr.write(planText(plan));
    if (plan.refused) {
      throw new FerryError(
        'FERRY_E_REFUSED',
        'the network can’t be built like this; nothing was changed',
        'Do what the remedies above say.',
      );
    }
    const vm = flags.canary === undefined ? undefined : canaryVm(snapshot, flags.canary, client.namespace);
    refuseWhileMigrating(snapshot, flags);
    await requireNetworkRights(client, plan.setting, plan.request.namespace, vm);
    const run = randomBytes(4).toString('hex');
    const journal = journalOf(snapshot, plan, { run, ...(vm !== undefined && { vm }) });
    if (flags.dryRun !== 'client') await rehearseWrites(client, journal, io.signal);
    if (flags.dryRun !== 'none') {
      note(
        io,
        flags.dryRun === 'server' ? 'The cluster would accept it (server dry run).' : 'Nothing was changed (dry run).',
      );
      return exit.ok;
    }
    await confirm(io, 'Build it? Every virt-handler will be restarted.', flags.yes === true);
    return await carry(io, context, await beginRun(context, journal), flags);
  });
}

async function carry(io: Io, context: Context, store: JournalStore, flags: ApplyFlags): Promise<ExitCode> {
  const outcome = await carryOut(context, store);
  if (outcome.outcome === 'interrupted' && (await wantsUndo(io))) {
    // Whoever asks for it waits for it: the signal has gone off already.
    const fresh = { ...context, signal: new AbortController().signal };
    return await tellOutcome(io, await undoRun(fresh, store, 'interrupted'), flags.output);
  }
  return await tellOutcome(io, outcome, flags.output);
}

async function wantsUndo(io: Io): Promise<boolean> {
  if (!io.isTTY.stdin || !io.isTTY.stderr) return false;
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  try {
    return /^y(es)?$/i.test((await lines.question('Take back what was done so far? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}

async function resume(
  io: Io,
  context: Context,
  snapshot: Snapshot,
  found: JournalStore | undefined,
  flags: ApplyFlags,
): Promise<ExitCode> {
  if (found === undefined || found.journal.state === 'applied') {
    throw new FerryError('FERRY_E_NOT_FOUND', 'no run of `network apply` is unfinished', 'Start one with --interface.');
  }
  const { journal } = found;
  await requireNetworkRights(context.client, journal.setting, journal.namespace, journal.vm);
  if (!journal.begun.includes('setting')) refuseWhileMigrating(snapshot, flags);
  note(
    io,
    `Run ${journal.run}: ${journal.state === 'undoing' ? 'it was being taken back' : `done so far: ${journal.done.join(', ') || 'nothing'}`}.`,
  );
  await confirm(io, journal.state === 'undoing' ? 'Go on taking it back?' : 'Go on?', flags.yes === true);
  return await carry(io, context, found, flags);
}

function refuseBeside({ state, run, attachment }: Journal): never {
  if (state === 'applied') {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `Ferry has built migration network ${attachment.metadata.name} already, and this plan is another`,
      'Take that one away first: ferry network remove.',
    );
  }
  throw new FerryError(
    'FERRY_E_REFUSED',
    `run ${run} of \`network apply\` is unfinished`,
    'Go on with it: ferry network apply --resume. Take it back: ferry network remove.',
  );
}

/** Migrations that run while virt-handlers are replaced may fail: one end is on the network, the other is not (facts/kubevirt.md D7). */
export function refuseWhileMigrating(snapshot: Snapshot, { whileMigrating }: { whileMigrating?: boolean }): void {
  const { unfinished } = migrationsOf(snapshot);
  if (unfinished.length === 0 || whileMigrating === true) return;
  const some = unfinished.slice(0, 3).map(({ namespace, vmi }) => `${namespace}/${vmi}`);
  const more = unfinished.length > 3 ? ` and ${unfinished.length - 3} more` : '';
  throw new FerryError(
    'FERRY_E_REFUSED',
    `${unfinished.length} ${unfinished.length === 1 ? 'migration is' : 'migrations are'} not finished (${some.join(', ')}${more}); those that run while virt-handler is replaced can fail`,
    'Wait until they are done, or say --while-migrating.',
  );
}

function canaryVm(snapshot: Snapshot, text: string, namespace: string): { namespace: string; name: string } {
  const [first = '', second] = text.replace(/^vm\//, '').split('/');
  const vm = second === undefined ? { namespace, name: first } : { namespace: first, name: second };
  const vmi = itemsOf(snapshot.lists.virtualMachineInstances).find(
    ({ metadata }) => metadata.name === vm.name && metadata.namespace === vm.namespace,
  );
  const live = vmi?.status?.conditions?.some(({ type, status }) => type === 'LiveMigratable' && status === 'True');
  if (vmi === undefined)
    throw new FerryError('FERRY_E_NOT_FOUND', `no VM ${vm.namespace}/${vm.name} runs`, 'Name it as NAMESPACE/NAME.');
  if (live !== true) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `VM ${vm.namespace}/${vm.name} can’t be migrated live, so it proves nothing`,
      'Name another; `ferry check -A` says which can.',
    );
  }
  return vm;
}
