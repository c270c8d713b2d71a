import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { migrationsOf } from './migrations.ts';
import { nodesOf } from './nodes.ts';
import type { HyperConverged, KubeObject, Pod } from './objects.ts';
import { requestsOf } from './pods.ts';
import { matchesNodeTerms, meets, tolerates } from './selectors.ts';
import { settingsOf } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import {
  claim,
  handlerPod,
  kubeVirt,
  migration,
  node,
  nodes,
  snapshotOf,
  storageClass,
  vm,
} from './testing/fixtures.ts';
import { atLeast } from './version-order.ts';
import { vmsByName, vmsOf } from './vm.ts';

describe('VMs', () => {
  const objects = [
    ...nodes(2),
    ...vm('web', { on: 'n1', claims: ['c', 'gone'] }),
    claim('c'),
    storageClass('nfs', 'nfs.csi.k8s.io'),
    ...vm('off'),
    ...vm('bare', { on: 'n2', namespace: 'other' }).slice(1),
    migration('m1', 'web', 'Running'),
    migration('m0', 'web', 'Succeeded'),
  ];

  test('are joined with their instance, volumes, claims, classes, pods and migrations', () => {
    const web = vmsByName(snapshotOf(objects)).get('vms/web');
    expect(web).toMatchObject({ running: true, node: 'n1', phase: 'Running', memoryBytes: 2 ** 32, vcpus: 2 });
    expect(web?.volumes).toMatchObject([
      {
        name: 'disk0',
        source: 'persistentVolumeClaim',
        claimName: 'c',
        accessModes: ['ReadWriteMany'],
        storageClass: { provisioner: 'nfs.csi.k8s.io' },
      },
      { name: 'disk1', claimName: 'gone' },
    ]);
    expect(web?.volumes[1]).not.toHaveProperty('accessModes');
    expect(web?.launcher?.metadata.name).toBe('virt-launcher-web');
    expect([web?.unfinished.map(({ name }) => name), web?.finished.map(({ metadata }) => metadata.name)]).toEqual([
      ['m1'],
      ['m0'],
    ]);
  });

  test('include stopped ones and bare instances, in order', () => {
    const all = vmsOf(snapshotOf(objects.toReversed()));
    expect(all.map(({ namespace, name, running }) => [namespace, name, running])).toEqual([
      ['other', 'bare', true],
      ['vms', 'off', false],
      ['vms', 'web', true],
    ]);
    expect(all[0]?.vm).toBeUndefined();
  });

  test('outside the wanted namespaces are left out', () => {
    const snapshot = snapshotOf(objects, (made) => made.namespaces.push('other'));
    expect(vmsOf(snapshot).map(({ name }) => name)).toEqual(['bare']);
  });

  test('are joined once for a Snapshot', () => {
    const snapshot = snapshotOf(objects);
    expect(vmsOf(snapshot)).toBe(vmsOf(snapshot));
  });

  test('during a migration the launcher is the one on the instance node', () => {
    const [, , pod] = vm('web', { on: 'n1' }) as [KubeObject, KubeObject, Pod];
    const target = structuredClone(pod);
    target.metadata.name = 'a-target';
    target.spec!.nodeName = 'n2';
    const web = vmsByName(snapshotOf([...vm('web', { on: 'n1' }), target])).get('vms/web');
    expect([web?.launchers.length, web?.launcher?.metadata.name]).toEqual([2, 'virt-launcher-web']);
  });

  test.each([
    ['hot-plugged memory counts', { memory: { guestCurrent: '8Gi' } }, {}, 2 ** 33, 2],
    [
      'requests stand in for guest memory',
      {},
      { domain: { devices: {}, resources: { requests: { memory: '1G', cpu: '1500m' } } } },
      1e9,
      2,
    ],
    [
      'cores, sockets and threads multiply',
      {},
      { domain: { devices: {}, cpu: { cores: 2, sockets: 3, threads: 2 } } },
      undefined,
      12,
    ],
  ])('%s', (_, status, spec, memory, vcpus) => {
    const made = vm('web', { on: 'n1', spec, change: ({ vmi }) => Object.assign(vmi.status!, status) });
    expect(vmsOf(snapshotOf(made))[0]).toMatchObject({ vcpus, ...(memory !== undefined && { memoryBytes: memory }) });
  });
});

