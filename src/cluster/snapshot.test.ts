import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CancelledError, ConnectionError } from '../kube/errors.ts';
import type { StoredObject } from '../kube/types.ts';
import type { Snapshot, SnapshotList } from '../model/snapshot.ts';
import { claim, handlerPod, kubeVirt, node, vm } from '../model/testing/fixtures.ts';
import { apiVersionOf, resources } from './resources.ts';
import { readSnapshot, requireKubeVirt } from './snapshot.ts';
import { type FakeOptions, fakeClient } from './testing/fake-client.ts';

const groups = (...names: string[]) =>
  JSON.stringify({
    kind: 'APIGroupList',
    groups: names.map((name) => {
      const [group, ...versions] = name.split(' ');
      return { name: group, versions: versions.map((version) => ({ version })) };
    }),
  });

const allGroups = [
  'apps v1',
  'policy v1',
  'storage.k8s.io v1',
  'kubevirt.io v1 v1alpha3',
  'migrations.kubevirt.io v1alpha1',
  'hco.kubevirt.io v1beta1 v1',
  'k8s.cni.cncf.io v1',
  'nmstate.io v1 v1beta1',
  'config.openshift.io v1',
  'operator.openshift.io v1',
];

const secret = { userData: '#cloud-config\npassword: hunter2', networkDataBase64: 'aHVudGVyMg==' };

const hyperConverged = (version: string): StoredObject =>
  ({
    metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv' },
    spec: { [version]: true },
    status: { versions: [{ name: 'operator', version: '1.16.0' }], relatedObjects: [{ kind: 'Secret' }] },
  }) as StoredObject;

function stored(): Record<string, StoredObject[]> {
  const objects = [
    node('n1'),
    handlerPod('n1'),
    kubeVirt(),
    claim('c'),
    claim('c2', {}, 'other'),
    ...vm('web', {
      on: 'n1',
      claims: ['c'],
      spec: {
        accessCredentials: [{ sshPublicKey: { source: { secret: { secretName: 'hunter2-keys' } } } as never }],
        livenessProbe: { exec: { command: ['check', 'hunter2'] } },
        volumes: [
          { name: 'init', cloudInitNoCloud: secret },
          { name: 'drive', cloudInitConfigDrive: { ...secret, secretRef: { name: 'named' } } },
        ],
      },
      change: ({ vm, vmi, pod }) => {
        for (const { metadata } of [vm, vmi, pod]) {
          metadata.managedFields = [{ manager: 'hunter2' }] as never;
          metadata.annotations = {
            'kubectl.kubernetes.io/last-applied-configuration': '{"hunter2":1}',
            'hooks.kubevirt.io/hookSidecars': 'hunter2',
            'example.com/token': 'hunter2',
            'kubevirt.io/nonroot': 'true',
          };
        }
        Object.assign(pod.spec!.containers[0]!, { env: [{ name: 'P', value: 'hunter2' }], command: ['x', 'hunter2'] });
        Object.assign(pod.spec!, { volumes: [{ name: 's', secret: { secretName: 'hunter2' } }] });
      },
    }),
    ...vm('bare', { on: 'n1', namespace: 'other' }).slice(1),
  ];
  const all: Record<string, StoredObject[]> = {
    'hco.kubevirt.io/v1/hyperconvergeds': [hyperConverged('v1')],
    'hco.kubevirt.io/v1beta1/hyperconvergeds': [hyperConverged('v1beta1')],
  };
  for (const object of objects) {
    const resource = Object.values(resources).find(({ kind }) => kind === object.kind)!;
    (all[`${resource.group}/${resource.version}/${resource.plural}`] ??= []).push(object);
  }
  return all;
}

function read(options: FakeOptions = {}, namespaces?: string[]) {
  const fake = fakeClient({
    objects: stored(),
    ...options,
    raw: { '/version': '{"gitVersion":"v1.33.5"}', '/apis': groups(...allGroups), ...options.raw },
  });
  const reading = readSnapshot(fake.client, namespaces === undefined ? {} : { namespaces });
  return { ...fake, reading };
}

const names = (snapshot: Snapshot, list: SnapshotList) => {
  const listing = snapshot.lists[list];
  return listing.known ? listing.items.map(({ metadata }) => metadata.name) : listing.why;
};

