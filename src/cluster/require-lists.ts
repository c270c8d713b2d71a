import type { Access } from '../kube/errors.ts';
import { FerryError } from '../model/errors.ts';
import type { Snapshot, SnapshotList } from '../model/snapshot.ts';
import { forbidden } from './explain.ts';

/** Fails as the LISTs did, if lists that the command can't do without are not known. */
export function requireLists(snapshot: Snapshot, lists: readonly SnapshotList[], namespace: string | undefined): void {
  const unknown = lists.flatMap((list) => {
    const listing = snapshot.lists[list];
    return listing.known ? [] : [{ list, ...listing }];
  });
  const missing = unknown.flatMap(({ rule }): Access[] => {
    if (rule === undefined) return [];
    const { apiGroup: group, resource, verb } = rule;
    return [{ verb, group, resource, ...(namespace !== undefined && { namespace }) }];
  });
  const [first, ...more] = missing;
  if (first !== undefined) throw forbidden(first, ...more);
  const [failed] = unknown;
  if (failed === undefined) return;
  throw new FerryError('FERRY_E_API', `the ${failed.list} are not known: ${failed.message}`, 'Read the cluster again.');
}

/**
 * Fails unless it is known who owns the settings: where a HyperConverged is there but may not be seen, what is written
 * into the KubeVirt would be taken back by its operator.
 */
export function requireOwnerKnown(snapshot: Snapshot): void {
  const { hyperConvergeds } = snapshot.lists;
  const isKnown = hyperConvergeds.known || hyperConvergeds.why === 'missing';
  requireLists(snapshot, isKnown ? ['kubeVirts'] : ['kubeVirts', 'hyperConvergeds'], undefined);
}
