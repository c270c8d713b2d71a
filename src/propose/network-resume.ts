import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { carryOut } from '../network/apply.ts';
import { changesOf } from '../network/design.ts';
import type { NetworkOutcome } from '../network/events.ts';
import type { Journal, JournalStore } from '../network/journal.ts';
import { rehearseUndo, rehearseWrites } from '../network/rehearse.ts';
import { requireNetworkRights } from '../network/rights.ts';
import { holderOf } from '../network/site.ts';
import type { Context } from '../network/wait.ts';
import type { Draft, Prepared } from './draft.ts';
import {
  asRemoval,
  doneOf,
  following,
  journalPremises,
  type NetworkWords,
  rolloutEffect,
  whileMigratingError,
} from './network.ts';
import { buildObjects, networksIn, recordOf, undoObjects } from './network-objects.ts';

export interface ResumeRequest {
  whileMigrating: boolean;
  words: NetworkWords;
}

/** An unfinished run that is to be gone on with, forward or back. */
export interface DecidedResume {
  journal: Journal;
  draft: Draft;
}

/** Throws FERRY_E_NOT_FOUND if no run is unfinished. */
export function requireUnfinished(found: JournalStore | undefined): JournalStore {
  if (found !== undefined && found.journal.state !== 'applied') return found;
  throw new FerryError(
    'FERRY_E_NOT_FOUND',
    'no run of `network apply` is unfinished',
    'There is nothing to go on with.',
  );
}

/** Decides on going on with an unfinished run. Pure. Throws FERRY_E_REFUSED while migrations run. */
export function decideResume(snapshot: Snapshot, found: Journal, request: ResumeRequest): DecidedResume {
  const { state, begun, done, namespace, nodes } = found;
  const isBuilding = state === 'applying';
  const objection = isBuilding && !begun.includes('setting') ? whileMigratingError(snapshot, request) : undefined;
  if (objection !== undefined) throw objection;
  const replaces = isBuilding ? !done.includes('rollout') : begun.includes('setting');
  const effect = [
    `whoever is still at work on run ${found.run} stops: one goes on with it at a time`,
    ...(replaces ? rolloutEffect(snapshot, nodes) : []),
    ...(isBuilding ? ['a step that fails takes everything back'] : []),
  ];
  const draft: Draft = {
    summary: summaryOf(found),
    objects: objectsOf(snapshot, found, namespace),
    findings: [],
    effect,
    premises: { ...journalPremises(found), setting: holderOf(snapshot)?.value ?? null },
  };
  return { journal: found, draft };
}

function objectsOf(snapshot: Snapshot, journal: Journal, namespace: string): Draft['objects'] {
  if (journal.state === 'undoing') return [...undoObjects(snapshot, journal), recordOf(namespace, 'delete')];
  const { policy, attachment, vm, done } = journal;
  const setting = { ...journal.setting, value: holderOf(snapshot)?.value };
  const changes = changesOf(snapshot, policy, attachment, setting);
  const proof = done.includes('migration') ? undefined : vm;
  return [recordOf(namespace, 'patch'), ...buildObjects({ policy, attachment, setting, changes }, proof)];
}

function summaryOf({ run, state, attachment, nodes, done }: Journal): string {
  const network = `${attachment.metadata.namespace ?? ''}/${attachment.metadata.name}`;
  if (state === 'undoing') return `Go on taking migration network ${network} back (run ${run}).`;
  return `Go on building migration network ${network} on ${nodes.length} nodes (run ${run}; done so far: ${done.join(', ') || 'nothing'}).`;
}

/** The same as a write that can be confirmed. Throws as decideResume does. */
export function preparedResume(
  client: KubeClient,
  store: JournalStore | undefined,
  request: ResumeRequest,
  snapshot: Snapshot,
): Prepared {
  const found = requireUnfinished(store);
  const { journal } = found;
  const { draft } = decideResume(snapshot, journal, request);
  return {
    draft,
    rehearse: async (signal) => {
      await requireNetworkRights(client, journal.setting, journal.namespace, journal.vm);
      if (journal.state === 'undoing') await rehearseUndo(client, journal, networksIn(snapshot), signal);
      else await rehearseWrites(client, journal, signal);
    },
    carryOut: async (how) => doneOf(await resumeRun(following(client, how), found), request.words),
  };
}

/** Goes on with a run. Taking back what nothing made necessary is a removal. */
export async function resumeRun(context: Context, store: JournalStore): Promise<NetworkOutcome> {
  const { state, why } = store.journal;
  const outcome = await carryOut(context, store);
  return state === 'undoing' && why === undefined ? asRemoval(outcome) : outcome;
}
