import type { Pod, ResourceQuota } from '../../model/objects.ts';
import { addAmounts, amountOf, isFinishedPod, type Resources, requestsOf } from '../../model/pods.ts';
import { formatQuantity, quantityOf } from '../../model/quantity.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { cpuText } from './launcher-resources.ts';
import { workqueue } from './workqueue.ts';

/** Quota names that mean the same request. */
const NAMES: Record<string, string> = { 'requests.cpu': 'cpu', 'requests.memory': 'memory', 'count/pods': 'pods' };

function requestName(name: string): string {
  return NAMES[name] ?? name.replace(/^requests\./, '');
}

function usedIn(cluster: Cluster, namespace: string): Resources {
  const used: Resources = {};
  for (const pod of cluster.store.values<Pod>(resources.pods)) {
    if (pod.metadata.namespace === namespace && !isFinishedPod(pod)) addAmounts(used, requestsOf(pod));
  }
  return used;
}

function text(resource: string, amount: number): string {
  if (resource === 'cpu') return cpuText(amount);
  return resource === 'memory' ? formatQuantity(quantityOf(amount)) : String(amount);
}

function quotasOf(cluster: Cluster, namespace: string | undefined): ResourceQuota[] {
  if (cluster.store.count(resources.resourceQuotas) === 0) return [];
  return cluster.store.list<ResourceQuota>(resources.resourceQuotas, namespace ?? '');
}

/** Why the ResourceQuota admission plugin would turn a pod down, in its words; undefined if it would not. */
export function quotaExceeded(cluster: Cluster, pod: Pod): string | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const quotas = quotasOf(cluster, namespace);
  if (quotas.length === 0) return undefined;
  const used = usedIn(cluster, namespace);
  const asked = requestsOf(pod);
  for (const quota of quotas) {
    const over = Object.entries(quota.spec?.hard ?? {}).filter(([name, limit]) => {
      const request = requestName(name);
      return request in asked && (used[request] ?? 0) + (asked[request] ?? 0) > amountOf(request, limit);
    });
    if (over.length === 0) continue;
    const list = (value: (request: string, limit: string) => string): string =>
      over.map(([name, limit]) => `${name}=${value(requestName(name), limit)}`).join(',');
    return (
      `pods "${pod.metadata.name}" is forbidden: exceeded quota: ${quota.metadata.name}, ` +
      `requested: ${list((request) => text(request, asked[request] ?? 0))}, ` +
      `used: ${list((request) => text(request, used[request] ?? 0))}, ` +
      `limited: ${list((_, limit) => limit)}`
    );
  }
  return undefined;
}

/** kube-controller-manager's resourcequota controller: keeps status.used current. */
export function resourceQuota(cluster: Cluster): Controller {
  const { store } = cluster;
  const queue = workqueue(cluster, 'resourcequota', { from: 50, to: 200 }, (namespace) => {
    const used = usedIn(cluster, namespace);
    for (const quota of quotasOf(cluster, namespace)) {
      const hard = quota.spec?.hard ?? {};
      modify<ResourceQuota>(cluster, resources.resourceQuotas, quota, (draft) => {
        draft.status = {
          hard,
          used: Object.fromEntries(
            Object.keys(hard).map((name) => [name, text(requestName(name), used[requestName(name)] ?? 0)]),
          ),
        };
      });
    }
    return undefined;
  });
  return {
    start: () => {
      for (const quota of store.values<ResourceQuota>(resources.resourceQuotas))
        queue.add(quota.metadata.namespace ?? '');
      store.subscribe(({ resource, object }) => {
        if (resource !== resources.pods && resource !== resources.resourceQuotas) return;
        if (store.count(resources.resourceQuotas) > 0) queue.add(object.metadata.namespace ?? '');
      });
    },
  };
}
