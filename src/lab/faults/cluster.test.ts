import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Node, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { StoreEvent } from '../api/store.ts';
import { conditionOf } from '../controllers/conditions.ts';
import { resources } from '../resources.ts';
import { mathisRate } from './link-lossy.ts';
import { type FaultLab, faultLab } from './testing.ts';

let lab: FaultLab;
let log: StoreEvent[];

beforeEach(async () => {
  lab = await faultLab();
  log = [];
  lab.store.subscribe((event) => log.push(event));
});

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

const vmi = (name: string): VirtualMachineInstance =>
  lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', name)!;
const node = (name: string): Node => lab.store.get<Node>(resources.nodes, undefined, name)!;
const eventsOf = (name: string): string[] =>
  log.flatMap(({ resource, type, object }) => {
    const event = object as unknown as { involvedObject: { name: string }; reason: string; message: string };
    return resource === resources.events && type === 'ADDED' && event.involvedObject.name === name
      ? [`${event.reason} ${event.message}`]
      : [];
  });

/** A migration of a VM in the namespace shop, created as a client does. */
async function migrate(name: string, to?: string): Promise<() => VirtualMachineInstanceMigration> {
  const path = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstancemigrations';
  const spec = { vmiName: name, ...(to === undefined ? {} : { addedNodeSelector: { 'kubernetes.io/hostname': to } }) };
  const body = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { generateName: 'test-' },
    spec,
  };
  const answer = await lab.ask('POST', path, body);
  expect(answer.status).toBe(201);
  const created = JSON.parse(answer.text) as VirtualMachineInstanceMigration;
  return () => lab.store.get(resources.migrations, 'shop', created.metadata.name)!;
}

/** Advances until a migration is in one of these phases; returns the seconds it took. */
function until(migration: () => VirtualMachineInstanceMigration, ...phases: string[]): number {
  const from = lab.clock.now();
  while (!phases.includes(migration().status?.phase ?? '')) {
    if (lab.clock.now() - from > 24 * 3600_000) throw new Error(`it stays ${migration().status?.phase}`);
    lab.clock.advanceBy(100);
  }
  return (lab.clock.now() - from) / 1000;
}

const reason = (name: string): string | undefined => vmi(name).status?.migrationState?.failureReason;

describe('node-not-ready', () => {
  test('makes a node Unknown while it lasts', () => {
    const ready = () => conditionOf(node('worker-2').status?.conditions, 'Ready')?.status;
    lab.inject('node-not-ready', { node: 'worker-2', for: '2m' });
    lab.clock.advanceBy(60_000);
    expect(ready()).toBe('Unknown');
    expect(node('worker-2').spec?.taints?.length).toBe(2);
    lab.clock.advanceBy(70_000);
    expect(ready()).toBe('True');
    expect(node('worker-2').spec?.taints).toBeUndefined();
    expect(node('worker-2').metadata.annotations?.['lab.ferry.run/down']).toBeUndefined();
  });

  test('makes virt-controller mark the node unschedulable for VMs after 5 minutes', () => {
    lab.inject('node-not-ready', { node: 'worker-2', for: '10m' });
    lab.clock.advanceBy(590_000);
    expect(node('worker-2').metadata.labels?.['kubevirt.io/schedulable']).toBe('false');
    lab.clock.advanceBy(120_000);
    expect(node('worker-2').metadata.labels?.['kubevirt.io/schedulable']).toBe('true');
  });
});

describe.each([
  ['node-not-ready', 'of the source'],
  ['virt-handler-crash', 'of the source'],
])('%s %s', (name) => {
  test('leaves a migration that broke Running until someone is there to tell', async () => {
    const migration = await migrate('orders-db', 'worker-1');
    until(migration, 'Running');
    lab.inject(name, { node: 'worker-0', for: '2m' });
    lab.clock.advanceBy(119_000);
    expect(migration().status?.phase).toBe('Running');
    until(migration, 'Failed');
    expect(reason('orders-db')).toContain('Lost connection to destination host');
    until(await migrate('orders-db', 'worker-1'), 'Succeeded');
  });
});

