import { same } from '../api/fields/compare.ts';
import { type PolicyRule, type Role, rbacResources } from '../api/rbac/rule.ts';
import type { Cluster, Controller } from '../cluster.ts';
import { matchesLabels } from './selectors.ts';

const { clusterRoles } = rbacResources;

/**
 * Fills the rules of ClusterRoles that are made of others: those whose labels they select, by name, no rule twice
 * (pkg/controller/clusterroleaggregation). Roles may be made of roles that are made of others: `admin` of `edit` of `view`.
 */
export function roleAggregation({ store }: Cluster): Controller {
  const fill = (role: Role): void => {
    const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
    const rules = new Map<string, PolicyRule>();
    // The listing is sorted by name.
    for (const part of store.listing<Role>(clusterRoles).items) {
      if (part.metadata.name === role.metadata.name) continue;
      if (!selectors.some((selector) => matchesLabels(selector, part.metadata.labels ?? {}))) continue;
      for (const rule of part.rules ?? []) rules.set(JSON.stringify(rule), rule);
    }
    const wanted = [...rules.values()];
    if (!same(wanted, role.rules ?? [])) store.update(clusterRoles, { ...role, rules: wanted });
  };
  const fillAll = (): void => {
    for (const { metadata } of store.listing<Role>(clusterRoles).items) {
      const role = store.get<Role>(clusterRoles, undefined, metadata.name);
      if (role?.aggregationRule !== undefined) fill(role);
    }
  };
  return {
    start: () => {
      // What is filled may be part of others: every change of a role is looked at, one's own too.
      store.subscribe(({ resource }) => {
        if (resource === clusterRoles) fillAll();
      });
      fillAll();
    },
  };
}
