import type { KubeObject } from '../../../model/objects.ts';
import type { Attributes, Decision } from '../authorization.ts';
import type { User } from '../extension.ts';
import type { Store } from '../store.ts';
import { type Binding, type PolicyRule, type Role, rbacResources, ruleAllows, type Subject } from './rule.ts';

/** What users may do. */
export interface Rights {
  authorize: (attributes: Attributes) => Decision;
  /** Every rule that applies to a user in a namespace ('' or none: cluster-wide ones only), and what could not be resolved. */
  rulesFor: (user: User, namespace?: string) => { rules: PolicyRule[]; errors: string[] };
  /** The rules of a role that a binding in a namespace refers to; a string says why there are none. */
  rulesOf: (roleRef: Binding['roleRef'], namespace?: string) => PolicyRule[] | string;
}

/** Members may do everything, whatever the roles say: the API server asks nobody. */
export const MASTERS = 'system:masters';

/**
 * RBAC over the roles and bindings in a store, as Kubernetes's authorizer decides (plugin/pkg/auth/authorizer/rbac).
 * Bindings are indexed by their subjects, so that a request costs a few look-ups, however many bindings there are.
 */
export function rbac(store: Store): Rights {
  const index = bindingsBySubject(store);

  const rulesOf: Rights['rulesOf'] = ({ kind, name }, namespace) => {
    if (kind !== 'Role' && kind !== 'ClusterRole') return `unsupported role reference kind: ${JSON.stringify(kind)}`;
    const role =
      kind === 'ClusterRole'
        ? store.get<Role>(rbacResources.clusterRoles, undefined, name)
        : store.get<Role>(rbacResources.roles, namespace, name);
    return role === undefined
      ? `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`
      : (role.rules ?? []);
  };

  const authorize: Rights['authorize'] = (wanted) => {
    const { user } = wanted;
    if (user.groups.includes(MASTERS)) return { allowed: true };
    const errors: string[] = [];
    const namespace = 'path' in wanted ? undefined : wanted.namespace;
    for (const binding of index.of(user, namespace)) {
      const rules = rulesOf(binding.roleRef, binding.metadata.namespace);
      if (typeof rules === 'string') errors.push(rules);
      else if (rules.some((rule) => ruleAllows(rule, wanted))) {
        return { allowed: true, reason: `RBAC: allowed by ${describe(binding, user)}` };
      }
    }
    return errors.length === 0 ? { allowed: false } : { allowed: false, reason: `RBAC: ${aggregate(errors)}` };
  };

  return {
    authorize,
    rulesOf,
    rulesFor: (user, namespace) => {
      const bindings = [...index.of(user, namespace)].sort(byScopeAndName);
      const found = bindings.map(({ roleRef, metadata }) => rulesOf(roleRef, metadata.namespace));
      return {
        rules: found.flatMap((rules) => (typeof rules === 'string' ? [] : rules)),
        errors: found.filter((rules) => typeof rules === 'string'),
      };
    },
  };
}

/** As Go's errors.Aggregate prints: one as it is, several in brackets, none twice. */
export function aggregate(errors: readonly string[]): string {
  const different = [...new Set(errors)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

interface BindingIndex {
  /** The bindings that apply to a user, cluster-wide ones first; each once. */
  of(user: User, namespace: string | undefined): Set<Binding>;
}

function bindingsBySubject(store: Store): BindingIndex {
  const bySubject = new Map<string, Set<Binding>>();
  const change = (object: KubeObject, add: boolean): void => {
    const binding = object as Binding;
    const { namespace = '' } = binding.metadata;
    for (const subject of binding.subjects ?? []) {
      const key = `${namespace}|${principalOf(subject, namespace)}`;
      let under = bySubject.get(key);
      if (under === undefined) bySubject.set(key, (under = new Set()));
      if (add) under.add(binding);
      else under.delete(binding);
      if (under.size === 0) bySubject.delete(key);
    }
  };
  const { roleBindings, clusterRoleBindings } = rbacResources;
  for (const resource of [clusterRoleBindings, roleBindings])
    for (const binding of store.values(resource)) change(binding, true);
  store.subscribe(({ type, resource, object, previous }) => {
    if (resource !== roleBindings && resource !== clusterRoleBindings) return;
    if (previous !== undefined) change(previous, false);
    if (type !== 'DELETED') change(object, true);
  });
  return {
    of: (user, namespace) => {
      const principals = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
      const found = new Set<Binding>();
      for (const scope of namespace ? ['', namespace] : [''])
        for (const principal of principals)
          for (const binding of bySubject.get(`${scope}|${principal}`) ?? []) found.add(binding);
      return found;
    },
  };
}

/** A service account is a user of a certain name; one without a namespace is of the binding's. */
function principalOf({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind} ${name}`;
  const home = namespace || bindingNamespace;
  return home === '' ? '' : `User ${serviceAccountName(home, name)}`;
}

export function serviceAccountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** Groups of every service account of a namespace. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

function describe(binding: Binding, user: User): string {
  const { name, namespace } = binding.metadata;
  const subject = (binding.subjects ?? []).find((each) => applies(each, namespace ?? '', user));
  const who =
    subject?.kind === 'ServiceAccount'
      ? `${subject.name}/${subject.namespace || (namespace ?? '')}`
      : (subject?.name ?? '');
  const what =
    namespace === undefined
      ? `ClusterRoleBinding ${JSON.stringify(name)}`
      : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`;
  return `${what} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${subject?.kind ?? ''} ${JSON.stringify(who)}`;
}

function applies(subject: Subject, namespace: string, user: User): boolean {
  const principal = principalOf(subject, namespace);
  return principal === `User ${user.name}` || user.groups.some((group) => principal === `Group ${group}`);
}

function byScopeAndName(a: Binding, b: Binding): number {
  const key = ({ metadata }: Binding): string => `${metadata.namespace ?? ''}|${metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}
