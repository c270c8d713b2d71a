import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { type Migration, migrationsOf } from '../model/migrations.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { eventLine, exitOf, type NetworkOutcome } from '../network/events.ts';
import { findJournal, type Journal, type JournalStore } from '../network/journal.ts';
import { installNamespace } from '../network/site.ts';
import type { Context } from '../network/wait.ts';
import type { Done, Following } from './draft.ts';

// What building, resuming and removing a migration network share.

/** What a face's user says to go on. */
export interface NetworkWords {
  resume: string;
  remove: string;
  whileMigrating: string;
}

/** The run that is unfinished, or the network that Ferry built; undefined: neither. */
export function readRun(
  client: KubeClient,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<JournalStore | undefined> {
  return findJournal(client, installNamespace(snapshot) ?? '', { signal });
}

/** A run is in the way of another one. */
export function besideRun({ state, run, attachment }: Journal, words: NetworkWords): FerryError {
  if (state === 'applied') {
    return new FerryError(
      'FERRY_E_REFUSED',
      `Ferry has built migration network ${attachment.metadata.name} already, and this plan is another`,
      `Take that one away first: ${words.remove}.`,
    );
  }
  return new FerryError(
    'FERRY_E_REFUSED',
    `run ${run} of \`network apply\` is unfinished`,
    `Go on with it: ${words.resume}. Take it back: ${words.remove}.`,
  );
}

/**
 * Migrations that run while virt-handlers are replaced may fail: one end is on the network, the other is not
 * (facts/kubevirt.md D7). Undefined: none does, or it was said that it may be.
 */
export function whileMigratingError(
  snapshot: Snapshot,
  { whileMigrating, words }: { whileMigrating: boolean; words: NetworkWords },
): FerryError | undefined {
  if (whileMigrating) return undefined;
  if (!snapshot.lists.migrations.known) {
    return new FerryError(
      'FERRY_E_REFUSED',
      `it is not known whether migrations are under way (${snapshot.lists.migrations.message}); those that run while virt-handler is replaced can fail`,
      `Get the right to list virtualmachineinstancemigrations.kubevirt.io, or say ${words.whileMigrating}.`,
    );
  }
  const { unfinished } = migrationsOf(snapshot);
  if (unfinished.length === 0) return undefined;
  return new FerryError(
    'FERRY_E_REFUSED',
    `${unfinished.length} ${unfinished.length === 1 ? 'migration is' : 'migrations are'} not finished (${named(unfinished)}); those that run while virt-handler is replaced can fail`,
    `Wait until they are done, or say ${words.whileMigrating}.`,
  );
}

function named(unfinished: readonly Migration[]): string {
  const some = unfinished.slice(0, 3).map(({ namespace, vmi }) => `${namespace}/${vmi}`);
  return `${some.join(', ')}${unfinished.length > 3 ? ` and ${unfinished.length - 3} more` : ''}`;
}

/** What happens to virt-handlers and to migrations while they are replaced, a sentence each. */
export function rolloutEffect(snapshot: Snapshot, nodes: readonly string[]): string[] {
  const { unfinished } = migrationsOf(snapshot);
  return [
    `virt-operator replaces every virt-handler, ${nodes.length} in all; VMs go on running, and while a node's virt-handler is replaced no VM migrates to or from that node`,
    unfinished.length === 0
      ? 'no migration is under way now'
      : `${unfinished.length} ${unfinished.length === 1 ? 'migration is' : 'migrations are'} under way (${named(unfinished)}) and can fail`,
  ];
}

/** A VM, as a face's user named it, and its uid. Throws FERRY_E_NOT_FOUND, and FERRY_E_REFUSED if it can't be migrated live. */
export function canaryVm(
  snapshot: Snapshot,
  { namespace, name }: { namespace: string; name: string },
): { vm: { namespace: string; name: string }; uid: string } {
  const vmi = itemsOf(snapshot.lists.virtualMachineInstances).find(
    ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
  );
  const live = vmi?.status?.conditions?.some(({ type, status }) => type === 'LiveMigratable' && status === 'True');
  if (vmi === undefined)
    throw new FerryError('FERRY_E_NOT_FOUND', `no VM ${namespace}/${name} runs`, 'Name it as NAMESPACE/NAME.');
  if (live !== true) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `VM ${namespace}/${name} can’t be migrated live, so it proves nothing`,
      'Name another; `ferry check -A` says which can.',
    );
  }
  return { vm: { namespace, name }, uid: vmi.metadata.uid ?? '' };
}

/** `NAMESPACE/NAME`, or a NAME in the namespace that is meant then. */
export function vmReference(text: string, namespace: string): { namespace: string; name: string } {
  const [first = '', second] = text.replace(/^vm\//, '').split('/');
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
}

/** How far a run came, as its journal tells: what the decision to go on with it or to take it back rests on. */
export function journalPremises(journal: Journal | undefined): Record<string, unknown> {
  if (journal === undefined) return { run: null };
  const { run, state, begun, done } = journal;
  return { run: { run, state, begun, done } };
}

export function following(client: KubeClient, { signal, tell }: Following): Context {
  return { client, signal, emit: (event) => tell(eventLine(event)) };
}

/** What was taken back because that was asked for, and not because something failed. */
export function asRemoval(outcome: NetworkOutcome): NetworkOutcome {
  if (outcome.outcome !== 'rolled-back') return outcome;
  const { failed: _, ...rest } = outcome;
  return { ...rest, outcome: 'removed' };
}

/** How a run ended, as proposals tell it. */
export function doneOf(outcome: NetworkOutcome, words: NetworkWords): Done {
  return { exit: exitOf(outcome), summary: summaryOf(outcome, words), details: { ...outcome } };
}

function summaryOf({ outcome, failed, left, handlers, migration }: NetworkOutcome, words: NetworkWords): string {
  const why = failed === undefined ? '' : `: ${failed.message}`;
  switch (outcome) {
    case 'applied': {
      const proof =
        migration === undefined
          ? ''
          : `; ${migration.vm} migrated over it from ${migration.from} to ${migration.to} (${migration.targetNodeAddress})`;
      return `the migration network is in use, with ${handlers.length} virt-handlers on it${proof}`;
    }
    case 'removed':
      return 'the migration network is gone';
    case 'rolled-back':
      return `failed${why}; everything was taken back, the cluster is as it was`;
    case 'interrupted':
      return `interrupted; nothing was undone. Go on: ${words.resume}. Take it back: ${words.remove}`;
    default:
      return `failed, and could not be taken back whole${why}. Left: ${left.join('; ') || 'nothing'}. Once what is in the way is gone: ${words.remove}`;
  }
}
