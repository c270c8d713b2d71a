import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type KubeVirtVersion, kubevirt16, versions } from '../model/versions/index.ts';
import type { Attributes } from './api/authorization.ts';
import { bootstrapRoles } from './api/rbac/bootstrap.ts';
import { type Rights, rbac } from './api/rbac/rights.ts';
import type { Binding } from './api/rbac/rule.ts';
import { Store } from './api/store.ts';
import { Clock } from './clock.ts';
import { createCluster } from './cluster.ts';
import { roleAggregation } from './controllers/role-aggregation.ts';
import { random } from './random.ts';
import { createRoles } from './scenarios/build-roles.ts';
import { fakeHypervisor } from './testing.ts';

// What the default roles of a cluster with OpenShift Virtualization grant, compared with a real one.

const fixture = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/recordings/${name}`, import.meta.url), 'utf8');

/** A cluster's rights, with users who are called as the role they have in the namespace vms. */
function rightsOf(version: KubeVirtVersion, ...roles: string[]): Rights {
  const clock = new Clock(0);
  const store = new Store(clock, random('rights'));
  const cluster = createCluster({
    clock,
    store,
    random: random('x'),
    version,
    hypervisor: fakeHypervisor(clock, 1, []),
  });
  createRoles(cluster);
  for (const { resource, object } of bootstrapRoles(0)) store.create(resource, object);
  roleAggregation(cluster).start();
  for (const role of roles) {
    store.create<Binding>('rolebindings.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: role, namespace: 'vms' },
      roleRef: { kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name: role }],
    });
  }
  return rbac(store);
}

/** `virtualmachines.subresources.kubevirt.io/migrate` in the namespace vms. */
function wish(name: string, verb: string, what: string, groups = ['system:authenticated']): Attributes {
  const [, resource = '', group = '', subresource] = /^([^./]+)\.?([^/]*)\/?(.*)$/.exec(what) ?? [];
  return {
    user: { name, groups },
    verb,
    group,
    resource,
    namespace: 'vms',
    ...(subresource ? { subresource } : {}),
  };
}

const latest = versions.at(-1) ?? kubevirt16;

describe('KubeVirt 1.9.0', () => {
  const roleOf: Record<string, string> = { eve: 'edit', adam: 'admin', vic: 'view' };
  const rights = rightsOf(latest, 'edit', 'admin', 'view');

  test.each(
    fixture('rbac-defaults.txt')
      .split('\n')
      .filter((line) => line !== ''),
  )('as recorded: %s', (line) => {
    const [, who = '', verb = '', what = '', answer] = /^(\w+) (\w+) (\S+): (yes|no)$/.exec(line) ?? [];
    expect(rights.authorize(wish(roleOf[who] ?? '', verb, what)).allowed).toBe(answer === 'yes');
  });

  test('everybody’s rules are as recorded, as a set', () => {
    const { status } = JSON.parse(fixture('rules-of-masters.json')) as {
      status: { resourceRules: { resources: string[] }[]; nonResourceRules: { nonResourceURLs: string[] }[] };
    };
    const normal = (rules: object[]): string[] =>
      rules.map((rule) => JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
    const groups = ['system:masters', 'system:authenticated'];
    const { rules } = rights.rulesFor({ name: 'kubernetes-admin', groups }, 'vms');
    // CDI was not there, and Kubernetes 1.36 has a rule of its own on /.well-known.
    const mine = rules.filter((rule) => !rule.apiGroups?.includes('cdi.kubevirt.io'));
    const real = [
      ...status.resourceRules,
      ...status.nonResourceRules.filter((rule) => !rule.nonResourceURLs.includes('/.well-known')),
    ];
    expect(normal(mine)).toEqual(normal(real));
  });
});

describe('what changed between versions of KubeVirt', () => {
  const CREATE = ['create', 'virtualmachineinstancemigrations.kubevirt.io'] as const;
  const SUBRESOURCE = ['update', 'virtualmachines.subresources.kubevirt.io/migrate'] as const;

  test.each(versions.map((version) => [version.name, version] as const))('who may migrate, in %s', (name, version) => {
    const early = ['1.3', '1.4'].includes(name);
    const rights = rightsOf(version, 'view', 'edit', 'admin', 'kubevirt.io:migrate');
    for (const [verb, what] of [CREATE, SUBRESOURCE]) {
      const allowed = (role: string): boolean => rights.authorize(wish(role, verb, what)).allowed;
      expect(['view', 'edit', 'admin', 'kubevirt.io:migrate'].map(allowed)).toEqual([false, early, early, !early]);
    }
  });
});

test('a cluster reader reads all that Ferry does, writes nothing, and sees no secrets', () => {
  const rights = rightsOf(latest);
  const may = (verb: string, what: string): boolean =>
    rights.authorize(wish('viewer', verb, what, ['viewers'])).allowed;
  const read = [
    'nodes',
    'pods',
    'pods/log',
    'events',
    'namespaces',
    'persistentvolumeclaims',
    'persistentvolumes',
    'resourcequotas',
    'storageclasses.storage.k8s.io',
    'csinodes.storage.k8s.io',
    'volumeattachments.storage.k8s.io',
    'daemonsets.apps',
    'poddisruptionbudgets.policy',
    'virtualmachines.kubevirt.io',
    'virtualmachineinstances.kubevirt.io',
    'virtualmachineinstancemigrations.kubevirt.io',
    'kubevirts.kubevirt.io',
    'hyperconvergeds.hco.kubevirt.io',
    'migrationpolicies.migrations.kubevirt.io',
    'network-attachment-definitions.k8s.cni.cncf.io',
    'nodenetworkstates.nmstate.io',
    'nodenetworkconfigurationpolicies.nmstate.io',
    'datavolumes.cdi.kubevirt.io',
    'storageprofiles.cdi.kubevirt.io',
    'nodes.metrics.k8s.io',
  ];
  expect(read.filter((what) => !may('list', what))).toEqual([]);
  expect(read.filter((what) => ['create', 'update', 'patch', 'delete'].some((verb) => may(verb, what)))).toEqual([]);
  expect(may('get', 'secrets')).toBe(false);
});

test('a decision costs no more where there are ten thousand bindings of others', () => {
  const clock = new Clock(0);
  const store = new Store(clock, random('many'));
  const cluster = createCluster({
    clock,
    store,
    random: random('x'),
    version: latest,
    hypervisor: fakeHypervisor(clock, 1, []),
  });
  createRoles(cluster);
  let looked = 0;
  const rights = rbac(
    new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name === 'get') looked++;
        return value.bind(target) as unknown;
      },
    }),
  );
  for (let index = 0; index < 10_000; index++) {
    store.create<Binding>('rolebindings.rbac.authorization.k8s.io', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `b${index}`, namespace: 'vms' },
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', name: `u${index}` }],
    });
  }
  looked = 0;
  expect(rights.authorize(wish('somebody', 'list', 'pods')).allowed).toBe(false);
  expect(looked).toBeLessThan(10);
});
