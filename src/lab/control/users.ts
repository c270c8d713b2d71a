import { randomBytes } from 'node:crypto';
import type { OwnPath } from '../api/extension.ts';
import { type Binding, RBAC_GROUP, type Role, rbacResources } from '../api/rbac/rule.ts';
import { isObject } from '../api/schema/structural.ts';
import { badRequest } from '../api/status.ts';
import type { TokenBook } from '../api/token-book.ts';
import type { Cluster } from '../cluster.ts';
import type { KubeconfigUser } from '../kubeconfig.ts';
import { resources } from '../resources.ts';

/** Who is let in, and how they find the lab. */
export interface Access {
  tokens: TokenBook;
  kubeconfigOf: (user: KubeconfigUser) => string;
}

interface UserOrder {
  name: string;
  /** ClusterRoles; none: the user may do what everybody may. */
  roles: string[];
  groups: string[];
  /** Where the roles hold; undefined: in the whole cluster. */
  namespace: string | undefined;
}

/** POST users {name, roles, groups, namespace}: a user with a token and roles; answers their kubeconfig. */
export function labUsers(cluster: Cluster, { tokens, kubeconfigOf }: Access): OwnPath {
  return {
    path: 'users',
    methods: ['POST'],
    handle: ({ body }) => {
      const order = orderOf(body);
      check(cluster, order);
      for (const role of order.roles) bind(cluster, order, role);
      const { name, groups, namespace } = order;
      const token = randomBytes(24).toString('base64url');
      tokens.add(token, { name, groups });
      const kubeconfig = kubeconfigOf({ name, token, ...(namespace === undefined ? {} : { namespace }) });
      return { status: 201, body: { name, kubeconfig } };
    },
  };
}

function orderOf(body: unknown): UserOrder {
  const given = isObject(body) ? body : {};
  const strings = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  const { name, namespace } = given;
  if (typeof name !== 'string' || !/^[A-Za-z0-9]([\w.@-]*[A-Za-z0-9])?$/.test(name)) {
    throw badRequest('a user has a name of letters, digits and .-_@');
  }
  return {
    name,
    roles: strings(given['roles']),
    groups: strings(given['groups']),
    namespace: typeof namespace === 'string' ? namespace : undefined,
  };
}

function check({ store }: Cluster, { roles, namespace }: UserOrder): void {
  if (namespace !== undefined && store.get(resources.namespaces, undefined, namespace) === undefined) {
    throw badRequest(`there is no namespace ${namespace}`);
  }
  const unknown = roles.find((role) => store.get(rbacResources.clusterRoles, undefined, role) === undefined);
  if (unknown === undefined) return;
  const names = store.list<Role>(rbacResources.clusterRoles).map(({ metadata }) => metadata.name);
  const usual = names.filter((name) => !name.startsWith('system:'));
  throw badRequest(`there is no ClusterRole ${unknown}; there are ${usual.join(', ')}`);
}

function bind({ store }: Cluster, { name, namespace }: UserOrder, role: string): void {
  const resource = namespace === undefined ? rbacResources.clusterRoleBindings : rbacResources.roleBindings;
  const binding = `ferry-lab:${name}:${role}`;
  if (store.get(resource, namespace, binding) !== undefined) return;
  store.create<Binding>(resource, {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: binding, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: RBAC_GROUP, kind: 'User', name }],
  });
}