describe('virt-handler-crash', () => {
  const pod = (): Pod =>
    lab.store
      .list<Pod>(resources.pods, 'openshift-cnv')
      .find(
        ({ metadata, spec }) => metadata.labels?.['kubevirt.io'] === 'virt-handler' && spec?.nodeName === 'worker-1',
      )!;
  const ready = (): string | undefined => conditionOf(pod().status?.conditions, 'Ready')?.status;

  test('breaks what copies, holds up what begins, and ends with a restart', async () => {
    const running = await migrate('orders-db', 'worker-1');
    until(running, 'Running');
    lab.clock.advanceBy(1000);
    lab.inject('virt-handler-crash', { node: 'worker-1', for: '40s' });
    until(running, 'Failed');
    expect(reason('orders-db')).toContain('Lost connection to destination host');
    expect(vmi('orders-db').status).toMatchObject({ phase: 'Running', nodeName: 'worker-0' });
    const waiting = await migrate('storefront-web-1', 'worker-1');
    lab.clock.advanceBy(20_000);
    expect(waiting().status?.phase).toBe('PreparingTarget');
    expect(pod().status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(eventsOf(pod().metadata.name)[0]).toContain(
      'BackOff Back-off restarting failed container virt-handler in pod',
    );
    lab.clock.advanceBy(30_000);
    expect(ready()).toBe('True');
    expect(pod().status?.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(3);
    until(waiting, 'Succeeded');
    expect(vmi('storefront-web-1').status?.nodeName).toBe('worker-1');
  });
});

test('virt-handler-rollout restarts every virt-handler', () => {
  const uids = (): (string | undefined)[] =>
    lab.store
      .list<Pod>(resources.pods, 'openshift-cnv')
      .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-handler')
      .map(({ metadata }) => metadata.uid);
  const before = uids();
  expect(lab.inject('virt-handler-rollout').until).toBeDefined();
  lab.clock.advanceBy(30 * 60_000);
  expect(uids()).toHaveLength(before.length);
  for (const uid of uids()) expect(before).not.toContain(uid);
});

describe('links', () => {
  /** Seconds that a move of orders-db (32 GiB) from worker-0 to worker-1 copies. */
  async function copying(): Promise<number> {
    const migration = await migrate('orders-db', 'worker-1');
    until(migration, 'Running');
    return until(migration, 'Succeeded');
  }

  test.each([
    ['link-slow of its node', 'link-slow', { node: 'worker-0', gbps: '5' }, 2],
    ['link-slow of its target', 'link-slow', { node: 'worker-1', gbps: '5' }, 2],
    [
      'link-slow between the two, however they are named',
      'link-slow',
      { node: 'worker-1', 'to-node': 'worker-0', gbps: '5' },
      2,
    ],
    ['link-slow between others', 'link-slow', { node: 'worker-1', 'to-node': 'worker-2', gbps: '5' }, 1],
    // 8 connections of 1448 B / 1 ms * sqrt(1.5 / 0.00058) = 74 MB/s each, half of the link's 1.175 GB/s.
    ['link-lossy with 0.058 %', 'link-lossy', { node: 'worker-0', loss: '0.058%' }, 2],
    ['link-lossy with 0.001 %, which costs nothing', 'link-lossy', { node: 'worker-0', loss: '0.001%' }, 1],
  ])('a migration with %s copies accordingly longer', async (_, name, given, factor) => {
    const usual = await copying();
    await lab.stop();
    lab = await faultLab();
    lab.inject(name, given);
    const now = await copying();
    expect(now / usual).toBeGreaterThan(factor * 0.75);
    expect(now / usual).toBeLessThan(factor * 1.5);
  });

  test('the Mathis formula gives 17.7 MB/s for 1 % at 1 ms', () => {
    expect(mathisRate(0.01, 1) / 1e6).toBeCloseTo(17.73, 1);
  });

  test('that are down for less than libvirt’s keepalive only cost time', async () => {
    const migration = await migrate('orders-db', 'worker-1');
    until(migration, 'Running');
    lab.inject('link-down', { node: 'worker-1', for: '29s' });
    until(migration, 'Succeeded', 'Failed');
    expect(migration().status?.phase).toBe('Succeeded');
  });

  test('that stay down end what copies after 30 s, with libvirt’s words', async () => {
    const migration = await migrate('orders-db', 'worker-1');
    until(migration, 'Running');
    lab.clock.advanceBy(2000);
    lab.inject('link-down', { node: 'worker-1' });
    const took = until(migration, 'Succeeded', 'Failed');
    expect(Math.round(took)).toBeGreaterThanOrEqual(30);
    expect(took).toBeLessThan(33);
    expect(reason('orders-db')).toContain(
      "virError(Code=9, Domain=10, Message='operation failed: Lost connection to destination host')",
    );
    expect(vmi('orders-db').status).toMatchObject({ phase: 'Running', nodeName: 'worker-0' });
  });

  test('that are down before a migration begins end it after 127 s', async () => {
    lab.inject('link-down', { node: 'worker-0', 'to-node': 'worker-1' });
    const migration = await migrate('orders-db', 'worker-1');
    until(migration, 'Running');
    const took = until(migration, 'Succeeded', 'Failed');
    expect(took).toBeGreaterThan(126);
    expect(took).toBeLessThan(130);
    expect(reason('orders-db')).toContain('End of file while reading data: Input/output error');
    const elsewhere = await migrate('orders-db', 'worker-2');
    until(elsewhere, 'Succeeded');
    lab.injector.clear();
  });
});

describe('target pods', () => {
  test('stay Pending with target-pending until it ends', async () => {
    lab.inject('target-pending', { vm: 'shop/orders-db', for: '2m' });
    const migration = await migrate('orders-db');
    const other = await migrate('storefront-web-1');
    lab.clock.advanceBy(110_000);
    expect(migration().status?.phase).toBe('Scheduling');
    expect(other().status?.phase).not.toBe('Scheduling');
    const pod = lab.store.list<Pod>(resources.pods, 'shop').find(({ status }) => status?.phase === 'Pending')!;
    expect(pod.spec?.nodeName).toBeDefined();
    expect(eventsOf(pod.metadata.name)).toContain(
      'FailedCreatePodSandBox Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    );
    until(migration, 'Succeeded');
  });

  test.each([
    ['Scheduled', 'Migration failed because target pod shutdown during migration'],
    ['Running', 'Migration failed because target pod shutdown during migration'],
  ])('crash with target-crash in phase %s', async (phase, text) => {
    lab.inject('target-crash', { phase });
    const migration = await migrate('orders-db');
    until(migration, 'Failed', 'Succeeded');
    lab.clock.advanceBy(5000);
    expect(eventsOf(migration().metadata.name)).toContain(`FailedMigration ${text}`);
    expect(vmi('orders-db').status).toMatchObject({ phase: 'Running', nodeName: 'worker-0' });
    expect(vmi('orders-db').status?.migrationState?.completed ?? true).toBe(true);
    lab.injector.clear('target-crash');
    until(await migrate('orders-db'), 'Succeeded');
  });

  test('are turned down by the quota of quota-exceeded, in Kubernetes’s words, until it ends', async () => {
    lab.inject('quota-exceeded', { namespace: 'shop', for: '1m' });
    const migration = await migrate('orders-db');
    lab.clock.advanceBy(30_000);
    expect(migration().status?.phase).toBe('Pending');
    expect(conditionOf(migration().status?.conditions, 'migrationRejectedByResourceQuota')?.status).toBe('True');
    expect(eventsOf('orders-db').join('\n')).toMatch(
      /FailedCreate Error creating pod: pods "virt-launcher-orders-db-\w+" is forbidden: exceeded quota: lab-fault-1, requested: pods=1, used: pods=\d+, limited: pods=\d+/,
    );
    lab.clock.advanceBy(40_000);
    until(migration, 'Succeeded');
    expect(lab.store.count(resources.resourceQuotas)).toBe(0);
  });
});

describe('migrations', () => {
  test('with migration-stuck are given up by KubeVirt after its progress timeout', async () => {
    lab.inject('migration-stuck', { vm: 'shop/orders-db' });
    const migration = await migrate('orders-db');
    until(migration, 'Running');
    const took = until(migration, 'Failed', 'Succeeded');
    expect(took).toBeGreaterThan(150);
    expect(took).toBeLessThan(160);
    expect(reason('orders-db')).toMatch(/^Live migration stuck for \d+ seconds and has been aborted$/);
    lab.injector.clear();
    until(await migrate('orders-db'), 'Succeeded');
  });

  test('with migration-diverging run into the completion timeout; the guest is as before afterwards', async () => {
    const before = vmi('orders-db').metadata.annotations?.['lab.ferry.run/memory-writes'];
    lab.inject('migration-diverging', { vm: 'shop/orders-db' });
    lab.clock.advanceBy(1000);
    const migration = await migrate('orders-db');
    until(migration, 'Running');
    until(migration, 'Failed', 'Succeeded');
    expect(reason('orders-db')).toBe('Live migration is not completed after 5250 seconds and has been aborted');
    lab.injector.clear();
    lab.clock.advanceBy(1000);
    expect(vmi('orders-db').metadata.annotations?.['lab.ferry.run/memory-writes']).toBe(before);
    until(await migrate('orders-db'), 'Succeeded');
  });
});

test('volume-detached pauses a VM with an I/O error until the volume is back', () => {
  const paused = () => conditionOf(vmi('orders-db').status?.conditions, 'Paused');
  const ready = () => conditionOf(vmi('orders-db').status?.conditions, 'Ready')?.status;
  lab.inject('volume-detached', { vm: 'shop/orders-db', for: '1m' });
  lab.clock.advanceBy(1000);
  expect(paused()).toMatchObject({
    status: 'True',
    reason: 'PausedIOError',
    message: 'VMI was paused, low-level IO error detected',
  });
  expect(ready()).toBe('False');
  expect(eventsOf('orders-db')).toContain('IOerror VM Paused due to IO error at the volume: rootdisk');
  lab.clock.advanceBy(60_000);
  expect(paused()).toBeUndefined();
  expect(ready()).toBe('True');
});

describe('clock-skew', () => {
  test.each([
    ['5m', '2026-03-01T08:05:00Z'],
    ['-1h', '2026-03-01T07:00:00Z'],
  ])('of %s is in the API server’s Date header and in what it stamps', async (by, time) => {
    lab.inject('clock-skew', { by, for: '1m' });
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stamped', namespace: 'shop' } };
    const answer = await lab.ask('POST', '/api/v1/namespaces/shop/configmaps', map);
    expect(new Date(String(answer.headers['date'])).toISOString()).toBe(time.replace('Z', '.000Z'));
    expect((JSON.parse(answer.text) as { metadata: { creationTimestamp: string } }).metadata.creationTimestamp).toBe(
      time,
    );
    lab.clock.advanceBy(60_000);
    expect((await lab.ask('GET', '/version')).headers['date']).toBe('Sun, 01 Mar 2026 08:01:00 GMT');
  });

  test('of a node shows in its lease and heartbeats; virt-controller distrusts one that is 6 minutes old', () => {
    lab.inject('clock-skew', { by: '-6m', node: 'worker-1', for: '5m' });
    lab.clock.advanceBy(100_000);
    const lease = lab.store.get(resources.leases, 'kube-node-lease', 'worker-1') as unknown as {
      spec: { renewTime: string };
    };
    expect(lease.spec.renewTime).toBe('2026-03-01T07:55:40.000000Z');
    expect(node('worker-1').metadata.annotations?.['kubevirt.io/heartbeat']).toContain('2026-03-01T07:55');
    expect(node('worker-1').metadata.labels?.['kubevirt.io/schedulable']).toBe('false');
    expect(conditionOf(node('worker-1').status?.conditions, 'Ready')?.status).toBe('True');
    lab.clock.advanceBy(300_000);
    expect(node('worker-1').metadata.labels?.['kubevirt.io/schedulable']).toBe('true');
  });
});
