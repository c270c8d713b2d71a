import type { KubeObject, Pod, ResourceQuota } from '../../model/objects.ts';
import { addAmounts, type Resources } from '../../model/pods.ts';
import { limitOf, unstated } from '../../model/quota-usage.ts';
import type { AdmissionRequest, Webhook } from '../api/extension.ts';
import { kindsOf } from '../api/kinds/index.ts';
import { resourceName } from '../api/kinds/kind.ts';
import { forbidden } from '../api/status.ts';
import type { ResourceName } from '../api/store.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { amountText, isCounted, usageOf } from './quota-usage.ts';
import { workqueue } from './workqueue.ts';

function quotasOf(cluster: Cluster, namespace: string | undefined): ResourceQuota[] {
  if (cluster.store.count(resources.resourceQuotas) === 0) return [];
  return cluster.store.list<ResourceQuota>(resources.resourceQuotas, namespace ?? '');
}

/** The resource whose objects a quota's name counts. */
function countedBy(name: string): ResourceName {
  if (name.startsWith('count/')) return name.slice('count/'.length);
  const storage = name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/');
  if (storage || name === resources.claims) return resources.claims;
  const plural = ['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services'].includes(name);
  return plural ? name : resources.pods;
}

/** What the objects that a quota counts use, by the quota's names. */
function usedOf(cluster: Cluster, quota: ResourceQuota): Resources {
  const hard = Object.keys(quota.spec?.hard ?? {});
  const used: Resources = {};
  for (const resource of new Set(hard.map(countedBy))) {
    for (const object of cluster.store.values(resource)) {
      if (object.metadata.namespace !== quota.metadata.namespace || !isCounted(quota, resource, object)) continue;
      addAmounts(used, usageOf(resource, object));
    }
  }
  return Object.fromEntries(hard.map((name) => [name, used[name] ?? 0]));
}

/** Why the ResourceQuota admission plugin would turn an object down, in its words; undefined if it would not. */
export function quotaExceeded(cluster: Cluster, pod: Pod): string | undefined {
  return exceededBy(cluster, resources.pods, pod);
}

/** The same of an object of any kind. */
export function exceededBy(cluster: Cluster, resource: ResourceName, object: KubeObject): string | undefined {
  const refused = (why: string): string => `${resource} "${object.metadata.name}" is forbidden: ${why}`;
  let asked: Resources | undefined;
  for (const quota of quotasOf(cluster, object.metadata.namespace)) {
    const hard = quota.spec?.hard ?? {};
    if (!isCounted(quota, resource, object)) continue;
    const missing = resource === resources.pods ? unstated(hard, object) : undefined;
    if (missing !== undefined) return refused(`failed quota: ${quota.metadata.name}: ${missing}`);
    asked ??= usageOf(resource, object);
    const names = Object.keys(hard).filter((name) => (asked?.[name] ?? 0) > 0);
    if (names.length === 0) continue;
    const used = usedOf(cluster, quota);
    const over = names
      .filter((name) => (used[name] ?? 0) + (asked?.[name] ?? 0) > limitOf(name, hard[name] ?? '0'))
      .sort();
    if (over.length === 0) continue;
    const list = (value: (name: string) => string): string => over.map((name) => `${name}=${value(name)}`).join(',');
    return refused(
      `exceeded quota: ${quota.metadata.name}, ` +
        `requested: ${list((name) => amountText(name, asked?.[name] ?? 0))}, ` +
        `used: ${list((name) => amountText(name, used[name] ?? 0))}, ` +
        `limited: ${list((name) => hard[name] ?? '')}`,
    );
  }
  return undefined;
}

/** The ResourceQuota admission plugin: what is created through the API has to fit, too. */
export function quotaAdmission(cluster: Cluster): Webhook[] {
  const check = ({ resource, object, subresource }: AdmissionRequest): void => {
    const refused = subresource === undefined ? exceededBy(cluster, resource, object) : undefined;
    if (refused !== undefined) {
      const [plural, group] = split(resource);
      throw forbidden(refused, { name: object.metadata.name, ...(group === undefined ? {} : { group }), kind: plural });
    }
  };
  return kindsOf(cluster.version)
    .filter(({ namespaced }) => namespaced)
    .map(
      (kind): Webhook => ({
        name: 'ResourceQuota',
        own: true,
        resource: resourceName(kind),
        operations: ['CREATE'],
        validate: check,
      }),
    );
}

function split(resource: ResourceName): [plural: string, group?: string] {
  const dot = resource.indexOf('.');
  return dot < 0 ? [resource] : [resource.slice(0, dot), resource.slice(dot + 1)];
}

/** kube-controller-manager's resourcequota controller: keeps status.used current. */
export function resourceQuota(cluster: Cluster): Controller {
  const { store } = cluster;
  const queue = workqueue(cluster, 'resourcequota', { from: 50, to: 200 }, (namespace) => {
    for (const quota of quotasOf(cluster, namespace)) {
      const used = usedOf(cluster, quota);
      modify<ResourceQuota>(cluster, resources.resourceQuotas, quota, (draft) => {
        draft.status = {
          hard: quota.spec?.hard ?? {},
          used: Object.fromEntries(Object.entries(used).map(([name, amount]) => [name, amountText(name, amount)])),
        };
      });
    }
    return undefined;
  });
  return {
    start: () => {
      for (const quota of store.values<ResourceQuota>(resources.resourceQuotas)) {
        queue.add(quota.metadata.namespace ?? '');
      }
      store.subscribe(({ resource, object, type }) => {
        if (object.metadata.namespace === undefined || store.count(resources.resourceQuotas) === 0) return;
        const counts = resource === resources.pods || resource === resources.claims || type !== 'MODIFIED';
        if (counts || resource === resources.resourceQuotas) queue.add(object.metadata.namespace);
      });
    },
  };
}