describe('requests of a pod', () => {
  const container = (memory: string, restartPolicy?: string) => ({
    name: 'c',
    restartPolicy,
    resources: { requests: { memory } },
  });
  test.each([
    ['containers add up', [container('1Gi'), container('2Gi')], [], {}, 3],
    ['a large initialization is reserved for', [container('1Gi')], [container('5Gi'), container('4Gi')], {}, 5],
    ['a small one is not', [container('4Gi')], [container('1Gi')], {}, 4],
    ['a sidecar stays', [container('1Gi')], [container('2Gi', 'Always')], {}, 3],
    [
      'a sidecar is there while later initialization runs',
      [container('1Gi')],
      [container('2Gi', 'Always'), container('4Gi')],
      {},
      6,
    ],
    ['not while earlier one does', [container('1Gi')], [container('4Gi'), container('2Gi', 'Always')], {}, 4],
    ['the overhead comes on top', [container('1Gi')], [], { overhead: { memory: '1Gi' } }, 2],
    ['requests of the whole pod win', [container('1Gi')], [], { resources: { requests: { memory: '7Gi' } } }, 7],
  ])('%s', (_, containers, initContainers, spec, gigabytes) => {
    const pod = { metadata: { name: 'p' }, spec: { containers, initContainers, ...spec } } as unknown as Pod;
    expect(requestsOf(pod)).toEqual({ memory: gigabytes * 2 ** 30, pods: 1 });
  });
});

describe('nodes', () => {
  test('know what is taken and what is free', () => {
    const ended = handlerPod('n1');
    ended.metadata.name = 'ended';
    ended.status!.phase = 'Succeeded';
    const view = nodesOf(snapshotOf([...nodes(1), ...vm('web', { on: 'n1' }), ended])).get('n1');
    expect(view?.requested).toEqual({
      cpu: 210,
      memory: (4 * 1024 + 276 + 325) * 2 ** 20,
      pods: 2,
      'devices.kubevirt.io/kvm': 1,
      'devices.kubevirt.io/tun': 1,
    });
    expect(view?.free).toMatchObject({ cpu: 63_790, pods: 248, 'devices.kubevirt.io/kvm': 999 });
    expect(view).toMatchObject({
      ready: true,
      cordoned: false,
      schedulable: true,
      handler: { metadata: { name: 'virt-handler-n1' } },
    });
  });

  test('free and requested always make up what is allocatable', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 20 }), (sizes) => {
        const made = sizes.flatMap((size, index) => vm(`vm${index}`, { on: 'n1', memory: `${size}Gi` }));
        const view = nodesOf(snapshotOf([...nodes(1), ...made])).get('n1')!;
        for (const name in view.allocatable) {
          expect((view.free[name] ?? 0) + (view.requested[name] ?? 0)).toBe(view.allocatable[name]);
        }
        expect(view.requested['pods']).toBe(sizes.length + 1);
      }),
      { numRuns: 30 },
    );
  });

  test('say why they are not ready', () => {
    const bad = node('n1', (object) => Object.assign(object.status!, { conditions: [] }));
    expect(nodesOf(snapshotOf([bad])).get('n1')).toMatchObject({
      ready: false,
      notReadyBecause: expect.stringContaining('no Ready condition'),
    });
  });
});

