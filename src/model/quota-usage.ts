import type { Pod, ResourceQuota } from './objects.ts';
import { addAmounts, amountOf, amountsOf, isFinishedPod, type Resources, requestsOf } from './pods.ts';

// What pods count against a quota, by the quota's own names (kube-apiserver's quota evaluators).

/** Compute resources that every container has to state once a quota limits them. */
const STATED = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

interface Scope {
  scopeName: string;
  operator: string;
  values?: string[];
}

/** The scopes of a quota; one without counts everything. */
function scopesOf({ spec }: ResourceQuota): Scope[] {
  return [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...((spec?.scopeSelector?.matchExpressions ?? []) as Scope[]),
  ];
}

export function hasScopes(quota: ResourceQuota): boolean {
  return scopesOf(quota).length > 0;
}

/** Whether a quota counts a pod at all: one with scopes counts only pods that are in all of them. */
export function countsPod(quota: ResourceQuota, pod: Pod): boolean {
  return scopesOf(quota).every((scope) => isIn(scope, pod));
}

/** What a pod counts: amounts (cpu in millicores, the rest in whole units) by quota name. */
export function podUsage(pod: Pod): Resources {
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

/** A quota's limit in the unit of `usageOf`. */
export function limitOf(name: string, limit: string): number {
  return amountOf(/(^|\.)cpu$/.test(name) ? 'cpu' : name, limit);
}
