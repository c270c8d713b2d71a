import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../model/objects.ts';
import { Clock } from '../../clock.ts';
import { random } from '../../random.ts';
import type { Attributes } from '../authorization.ts';
import type { User } from '../extension.ts';
import { Store } from '../store.ts';
import { clusterRole } from './bootstrap.ts';
import { type Rights, rbac } from './rights.ts';
import { type Binding, type PolicyRule, type Role, rbacResources, type Subject } from './rule.ts';

const user = (name: string, ...groups: string[]): User => ({ name, groups });
const on = (verb: string, what: string, more: Partial<Extract<Attributes, { group: string }>> = {}): Attributes => {
  const [resource = '', subresource] = what.split('/');
  return {
    user: user('eve'),
    verb,
    group: '',
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...more,
  };
};
const rule = (verbs: string[], resources: string[], more: PolicyRule = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...more,
});
interface World {
  store: Store;
  rights: Rights;
}

function world(): World {
  const clock = new Clock(0);
  const store = new Store(clock, random('rights'));
  return { store, rights: rbac(store) };
}

function role(name: string, rules: PolicyRule[], namespace?: string): Role {
  return namespace === undefined
    ? clusterRole(name, rules, 0)
    : { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace }, rules };
}

function binding(name: string, to: Subject[], roleName: string, namespace?: string, kind = 'ClusterRole'): Binding {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName },
    subjects: to,
  };
}

function put({ store }: World, object: KubeObject): KubeObject {
  return store.create(`${object.kind.toLowerCase()}s.rbac.authorization.k8s.io`, object);
}

const pods = [rule(['list'], ['pods'])];
const in_ = (namespace: string, name: string, ...groups: string[]): Attributes =>
  on('list', 'pods', { namespace, user: user(name, ...groups) });

