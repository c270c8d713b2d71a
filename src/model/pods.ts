import { groupBy, perSnapshot } from './memo.ts';
import type { Pod } from './objects.ts';
import { bytesOf, milliOf } from './quantity.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';

/** Amounts by resource name, as the scheduler counts them: `cpu` in millicores, the rest in whole units (bytes, pods, devices). */
export type Resources = Record<string, number>;

export function isFinishedPod(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReadyPod(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    (pod.status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True')
  );
}

/** Amounts of a ResourceList. What isn't a quantity is left out: an API server stores none. */
export function amountsOf(list: Record<string, string | number> | undefined): Resources {
  const amounts: Resources = {};
  for (const name in list) {
    const text = list[name];
    if (text !== undefined) amounts[name] = amountOf(name, text);
  }
  return amounts;
}

/** One amount in the scheduler's unit. */
export function amountOf(resource: string, text: string | number): number {
  return resource === 'cpu' ? milliOf(text) : bytesOf(text);
}

/** Adds `amounts` to `total`, `sign` times. */
export function addAmounts(total: Resources, amounts: Resources, sign: 1 | -1 = 1): void {
  for (const name in amounts) total[name] = (total[name] ?? 0) + sign * (amounts[name] ?? 0);
}

function raise(total: Resources, amounts: Resources): void {
  for (const name in amounts) total[name] = Math.max(total[name] ?? 0, amounts[name] ?? 0);
}

const requests = new WeakMap<Pod, Resources>();

/**
 * What the scheduler reserves for a pod: the containers together with the sidecars (init containers that stay), or the
 * largest step of the initialization if that is more; requests of the pod as a whole win; plus the overhead; and one of
 * `pods`. (k8s.io/component-helpers/resource.PodRequests)
 */
export function requestsOf(pod: Pod): Resources {
  let total = requests.get(pod);
  if (total !== undefined) return total;
  total = {};
  for (const container of pod.spec?.containers ?? []) addAmounts(total, amountsOf(container.resources?.requests));
  if (pod.spec?.initContainers !== undefined) {
    const sidecars: Resources = {};
    const largest: Resources = {};
    for (const container of pod.spec.initContainers) {
      const own = amountsOf(container.resources?.requests);
      if (container.restartPolicy === 'Always') {
        addAmounts(total, own);
        addAmounts(sidecars, own);
        raise(largest, sidecars);
      } else {
        addAmounts(own, sidecars);
        raise(largest, own);
      }
    }
    raise(total, largest);
  }
  Object.assign(total, amountsOf(pod.spec?.resources?.requests));
  addAmounts(total, amountsOf(pod.spec?.overhead));
  total['pods'] = 1;
  requests.set(pod, total);
  return total;
}

/** The pods that hold resources, by the node they are bound to. */
export const podsByNode = perSnapshot(
  (snapshot: Snapshot): Map<string, Pod[]> =>
    groupBy(itemsOf(snapshot.lists.pods), (pod) => (isFinishedPod(pod) ? undefined : pod.spec?.nodeName || undefined)),
);