test('a cluster is read with one LIST a kind, and what is not there is known not to be', async () => {
  const { reading, calls } = read();
  const snapshot = await reading;
  expect(snapshot).toMatchObject({
    apiVersion: 'ferry.run/v1alpha1',
    kind: 'Snapshot',
    takenAt: '2026-01-02T03:04:05.000Z',
    namespaces: [],
    versions: { kubernetes: 'v1.33.5', kubevirt: 'v1.6.6', hyperConverged: '1.16.0', openshift: true },
  });
  const kinds = Object.keys(resources);
  expect(calls.filter((call) => call.startsWith('LIST'))).toHaveLength(kinds.length);
  expect(calls.filter((call) => !call.startsWith('LIST')).sort()).toEqual(['GET /apis', 'GET /version']);
  expect(calls).toContain('LIST /v1/pods * status.phase!=Succeeded,status.phase!=Failed');
  expect(calls).toContain('LIST apps/v1/daemonsets * metadata.name=virt-handler');
  expect(names(snapshot, 'virtualMachineInstances')).toEqual(['web', 'bare']);
  expect(names(snapshot, 'migrations')).toEqual([]);
});

test('every object says what it is, though the items of a LIST do not', async () => {
  const { lists } = await read().reading;
  for (const [name, resource] of Object.entries(resources)) {
    const listing = lists[name as SnapshotList];
    for (const item of listing.known ? listing.items : []) {
      expect([item.kind, item.apiVersion]).toEqual([resource.kind, apiVersionOf(resource)]);
    }
  }
});

test('no secret is kept, and nothing that no decision needs', async () => {
  const snapshot = await read().reading;
  const text = JSON.stringify(snapshot);
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain('aHVudGVyMg');
  expect(text).not.toMatch(/managedFields|last-applied|relatedObjects/);
  const vmi = snapshot.lists.virtualMachineInstances;
  expect(vmi.known && vmi.items[0]?.spec.volumes).toEqual([
    { name: 'init', cloudInitNoCloud: { userData: '(redacted)', networkDataBase64: '(redacted)' } },
    {
      name: 'drive',
      cloudInitConfigDrive: { userData: '(redacted)', networkDataBase64: '(redacted)', secretRef: { name: 'named' } },
    },
  ]);
  expect(vmi.known && vmi.items[0]?.metadata.annotations).toEqual({ 'kubevirt.io/nonroot': 'true' });
  expect(vmi.known && vmi.items[0]?.spec.livenessProbe).toEqual({ exec: {} });
});

describe('HyperConverged', () => {
  test.each([
    ['v1 is preferred', 'hco.kubevirt.io v1beta1 v1', 'hco.kubevirt.io/v1'],
    ['v1beta1 is read where there is no v1', 'hco.kubevirt.io v1beta1', 'hco.kubevirt.io/v1beta1'],
  ])('%s', async (_, group, apiVersion) => {
    const { reading } = read({ raw: { '/apis': groups(...allGroups.slice(0, 5), group) } });
    const { hyperConvergeds } = (await reading).lists;
    expect(hyperConvergeds.known && hyperConvergeds.items.map((item) => item.apiVersion)).toEqual([apiVersion]);
  });

  test('a cluster without it has none, and is OpenShift only if its API says so', async () => {
    const { reading, calls } = read({ raw: { '/apis': groups('kubevirt.io v1', 'config.openshift.io v1') } });
    const snapshot = await reading;
    expect(names(snapshot, 'hyperConvergeds')).toBe('missing');
    expect(calls.some((call) => call.includes('hyperconvergeds'))).toBe(false);
    expect(snapshot.versions.openshift).toBe(true);
  });
});

