import type { KubeObject, PersistentVolumeClaim, ResourceQuota } from '../../model/objects.ts';
import { amountOf, type Resources } from '../../model/pods.ts';
import { formatQuantity, quantityOf } from '../../model/quantity.ts';
import { countsPod, hasScopes, podUsage } from '../../model/quota-usage.ts';
import type { ResourceName } from '../api/store.ts';
import { resources } from '../resources.ts';
import { cpuText } from './launcher-resources.ts';

// What objects count against a quota, by the quota's own names (kube-apiserver's quota evaluators).

/** What a new or existing object counts: amounts (cpu in millicores, the rest in whole units) by quota name. */
export function usageOf(resource: ResourceName, object: KubeObject): Resources {
  const used: Resources = { [`count/${resource}`]: 1 };
  if (resource === resources.pods) return { ...used, ...podUsage(object) };
  if (resource === resources.claims) return { ...used, ...claimUsage(object) };
  // Objects that had a quota before there was count/.
  if (!resource.includes('.')) used[resource] = 1;
  return used;
}

function claimUsage({ spec }: PersistentVolumeClaim): Resources {
  const storage = amountOf('storage', spec?.resources?.requests?.['storage'] ?? '0');
  const used: Resources = { persistentvolumeclaims: 1, 'requests.storage': storage };
  const storageClass = spec?.storageClassName;
  if (storageClass) {
    used[`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`] = 1;
    used[`${storageClass}.storageclass.storage.k8s.io/requests.storage`] = storage;
  }
  return used;
}

/** Whether a quota counts an object at all: one with scopes counts only pods that are in all of them. */
export function isCounted(quota: ResourceQuota, resource: ResourceName, object: KubeObject): boolean {
  if (!hasScopes(quota)) return true;
  return resource === resources.pods && countsPod(quota, object);
}

/** An amount as the quota's status shows it. */
export function amountText(name: string, amount: number): string {
  if (amount === 0) return '0';
  if (/(^|\.)cpu$/.test(name)) return cpuText(amount);
  const bytes = /(memory|storage|hugepages-.*)$/.test(name);
  return bytes ? formatQuantity(quantityOf(Math.ceil(amount))) : String(amount);
}
