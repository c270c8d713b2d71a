import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../model/objects.ts';
import { kindTable } from '../kind-table.ts';
import { columnDefinitions, tableRow } from '../table.ts';
import { humanDuration } from './ages.ts';
import { kinds } from './index.ts';
import { resourceName } from './kind.ts';

const NOW = Date.parse('2026-11-22T20:00:00Z');
const table = kindTable(kinds);

/** Cells by column name. */
function row(resource: string, object: object): Record<string, unknown> {
  const kind = table.of(resource)!;
  const full = { metadata: { name: 'x', creationTimestamp: '2026-11-22T19:55:00Z' }, ...object } as KubeObject;
  const { cells } = JSON.parse(tableRow(kind, full, NOW, 'None', () => '')) as { cells: unknown[] };
  const names = (columnDefinitions(kind) as { name: string }[]).map(({ name }) => name);
  return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
}

const running = { name: 'c', ready: true, restartCount: 0, state: { running: {} } };
const pod = (status: object, spec: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'x', ...metadata },
  spec: { containers: [{ name: 'c' }], ...spec },
  status,
});

describe('the status of a pod', () => {
  test.each([
    ['Pending', pod({ phase: 'Pending' })],
    ['Running', pod({ phase: 'Running', containerStatuses: [running] })],
    [
      'ContainerCreating',
      pod({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] }),
    ],
    [
      'CrashLoopBackOff',
      pod({ phase: 'Running', containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] }),
    ],
    [
      'Completed',
      pod({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { reason: 'Completed', exitCode: 0 } } }] }),
    ],
    ['ExitCode:3', pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] })],
    [
      'Signal:9',
      pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137, signal: 9 } } }] }),
    ],
    ['Evicted', pod({ phase: 'Failed', reason: 'Evicted' })],
    [
      'Init:1/2',
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [
            { state: { terminated: { exitCode: 0 } } },
            { state: { waiting: { reason: 'PodInitializing' } } },
          ],
        },
        { initContainers: [{}, {}] },
      ),
    ],
    [
      'Terminating',
      pod({ phase: 'Running', containerStatuses: [running] }, {}, { deletionTimestamp: '2026-11-22T20:00:30Z' }),
    ],
    [
      'SchedulingGated',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
    ],
  ])('is %s', (status, object) => {
    expect(row('pods', object)['Status']).toBe(status);
  });

  test('counts ready containers and restarts', () => {
    const restarted = {
      ...running,
      restartCount: 2,
      lastState: { terminated: { finishedAt: '2026-11-22T19:50:00Z' } },
    };
    const cells = row(
      'pods',
      pod(
        { phase: 'Running', containerStatuses: [restarted] },
        { containers: [{ name: 'c' }, { name: 'd' }], nodeName: 'n1' },
      ),
    );
    expect(cells).toMatchObject({ Ready: '1/2', Restarts: '2 (10m ago)', Node: 'n1', IP: '<none>' });
  });
});

describe('rows of', () => {
  test.each([
    [
      'a cordoned worker',
      'nodes',
      {
        metadata: { name: 'n', labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/infra': '' } },
        spec: { unschedulable: true },
        status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.33.5' } },
      },
      { Status: 'Ready,SchedulingDisabled', Roles: 'infra,worker', Version: 'v1.33.5', 'External-IP': '<none>' },
    ],
    [
      'a node that is not ready',
      'nodes',
      { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
      { Status: 'NotReady', Roles: '<none>', Age: '5m' },
    ],
    [
      'a bound claim',
      'persistentvolumeclaims',
      {
        spec: { volumeName: 'pv', storageClassName: 's', volumeMode: 'Block' },
        status: { phase: 'Bound', capacity: { storage: '10Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
      },
      { Status: 'Bound', Capacity: '10Gi', 'Access Modes': 'RWO,RWX', VolumeMode: 'Block' },
    ],
    [
      'a claim that waits',
      'persistentvolumeclaims',
      { spec: {}, status: { phase: 'Pending' } },
      { Status: 'Pending', Capacity: '', 'Access Modes': '' },
    ],
    [
      'the default storage class',
      'storageclasses.storage.k8s.io',
      {
        metadata: { name: 's', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'p',
      },
      { Name: 's (default)', Provisioner: 'p', AllowVolumeExpansion: false },
    ],
    [
      'an event',
      'events',
      {
        lastTimestamp: '2026-11-22T19:59:50Z',
        type: 'Warning',
        reason: 'FailedMigration',
        involvedObject: { kind: 'VirtualMachineInstanceMigration', name: 'm' },
        message: ' no \n',
      },
      { 'Last Seen': '10s', Object: 'virtualmachineinstancemigration/m', Message: 'no', Count: 1 },
    ],
    [
      'a quota',
      'resourcequotas',
      { status: { hard: { 'requests.cpu': '4', 'limits.cpu': '8' }, used: { 'requests.cpu': '1' } } },
      { Request: 'requests.cpu: 1/4', Limit: 'limits.cpu: 0/8' },
    ],
    [
      'a running VM',
      'virtualmachines.kubevirt.io',
      { status: { printableStatus: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      { Age: '5m', Status: 'Running', Ready: 'True' },
    ],
    ['a VM without status', 'virtualmachines.kubevirt.io', {}, { Status: null, Ready: null }],
    [
      'a VMI',
      'virtualmachineinstances.kubevirt.io',
      {
        status: {
          phase: 'Running',
          nodeName: 'n1',
          interfaces: [{ ipAddress: '10.0.0.1' }],
          conditions: [{ type: 'LiveMigratable', status: 'False' }],
        },
      },
      { Phase: 'Running', IP: '10.0.0.1', NodeName: 'n1', 'Live-Migratable': 'False', Paused: null },
    ],
    [
      'a policy of NMState',
      'nodenetworkconfigurationpolicies.nmstate.io',
      {
        status: {
          conditions: [
            { type: 'Degraded', status: 'False' },
            { type: 'Available', status: 'True', reason: 'SuccessfullyConfigured' },
          ],
        },
      },
      { Status: 'Available', Reason: 'SuccessfullyConfigured' },
    ],
  ])('%s', (_what, resource, object, wanted) => {
    expect(row(resource, object)).toMatchObject(wanted);
  });

  test('every kind can be made of an empty object', () => {
    for (const kind of kinds) expect(Object.keys(row(resourceName(kind), {})).length).toBeGreaterThan(1);
  });
});

describe('ages', () => {
  test.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [125, '2m5s'],
    [600, '10m'],
    [10_799, '179m'],
    [10_800, '3h'],
    [12_060, '3h21m'],
    [28_800, '8h'],
    [172_799, '47h'],
    [172_800, '2d'],
    [180_000, '2d2h'],
    [691_200, '8d'],
    [63_072_000, '2y'],
    [63_158_400, '2y1d'],
    [-1, '0s'],
    [-5, '<invalid>'],
  ])('%i seconds are %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });

  test('never take more than two units', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (seconds) =>
        /^(\d+[smhdy]){1,2}$/.test(humanDuration(seconds * 1000)),
      ),
    );
  });
});

test('no two kinds share a plural, a kind or a short name within a group', () => {
  for (const of of ['plural', 'kind'] as const) {
    const all = kinds.map((kind) => `${kind[of]}.${kind.group}`);
    expect(new Set(all).size).toBe(all.length);
  }
  const short = kinds.flatMap(({ shortNames = [] }) => shortNames);
  expect(new Set(short).size).toBe(short.length);
});