describe('who is bound', () => {
  test.each<[string, Subject, Attributes, string | undefined]>([
    ['a user', { kind: 'User', name: 'eve' }, in_('vms', 'eve'), 'User "eve"'],
    ['a group', { kind: 'Group', name: 'ops' }, in_('vms', 'eve', 'ops'), 'Group "ops"'],
    ['not a user who is called as the group', { kind: 'Group', name: 'eve' }, in_('vms', 'eve'), undefined],
    [
      'a service account',
      { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
      in_('vms', 'system:serviceaccount:ci:bot'),
      'ServiceAccount "bot/ci"',
    ],
    [
      'a service account of the binding’s namespace, if it names none',
      { kind: 'ServiceAccount', name: 'bot' },
      in_('vms', 'system:serviceaccount:vms:bot'),
      'ServiceAccount "bot/vms"',
    ],
    [
      'not the one of the same name elsewhere',
      { kind: 'ServiceAccount', name: 'bot' },
      in_('vms', 'system:serviceaccount:ci:bot'),
      undefined,
    ],
    ['not elsewhere than in the namespace', { kind: 'User', name: 'eve' }, in_('shop', 'eve'), undefined],
    ['not in the cluster', { kind: 'User', name: 'eve' }, on('list', 'pods', { user: user('eve') }), undefined],
  ])('by a RoleBinding: %s', (_, subject, wanted, to) => {
    const w = world();
    put(w, role('see', pods));
    put(w, binding('b', [{ kind: 'User', name: 'other' }, subject], 'see', 'vms'));
    expect(w.rights.authorize(wanted)).toEqual(
      to === undefined
        ? { allowed: false }
        : { allowed: true, reason: `RBAC: allowed by RoleBinding "b/vms" of ClusterRole "see" to ${to}` },
    );
  });

  test('by a ClusterRoleBinding: everywhere, until it is gone', () => {
    const w = world();
    put(w, role('see', pods));
    put(w, binding('b', [{ kind: 'Group', name: 'ops' }], 'see'));
    const allowed = {
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "see" to Group "ops"',
    };
    expect(w.rights.authorize(in_('vms', 'eve', 'ops'))).toEqual(allowed);
    expect(w.rights.authorize(on('list', 'pods', { user: user('eve', 'ops') }))).toEqual(allowed);
    w.store.delete(rbacResources.clusterRoleBindings, undefined, 'b');
    expect(w.rights.authorize(in_('vms', 'eve', 'ops'))).toEqual({ allowed: false });
  });

  test('a Role is that of the binding’s namespace', () => {
    const w = world();
    put(w, role('see', pods, 'vms'));
    put(w, binding('b', [{ kind: 'User', name: 'eve' }], 'see', 'vms', 'Role'));
    put(w, binding('b', [{ kind: 'User', name: 'eve' }], 'see', 'shop', 'Role'));
    expect(w.rights.authorize(in_('vms', 'eve')).allowed).toBe(true);
    expect(w.rights.authorize(in_('shop', 'eve'))).toEqual({
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "see" not found',
    });
  });

  test('masters may do everything; roles that are gone are told', () => {
    const w = world();
    expect(w.rights.authorize(in_('vms', 'root', 'system:masters'))).toEqual({ allowed: true });
    for (const name of ['a', 'b']) put(w, binding(name, [{ kind: 'User', name: 'eve' }], name));
    expect(w.rights.authorize(in_('vms', 'eve')).reason).toBe(
      'RBAC: [clusterrole.rbac.authorization.k8s.io "a" not found, clusterrole.rbac.authorization.k8s.io "b" not found]',
    );
  });
});

// A second evaluator, written from RBAC's documentation and sharing nothing: it looks at every binding each time.
function naively({ store }: World, wanted: Attributes): boolean {
  const rolesAndBindings = [
    ...store.list<Binding>(rbacResources.clusterRoleBindings),
    ...store.list<Binding>(rbacResources.roleBindings),
  ];
  return rolesAndBindings.some(({ metadata: { namespace }, roleRef, subjects = [] }) => {
    if (namespace !== undefined && ('path' in wanted || namespace !== wanted.namespace)) return false;
    const bound = subjects.some((subject) => {
      if (subject.kind === 'Group') return wanted.user.groups.some((group) => group === subject.name);
      if (subject.kind === 'User') return wanted.user.name === subject.name;
      const home = subject.namespace ?? namespace;
      return home !== undefined && wanted.user.name === ['system', 'serviceaccount', home, subject.name].join(':');
    });
    if (!bound) return false;
    const found = [...store.list<Role>(rbacResources.clusterRoles), ...store.list<Role>(rbacResources.roles)].find(
      ({ kind, metadata }) =>
        kind === roleRef.kind &&
        metadata.name === roleRef.name &&
        (kind === 'ClusterRole' || metadata.namespace === namespace),
    );
    return (found?.rules ?? []).some((each) => {
      const verb = each.verbs?.some((one) => one === wanted.verb || one === '*') ?? false;
      if ('path' in wanted) {
        const pattern = (url: string): RegExp =>
          new RegExp(`^${url.replaceAll(/[.?+^$]/g, '\\$&').replace(/\*$/, '.*')}$`);
        return verb && (each.nonResourceURLs ?? []).some((url) => pattern(url).test(wanted.path));
      }
      const full = wanted.subresource === undefined ? wanted.resource : `${wanted.resource}/${wanted.subresource}`;
      const names = ['*', full, ...(wanted.subresource === undefined ? [] : [`*/${wanted.subresource}`])];
      return (
        verb &&
        (each.apiGroups ?? []).some((group) => ['*', wanted.group].includes(group)) &&
        (each.resources ?? []).some((resource) => names.includes(resource)) &&
        (!each.resourceNames?.length || (wanted.name !== undefined && each.resourceNames.includes(wanted.name)))
      );
    });
  });
}

describe('the index', () => {
  const of = fc.constantFrom;
  const some = <T>(...values: T[]): fc.Arbitrary<T[]> => fc.subarray(values);
  const names = ['a', 'b', 'c'];
  const namespaces = ['n', 'm'];
  const verbs = ['get', 'list', '*'];
  const optional = <T>(values: T[]): fc.Arbitrary<T | undefined> => fc.option(of(...values), { nil: undefined });
  const anyRule = fc.oneof(
    fc.record({
      verbs: some(...verbs),
      apiGroups: some('', 'kubevirt.io', '*'),
      resources: some('pods', 'pods/log', '*/log', '*', 'nodes'),
      resourceNames: some('x', 'y'),
    }),
    fc.record({ verbs: some(...verbs), nonResourceURLs: some('/a', '/a/*', '*', '/b*') }),
  );
  const anySubject = fc.record(
    {
      kind: of('User', 'Group', 'ServiceAccount'),
      name: of('eve', 'ops', 'system:serviceaccount:n:bot', 'bot'),
      namespace: of(...namespaces),
    },
    { requiredKeys: ['kind', 'name'] },
  );
  const step = fc.oneof(
    fc.record({
      do: of('role' as const),
      name: of(...names),
      namespace: optional(namespaces),
      rules: fc.array(anyRule, { maxLength: 3 }),
    }),
    fc.record({
      do: of('bind' as const),
      name: of(...names),
      namespace: optional(namespaces),
      to: of(...names),
      kind: of('Role', 'ClusterRole'),
      subjects: fc.array(anySubject, { maxLength: 3 }),
    }),
    fc.record({ do: of('unbind' as const), name: of(...names), namespace: optional(namespaces) }),
  );
  const anyWish = fc.record({
    user: fc.record({
      name: of('eve', 'bob', 'system:serviceaccount:n:bot', 'system:serviceaccount:m:bot'),
      groups: some('ops', 'bot'),
    }),
    verb: of('get', 'list', 'watch'),
    path: optional(['/a', '/a/x', '/b', '/bc', '/']),
    group: of('', 'kubevirt.io'),
    resource: of('pods', 'nodes'),
    subresource: optional(['log']),
    namespace: optional(namespaces),
    name: optional(['x', 'z']),
  });

  test('decides as a look at every role and binding would, however they came about', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.array(anyWish, { minLength: 5, maxLength: 20 }),
        (steps, wishes) => {
          const w = world();
          for (const each of steps) {
            const cluster = each.namespace === undefined;
            const resource =
              each.do === 'role'
                ? cluster
                  ? rbacResources.clusterRoles
                  : rbacResources.roles
                : cluster
                  ? rbacResources.clusterRoleBindings
                  : rbacResources.roleBindings;
            if (each.do === 'unbind') {
              w.store.delete(resource, each.namespace, each.name);
              continue;
            }
            const object: KubeObject =
              each.do === 'role'
                ? role(each.name, each.rules, each.namespace)
                : binding(each.name, each.subjects, each.to, each.namespace, each.kind);
            if (w.store.get(resource, each.namespace, each.name) === undefined) w.store.create(resource, object);
            else w.store.update(resource, object);
          }
          for (const { path, user: who, verb, ...rest } of wishes) {
            const onResource = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
            const wanted = (
              path === undefined ? { user: who, verb, ...onResource } : { user: who, verb, path }
            ) as Attributes;
            expect(w.rights.authorize(wanted).allowed).toBe(naively(w, wanted));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
