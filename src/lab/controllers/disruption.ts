import type { Pod, PodDisruptionBudget } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { ApiError, type Cause, tooManyRequests } from '../api/status.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import { indexBy } from '../index-by.ts';
import { resources } from '../resources.ts';
import { conditionOf } from './conditions.ts';
import { matchesLabels } from './selectors.ts';
import { workqueue } from './workqueue.ts';

const CREATED_BY = 'kubevirt.io/created-by';
const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";
/** How long an eviction counts before its pod is seen to go (kube-controller-manager's DeletionTimeout), ms. */
const DELETION_TIMEOUT = 120_000;

/** Where a budget is looked for: by the VMI it protects, if it selects one, else by its namespace. */
function placeOf({ spec, metadata }: PodDisruptionBudget): string {
  const vmi = spec?.selector?.matchLabels?.[CREATED_BY];
  return vmi ?? `namespace/${metadata.namespace ?? ''}`;
}

function placesOf({ metadata }: Pod): string[] {
  const vmi = metadata.labels?.[CREATED_BY];
  const namespace = `namespace/${metadata.namespace ?? ''}`;
  return vmi === undefined ? [namespace] : [vmi, namespace];
}

function covers({ spec, metadata }: PodDisruptionBudget, pod: Pod): boolean {
  return pod.metadata.namespace === metadata.namespace && matchesLabels(spec?.selector, pod.metadata.labels ?? {});
}

function coveredBy(cluster: Cluster, budget: PodDisruptionBudget): Pod[] {
  const vmi = budget.spec?.selector?.matchLabels?.[CREATED_BY];
  const some =
    vmi === undefined ? cluster.store.list<Pod>(resources.pods, budget.metadata.namespace) : cluster.podsOf.get(vmi);
  return some.filter((pod) => covers(budget, pod));
}

/** Pods that must stay healthy: minAvailable, or what maxUnavailable leaves; percentages are rounded up. */
function desiredOf({ spec }: PodDisruptionBudget, expected: number): number {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const amount = (value: string | number): number =>
    typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((expected * Number.parseFloat(value)) / 100)
      : Number(value);
  if (minAvailable !== undefined) return amount(minAvailable);
  return maxUnavailable === undefined ? 0 : Math.max(0, expected - amount(maxUnavailable));
}

/**
 * kube-controller-manager's disruption controller: a budget's status, from the pods it covers. How many pods are
 * expected is how many there are: percentages of a workload's replicas are taken of its pods.
 */
export function disruption(cluster: Cluster): Controller {
  const { store } = cluster;
  const resource = resources.disruptionBudgets;
  const budgets = indexBy<PodDisruptionBudget>(store, resource, placeOf);
  const queue = workqueue(cluster, 'disruption', { from: 5, to: 30 }, (key) => {
    const budget = byKey<PodDisruptionBudget>(cluster, resource, key);
    return budget === undefined ? undefined : sync(budget);
  });

  function sync(budget: PodDisruptionBudget): { afterMs: number; background: boolean } | undefined {
    const pods = coveredBy(cluster, budget);
    if (pods.length === 0) {
      cluster.events.normal(budget, { component: 'controllermanager' }, 'NoPods', 'No matching pods found');
    }
    const alive = new Map(
      pods.filter((pod) => pod.metadata.deletionTimestamp === undefined).map((pod) => [pod.metadata.name, pod]),
    );
    // Evicted pods count as gone until they are, or until it takes too long.
    const disrupted = Object.entries(budget.status?.disruptedPods ?? {}).filter(
      ([name, time]) => alive.has(name) && Date.parse(time) + DELETION_TIMEOUT > cluster.clock.now(),
    );
    for (const [name] of disrupted) alive.delete(name);
    const currentHealthy = [...alive.values()].filter(isReadyPod).length;
    const expectedPods = pods.length;
    const desiredHealthy = desiredOf(budget, expectedPods);
    const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const observedGeneration = budget.metadata.generation ?? 1;
    const allowed = disruptionsAllowed > 0 ? 'True' : 'False';
    const before = conditionOf(budget.status?.conditions, 'DisruptionAllowed');
    modify<PodDisruptionBudget>(cluster, resource, budget, (draft) => {
      draft.status = {
        conditions: [
          {
            type: 'DisruptionAllowed',
            status: allowed,
            reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
            message: '',
            lastTransitionTime: before?.status === allowed ? (before.lastTransitionTime ?? now(cluster)) : now(cluster),
            observedGeneration,
          },
        ],
        currentHealthy,
        desiredHealthy,
        ...(disrupted.length === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }),
        disruptionsAllowed,
        expectedPods,
        observedGeneration,
      };
    });
    return disrupted.length === 0 ? undefined : { afterMs: DELETION_TIMEOUT, background: true };
  }

  return {
    start: () => {
      for (const budget of store.list<PodDisruptionBudget>(resource)) sync(budget);
      store.subscribe((event) => {
        if (event.resource === resource) queue.add(keyOf(event.object));
        if (event.resource !== resources.pods) return;
        const pod = event.object as Pod;
        for (const place of placesOf(pod)) {
          for (const budget of budgets.get(place)) if (covers(budget, pod)) queue.add(keyOf(budget));
        }
      });
    },
  };
}

/**
 * What the eviction subresource does with budgets: throws 429 if one does not allow the pod to go, and counts it as gone
 * otherwise. Pods that are pending, finished or going are nobody's concern.
 */
export function spendBudget(cluster: Cluster, pod: Pod, dryRun: boolean): void {
  const phase = pod.status?.phase;
  if (phase !== 'Running' || pod.metadata.deletionTimestamp !== undefined) return;
  const [budget, another] = cluster.store
    .list<PodDisruptionBudget>(resources.disruptionBudgets, pod.metadata.namespace)
    .filter((each) => covers(each, pod));
  if (budget === undefined) return;
  if (another !== undefined) {
    throw new ApiError(
      500,
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const { status, metadata, spec } = budget;
  const { currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0 } = status ?? {};
  if (!isReadyPod(pod)) {
    const healthy = currentHealthy >= desiredHealthy && desiredHealthy > 0;
    if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' || healthy) return;
  }
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 1)) {
    throw refused(`The disruption budget ${metadata.name} is still being processed by the server.`, 10);
  }
  if (disruptionsAllowed === 0) {
    throw refused(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  }
  if (dryRun) return;
  modify<PodDisruptionBudget>(cluster, resources.disruptionBudgets, budget, (draft) => {
    const before = draft.status ?? { currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods: 0 };
    draft.status = {
      ...before,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...before.disruptedPods, [pod.metadata.name]: now(cluster) },
    };
  });
}

function refused(message: string, retryAfterSeconds?: number): ApiError {
  const causes: Cause[] = [{ reason: 'DisruptionBudget', message }];
  return tooManyRequests(REFUSED, { causes, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
}