describe('what can not be read', () => {
  test.each([
    ['a kind we may not read', { status: 403, reason: 'Forbidden' }, 'forbidden'],
    ['a kind the server does not know', { status: 404 }, 'missing'],
    ['a kind whose webhook is broken', { status: 500 }, 'failed'],
  ])('%s becomes unknown: %j', async (_, refusal, why) => {
    const { reading } = read({ refuse: { 'list /persistentvolumeclaims': refusal } });
    const { claims, nodes } = (await reading).lists;
    expect(claims).toMatchObject({ known: false, why, message: expect.stringContaining(String(refusal.status)) });
    const rule = { apiGroup: '', resource: 'persistentvolumeclaims', verb: 'list' };
    expect('rule' in claims && claims.rule).toEqual(why === 'forbidden' ? rule : false);
    expect(nodes.known).toBe(true);
  });

  test('the version comes from KubeVirt itself where its CR may not be listed', async () => {
    const { reading } = read({
      refuse: { 'list kubevirt.io/kubevirts': { status: 403 } },
      raw: {
        '/apis': groups(...allGroups, 'subresources.kubevirt.io v1'),
        '/apis/subresources.kubevirt.io/v1/version': '{"gitVersion":"v1.5.3"}',
      },
    });
    expect((await reading).versions.kubevirt).toBe('v1.5.3');
  });

  test.each([
    ['a connection that breaks', new ConnectionError('it hung up', 'ECONNRESET', true)],
    ['a user the server does not know', { status: 401, reason: 'Unauthorized' }],
    ['a cancelled reading', new CancelledError('stopped')],
  ])('%s ends the reading', async (_, refusal) => {
    const { reading } = read({ refuse: { 'list /pods': refusal } });
    await expect(reading).rejects.toThrow(refusal instanceof Error ? refusal.message : '401');
  });

  test('a cluster without KubeVirt is told in one sentence', async () => {
    const snapshot = await read({ raw: { '/apis': groups('apps v1') } }).reading;
    expect(() => requireKubeVirt(snapshot)).toThrow(
      expect.objectContaining({ code: 'FERRY_E_NO_KUBEVIRT', exitCode: 2 }),
    );
    expect(() =>
      requireKubeVirt({
        ...snapshot,
        lists: { ...snapshot.lists, virtualMachineInstances: { known: true, items: [] } },
      }),
    ).not.toThrow();
  });
});

describe('some namespaces only', () => {
  test("the VMs' lists are read there, what concerns the whole cluster everywhere", async () => {
    const { reading, calls } = read({}, ['vms', 'more', 'vms']);
    const snapshot = await reading;
    expect(snapshot.namespaces).toEqual(['more', 'vms']);
    expect(names(snapshot, 'claims')).toEqual(['c']);
    expect(names(snapshot, 'virtualMachineInstances')).toEqual(['web', 'bare']);
    expect(calls.filter((call) => call.includes('persistentvolumeclaims'))).toEqual([
      'LIST /v1/persistentvolumeclaims more',
      'LIST /v1/persistentvolumeclaims vms',
    ]);
    expect(calls).toContain('LIST /v1/pods * status.phase!=Succeeded,status.phase!=Failed');
  });

  test('pods that may be read in these namespaces only are marked so', async () => {
    const { pods, nodes } = (await read({ refuse: { 'list /pods ': { status: 403 } } }, ['vms']).reading).lists;
    expect(pods).toMatchObject({ known: true, onlyNamespaces: ['vms'] });
    expect(pods.known && pods.items.map(({ metadata }) => metadata.name)).toEqual(['virt-launcher-web']);
    expect(nodes.known && nodes.items.length).toBe(1);
  });
});

const recordings = new URL('../../../shared/recordings/run1/pods.watch.jsonl', import.meta.url);

test.skipIf(!existsSync(recordings))(
  'a launcher pod that a real virt-controller made keeps its requests and selectors',
  async () => {
    const pods = readFileSync(recordings, 'utf8')
      .split('\n')
      .filter((line) => line.includes('migrationJobUID'))
      .map((line) => (JSON.parse(line) as { object: StoredObject }).object);
    const { reading } = read({ objects: { '/v1/pods': pods.slice(0, 1) } });
    const { pods: listing } = (await reading).lists;
    const pod = listing.known ? listing.items[0]! : undefined;
    expect(pod?.spec?.containers[0]?.resources?.requests).toMatchObject({
      memory: '1292Mi',
      'devices.kubevirt.io/kvm': '1',
    });
    expect(pod?.spec?.initContainers?.[0]).toMatchObject({
      restartPolicy: 'Always',
      resources: { requests: { memory: '35M' } },
    });
    expect(pod?.spec?.nodeSelector).toHaveProperty('cpu-model-migration.node.kubevirt.io/Skylake-Server');
    expect(JSON.stringify(pod).length).toBeLessThan(JSON.stringify(pods[0]).length / 2);
  },
);
