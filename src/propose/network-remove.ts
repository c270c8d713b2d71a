import { newRunId } from '../execute/run-id.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { byName, keyOf } from '../model/memo.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { beginRun, undoRun } from '../network/apply.ts';
import type { NetworkOutcome } from '../network/events.ts';
import type { Journal, JournalStore } from '../network/journal.ts';
import { rehearseUndo } from '../network/rehearse.ts';
import { type Removal, removalByObjects, removalOfRun } from '../network/remove.ts';
import { requireNetworkRights } from '../network/rights.ts';
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
import { reasons } from './network-build.ts';
import { networksIn, recordOf, undoObjects } from './network-objects.ts';

export interface RemoveRequest {
  whileMigrating: boolean;
  words: NetworkWords;
}

/** A migration network that is to be taken away, allowed or not. */
export interface DecidedRemoval {
  removal: Removal;
  /** Ferry has built it, or begun to: it knows what was there before. */
  isOurs: boolean;
  /** Of one that nothing uses: what else speaks against it now. */
  objection?: FerryError;
  draft: Draft;
}

/** Ferry did not build it: it does not know what was there before. */
export const NOT_OURS = 'Ferry did not build it: NICs keep the MTU they have, for what they had before is not known.';

/** Decides on taking a network away, whoever built it. Pure. Undefined where there is none. */
export function decideRemoval(
  snapshot: Snapshot,
  found: Journal | undefined,
  request: RemoveRequest,
): DecidedRemoval | undefined {
  const removal = found === undefined ? removalByObjects(snapshot, '') : removalOfRun(snapshot, found);
  if (removal === undefined) return undefined;
  const { journal, findings, refused } = removal;
  const { attachment, policy, namespace, begun, nodes } = journal;
  const replaces = begun.includes('setting');
  const objection = replaces && !refused ? whileMigratingError(snapshot, request) : undefined;
  const isOurs = found !== undefined;
  const { name, namespace: its = namespace } = attachment.metadata;
  const draft: Draft = {
    summary: `${found === undefined || found.state === 'applied' ? 'Take away' : 'Take back'} migration network ${its}/${name}.`,
    objects: [
      recordOf(namespace, isOurs ? 'patch' : 'create'),
      ...undoObjects(snapshot, journal),
      recordOf(namespace, 'delete'),
    ],
    findings: findings.filter(({ severity }) => severity !== 'info'),
    effect: [...removal.said, ...(replaces ? rolloutEffect(snapshot, nodes) : []), ...(isOurs ? [] : [NOT_OURS])],
    premises: {
      ...journalPremises(found),
      nodes,
      policy: byName(itemsOf(snapshot.lists.nodeNetworkPolicies)).get(policy.metadata.name)?.metadata.uid ?? null,
      network: byName(itemsOf(snapshot.lists.networkAttachments)).get(keyOf(its, name))?.metadata.uid ?? null,
    },
  };
  return { removal, isOurs, draft, ...(objection !== undefined && { objection }) };
}

/** Throws FERRY_E_REFUSED unless it can be taken away now; `hint` says what to do where it is in use. */
export function requireRemovable(
  { removal, objection }: DecidedRemoval,
  hint: (findings: Removal['findings']) => string,
): void {
  if (removal.refused) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      'the network is still in use; nothing was changed',
      hint(removal.findings.filter(({ severity }) => severity === 'blocker')),
    );
  }
  if (objection !== undefined) throw objection;
}

/** The same as a write that can be confirmed. Throws FERRY_E_NOT_FOUND without a network, FERRY_E_REFUSED unless it can be. */
export function preparedRemoval(
  client: KubeClient,
  store: JournalStore | undefined,
  request: RemoveRequest,
  snapshot: Snapshot,
): Prepared {
  const decided = decideRemoval(snapshot, store?.journal, request);
  if (decided === undefined) {
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      'no migration network is set, and none is being built',
      'There is nothing to remove.',
    );
  }
  requireRemovable(decided, reasons);
  const { journal } = decided.removal;
  return {
    draft: decided.draft,
    rehearse: async (signal) => {
      await requireNetworkRights(client, journal.setting, journal.namespace);
      await rehearseUndo(client, journal, networksIn(snapshot), signal);
    },
    carryOut: async (how) => doneOf(await removeNetwork(following(client, how), store, journal), request.words),
  };
}

/** Takes a network away: going on with Ferry's own record of it, or beginning one. */
export async function removeNetwork(
  context: Context,
  found: JournalStore | undefined,
  journal: Journal,
): Promise<NetworkOutcome> {
  const { signal } = context;
  const store = found ?? (await beginRun(context, { ...journal, run: newRunId() }));
  if (store.journal.state !== 'undoing') await store.save({ ...journal, state: 'undoing' }, { signal });
  return asRemoval(await undoRun(context, store));
}