describe('migration slots (facts/kubevirt.md C1)', () => {
  const targetPod = (of: string): Pod => {
    const [, , pod] = vm(`x-${of}`, { on: 'n2' }) as [KubeObject, KubeObject, Pod];
    pod.metadata.labels!['kubevirt.io/migrationJobUID'] = `uid-${of}`;
    return pod;
  };
  const cameFrom = (source: string) => ({
    change: ({ vmi }: { vmi: { status?: object } }) =>
      Object.assign(vmi.status!, { migrationState: { sourceNode: source, targetNode: 'n1', migrationUid: 'old' } }),
  });
  const rows: [string, KubeObject[], number, Record<string, number>, string?][] = [
    ['a waiting migration takes none', [...vm('a', { on: 'n1' }), migration('m', 'a', 'Pending')], 0, {}],
    ['a new one takes none', [...vm('a', { on: 'n1' }), migration('m', 'a', '')], 0, {}],
    [
      'a waiting one that has its target pod takes one',
      [...vm('a', { on: 'n1' }), migration('m', 'a', 'Pending'), targetPod('m')],
      1,
      { n1: 1 },
    ],
    [
      'one that is being scheduled takes one',
      [...vm('a', { on: 'n1' }), migration('m', 'a', 'Scheduling')],
      1,
      { n1: 1 },
    ],
    ['a finished one takes none', [...vm('a', { on: 'n1' }), migration('m', 'a', 'Failed')], 0, {}],
    [
      'the side of another cluster that is being scheduled takes none',
      [
        ...vm('a', { on: 'n1' }),
        migration('m', 'a', 'Scheduling', ({ spec }) => Object.assign(spec, { sendTo: { migrationID: 'x' } })),
      ],
      0,
      {},
    ],
    [
      'since v1.6 the last source counts too',
      [...vm('a', { on: 'n1', ...cameFrom('n3') }), migration('m', 'a', 'Running')],
      1,
      { n1: 1, n3: 1 },
    ],
    [
      'before v1.6 only the node of the VMI',
      [...vm('a', { on: 'n1', ...cameFrom('n3') }), migration('m', 'a', 'Running')],
      1,
      { n1: 1 },
      'v1.5.3',
    ],
    [
      'the same node is counted once',
      [...vm('a', { on: 'n1', ...cameFrom('n1') }), migration('m', 'a', 'Running')],
      1,
      { n1: 1 },
    ],
  ];
  test.each(rows)('%s', (_, objects, taken, byNode, version = 'v1.6.6') => {
    const slots = migrationsOf(snapshotOf(objects, ({ versions }) => Object.assign(versions, { kubevirt: version })));
    expect([slots.taken, Object.fromEntries(slots.takenByNode)]).toEqual([taken, byNode]);
  });
});

