import type { KubeObject, PersistentVolumeClaim, Pod, ResourceQuota } from '../../model/objects.ts';
import { addAmounts, amountOf, amountsOf, isFinishedPod, type Resources, requestsOf } from '../../model/pods.ts';
import { formatQuantity, quantityOf } from '../../model/quantity.ts';
import type { ResourceName } from '../api/store.ts';
import { resources } from '../resources.ts';
import { cpuText } from './launcher-resources.ts';

// What objects count against a quota, by the quota's own names (kube-apiserver's quota evaluators).

/** Compute resources that every container has to state once a quota limits them. */
const STATED = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

interface Scope {
  scopeName: string;
  operator: string;
  values?: string[];
}

/** What a new or existing object counts: amounts (cpu in millicores, the rest in whole units) by quota name. */
export function usageOf(resource: ResourceName, object: KubeObject): Resources {
  const used: Resources = { [`count/${resource}`]: 1 };
  if (resource === resources.pods) return { ...used, ...podUsage(object) };
  if (resource === resources.claims) return { ...used, ...claimUsage(object) };
  // Objects that had a quota before there was count/.
  if (!resource.includes('.')) used[resource] = 1;
  return used;
}

function podUsage(pod: Pod): Resources {
  // A finished pod is only an object.
  if (isFinishedPod(pod)) return {};
  const used: Resources = { pods: 1 };
  for (const [name, amount] of Object.entries(requestsOf(pod))) {
    if (name === 'pods') continue;
    used[`requests.${name}`] = amount;
    // Extended resources have only the long name.
    if (!name.includes('/')) used[name] = amount;
  }
  for (const [name, amount] of Object.entries(limitsOf(pod))) used[`limits.${name}`] = amount;
  return used;
}

/** The sum of the containers' limits. Init containers run one after the other: the largest, if it is more. */
function limitsOf(pod: Pod): Resources {
  const total: Resources = {};
  for (const { resources: own } of pod.spec?.containers ?? []) addAmounts(total, amountsOf(own?.limits));
  for (const { resources: own } of pod.spec?.initContainers ?? []) {
    for (const [name, amount] of Object.entries(amountsOf(own?.limits))) {
      total[name] = Math.max(total[name] ?? 0, amount);
    }
  }
  return total;
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
  const scopes: Scope[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...((quota.spec?.scopeSelector?.matchExpressions ?? []) as Scope[]),
  ];
  if (scopes.length === 0) return true;
  return resource === resources.pods && scopes.every((scope) => isIn(scope, object as Pod));
}

function isIn({ scopeName, operator, values = [] }: Scope, { spec, status }: Pod): boolean {
  const terminating = spec?.activeDeadlineSeconds !== undefined;
  const stated = spec?.containers.some(({ resources: own }) =>
    [own?.requests, own?.limits].some((list) => list?.['cpu'] !== undefined || list?.['memory'] !== undefined),
  );
  const bestEffort = status?.qosClass === undefined ? stated !== true : status.qosClass === 'BestEffort';
  const priority = spec?.priorityClassName;
  switch (scopeName) {
    case 'Terminating':
      return terminating;
    case 'NotTerminating':
      return !terminating;
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'PriorityClass':
      if (operator === 'Exists') return priority !== undefined;
      if (operator === 'DoesNotExist') return priority === undefined;
      return priority !== undefined && values.includes(priority) === (operator === 'In');
    default:
      return false;
  }
}

/** Why a quota turns a pod down for what it does not state; undefined if it states all. */
export function unstated(hard: Record<string, string>, { spec }: Pod): string | undefined {
  const missing = STATED.filter((name) => name in hard).flatMap((name) => {
    const [part, resource] = name.includes('.') ? (name.split('.') as [string, string]) : ['requests', name];
    const without = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].filter(
      ({ resources: own }) =>
        (part === 'limits' ? own?.limits : (own?.requests ?? own?.limits))?.[resource] === undefined,
    );
    if (without.length === 0) return [];
    return [
      `${name} for: ${without
        .map((container) => container.name)
        .sort()
        .join(',')}`,
    ];
  });
  return missing.length === 0 ? undefined : `must specify ${missing.sort().join('; ')}`;
}

/** An amount as the quota's status shows it. */
export function amountText(name: string, amount: number): string {
  if (amount === 0) return '0';
  if (/(^|\.)cpu$/.test(name)) return cpuText(amount);
  const bytes = /(memory|storage|hugepages-.*)$/.test(name);
  return bytes ? formatQuantity(quantityOf(Math.ceil(amount))) : String(amount);
}

/** A quota's limit in the unit of `usageOf`. */
export function limitOf(name: string, limit: string): number {
  return amountOf(/(^|\.)cpu$/.test(name) ? 'cpu' : name, limit);
}
