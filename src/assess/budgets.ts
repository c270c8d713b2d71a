import { groupBy, perSnapshot } from '../model/memo.ts';
import type { Pod, PodDisruptionBudget } from '../model/objects.ts';
import { matchesSelector } from '../model/selectors.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';

// Budgets that KubeVirt makes itself until v1.5, one for each VMI: they make a drain wait for the migration, and no longer.
const KUBEVIRTS = 'kubevirt-disruption-budget-';

const exhausted = perSnapshot((snapshot: Snapshot) =>
  groupBy(
    itemsOf(snapshot.lists.disruptionBudgets).filter(
      ({ metadata, status }) => !metadata.name.startsWith(KUBEVIRTS) && status?.disruptionsAllowed === 0,
    ),
    ({ metadata }) => metadata.namespace,
  ),
);

/** A PodDisruptionBudget that lets the pod not be evicted at the moment: the API server answers 429, and a drain tries again. */
export function budgetAgainst(pod: Pod, snapshot: Snapshot): PodDisruptionBudget | undefined {
  return exhausted(snapshot)
    .get(pod.metadata.namespace ?? '')
    ?.find(({ spec }) => matchesSelector(pod.metadata.labels ?? {}, spec?.selector));
}