describe('settings', () => {
  const hco = (apiVersion: string, spec: HyperConverged['spec']): HyperConverged => ({
    apiVersion,
    kind: 'HyperConverged',
    metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv' },
    ...(spec !== undefined && { spec }),
  });
  const noKubeVirt = ({ lists }: Snapshot): void => {
    lists.kubeVirts = { known: false, why: 'forbidden', message: 'no' };
  };
  const timeout = (snapshot: Snapshot) => settingsOf(snapshot).completionTimeoutPerGiB;

  test.each([
    [
      'v1beta1',
      hco('hco.kubevirt.io/v1beta1', { liveMigrationConfig: { completionTimeoutPerGiB: 800 } }),
      '.spec.liveMigrationConfig.completionTimeoutPerGiB',
    ],
    [
      'v1',
      hco('hco.kubevirt.io/v1', { virtualization: { liveMigrationConfig: { completionTimeoutPerGiB: 800 } } }),
      '.spec.virtualization.liveMigrationConfig.completionTimeoutPerGiB',
    ],
  ])('of HyperConverged %s are its, where KubeVirt has the same', (_, object, field) => {
    const expected = {
      value: 800,
      raw: 800,
      origin: 'HyperConverged',
      object: { kind: 'HyperConverged', namespace: 'openshift-cnv', name: 'kubevirt-hyperconverged' },
      field,
    };
    expect(timeout(snapshotOf([object, kubeVirt({ completionTimeoutPerGiB: 800 })]))).toEqual(expected);
    expect(timeout(snapshotOf([object], noKubeVirt))).toEqual(expected);
  });

  test('that differ in KubeVirt are KubeVirt’s, which is what counts', () => {
    const object = hco('hco.kubevirt.io/v1beta1', { liveMigrationConfig: { completionTimeoutPerGiB: 800 } });
    expect(timeout(snapshotOf([object, kubeVirt({ completionTimeoutPerGiB: 20 })]))).toMatchObject({
      value: 20,
      origin: 'KubeVirt',
      field: '.spec.configuration.migrations.completionTimeoutPerGiB',
    });
  });

  test.each([
    ['v1.3.1', 800, 'default'],
    ['v1.4.0', 150, 'default'],
    ['v1.9.0', 150, 'default'],
    [undefined, undefined, 'unknown'],
  ])('that nobody set are the defaults of the version: %s has %s', (kubevirt, value, origin) => {
    const snapshot = snapshotOf([kubeVirt()], ({ versions }) => {
      if (kubevirt === undefined) delete versions.kubevirt;
      else versions.kubevirt = kubevirt;
    });
    expect(timeout(snapshot)).toEqual({ value, origin });
    expect(settingsOf(snapshot)).toMatchObject({
      parallelMigrationsPerCluster: { value: 5, origin: 'default' },
      parallelOutboundMigrationsPerNode: { value: 2 },
      bandwidthPerMigration: { value: 0 },
      progressTimeout: { value: 150 },
      network: { value: undefined, origin: 'default' },
      allowPostCopy: { value: false },
      allowWorkloadDisruption: { value: false },
    });
  });

  test('are unknown where neither could be read', () => {
    for (const setting of Object.values(settingsOf(snapshotOf([], noKubeVirt))))
      expect(setting).toEqual({ value: undefined, origin: 'unknown' });
  });

  test('bandwidth is bytes, an empty network none, and disruption follows post-copy unless it is set', () => {
    const set = settingsOf(snapshotOf([kubeVirt({ bandwidthPerMigration: '64Mi', network: '', allowPostCopy: true })]));
    expect([set.bandwidthPerMigration.value, set.network.value, set.allowWorkloadDisruption.value]).toEqual([
      64 * 2 ** 20,
      undefined,
      true,
    ]);
    const explicit = settingsOf(snapshotOf([kubeVirt({ allowPostCopy: true, allowWorkloadDisruption: false })]));
    expect(explicit.allowWorkloadDisruption).toMatchObject({ value: false, origin: 'KubeVirt' });
  });
});

describe('selectors', () => {
  const labels = { a: '1', zone: 'x' };
  test.each([
    ['In', ['1', '2'], true],
    ['In', ['2'], false],
    ['NotIn', ['2'], true],
    ['Exists', undefined, true],
    ['DoesNotExist', undefined, false],
    ['Gt', ['0'], true],
    ['Gt', ['1'], false],
    ['Lt', ['2'], true],
    ['Lt', ['x'], false],
    ['Near', ['1'], false],
  ])('a=1 %s %j: %s', (operator, values, expected) => {
    expect(meets(labels, { key: 'a', operator, ...(values !== undefined && { values }) })).toBe(expected);
  });

  test('terms are alternatives, and an empty one matches nothing', () => {
    const miss = { matchExpressions: [{ key: 'a', operator: 'In', values: ['9'] }] };
    const hit = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] };
    expect(matchesNodeTerms('n1', labels, [miss, hit])).toBe(true);
    expect(matchesNodeTerms('n1', labels, [{ ...miss, ...hit }])).toBe(false);
    expect(matchesNodeTerms('n1', labels, [{}])).toBe(false);
  });

  test.each([
    [{ key: 'k', value: 'v' }, true],
    [{ key: 'k', value: 'w' }, false],
    [{ key: 'k', operator: 'Exists' }, true],
    [{ operator: 'Exists' }, true],
    [{}, false],
    [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
    [{ key: 'k', value: 'v', effect: 'NoSchedule' }, true],
  ])('%j tolerates k=v:NoSchedule: %s', (toleration, expected) => {
    expect(tolerates(toleration, { key: 'k', value: 'v', effect: 'NoSchedule' })).toBe(expected);
  });
});

test.each([
  ['v1.6.6', true],
  ['1.10.0', true],
  ['v2.0.0', true],
  ['v1.5.3', false],
  ['devel', undefined],
  [undefined, undefined],
])('%s is at least 1.6: %s', (version, expected) => {
  expect(atLeast(version, 1, 6)).toBe(expected);
});
