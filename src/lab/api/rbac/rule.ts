import type { KubeObject } from '../../../model/objects.ts';
import type { Attributes } from '../authorization.ts';

// Kubernetes's RBAC objects, and what a rule allows (pkg/apis/rbac/v1/evaluation_helpers.go).

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

export interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export interface Role extends KubeObject {
  rules?: PolicyRule[];
  /** Of a ClusterRole: the rules are those of the ClusterRoles with these labels. */
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] };
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface Subject {
  kind: string;
  name: string;
  apiGroup?: string;
  namespace?: string;
}

export interface Binding extends KubeObject {
  subjects?: Subject[];
  roleRef: { apiGroup?: string; kind: string; name: string };
}

/** The resources of the store that RBAC is made of. */
export const rbacResources = {
  roles: `roles.${RBAC_GROUP}`,
  clusterRoles: `clusterroles.${RBAC_GROUP}`,
  roleBindings: `rolebindings.${RBAC_GROUP}`,
  clusterRoleBindings: `clusterrolebindings.${RBAC_GROUP}`,
} as const;

/** Whether a rule allows what somebody wants to do. An asterisk stands for every verb, group, resource or path. */
export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!hasOr(rule.verbs, '*', wanted.verb)) return false;
  if ('path' in wanted) return (rule.nonResourceURLs ?? []).some((url) => pathMatches(url, wanted.path));
  return (
    hasOr(rule.apiGroups, '*', wanted.group) &&
    (rule.resources ?? []).some((resource) => resourceMatches(resource, wanted.resource, wanted.subresource ?? '')) &&
    (noNames(rule) || (rule.resourceNames ?? []).includes(wanted.name ?? ''))
  );
}

/** `pods/log` names a subresource, `*` everything, and an asterisk before a slash the subresource of any resource. */
function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  if (pattern === '*') return true;
  if (subresource === '') return pattern === resource;
  return pattern === `${resource}/${subresource}` || pattern === `*/${subresource}`;
}

/** Paths match exactly, or by prefix when the pattern ends with an asterisk. */
export function pathMatches(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));
}

export function noNames({ resourceNames }: PolicyRule): boolean {
  return resourceNames === undefined || resourceNames.length === 0;
}

function hasOr(values: string[] | undefined, all: string, value: string): boolean {
  return values !== undefined && (values.includes(all) || values.includes(value));
}
