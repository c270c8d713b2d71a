import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeVirt, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { StoreEvent } from '../api/store.ts';
import { modify, remove } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { generate } from '../scenarios/generate.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';

let lab: TestLab;
let log: StoreEvent[];

beforeEach(() => {
  lab = testLab(small);
  log = [];
  lab.store.subscribe((event) => log.push(event));
});

function run(limit = 3_600_000): void {
  lab.clock.runUntilIdle(limit);
  expect(lab.faults).toEqual([]);
}

/** Lab time passes until a VMIM has reached a phase. */
function until(migration: VirtualMachineInstanceMigration, phase: string): VirtualMachineInstanceMigration {
  for (let step = 0; step < 200_000; step++) {
    const now = lab.migration(migration);
    if (now?.status?.phase === phase) return now;
    lab.clock.advanceBy(10);
  }
  throw new Error(`${migration.metadata.name} never reached ${phase}`);
}

function states(resource: string, name: string): { type: string; object: VirtualMachineInstanceMigration }[] {
  return log
    .filter((event) => event.resource === resource && event.object.metadata.name === name)
    .map(({ type, object }) => ({ type, object: object as VirtualMachineInstanceMigration }));
}

/** Reasons and messages of the events about an object, in order. */
function eventsOf(kind: string, name: string): string[] {
  return log.flatMap(({ resource, type, object }) => {
    const event = object as unknown as {
      involvedObject: { kind: string; name: string };
      type: string;
      reason: string;
      message: string;
    };
    if (resource !== resources.events || type !== 'ADDED') return [];
    if (event.involvedObject.kind !== kind || event.involvedObject.name !== name) return [];
    return [`${event.type} ${event.reason} ${event.message}`];
  });
}

const PHASES = ['Pending', 'Scheduling', 'Scheduled', 'PreparingTarget', 'TargetReady', 'Running', 'Succeeded'];

/** What a stream of VMIM states shows to a watcher, in KubeVirt's recordings and here alike. */
function shape(stream: { type: string; object: VirtualMachineInstanceMigration }[]): string[] {
  return stream.map(({ type, object }) => {
    const state = Object.keys(object.status?.migrationState ?? {});
    const what = state.length === 0 ? 'none' : state.length === 1 ? state[0] : 'full';
    const finalizer = object.metadata.finalizers === undefined ? 'released' : 'held';
    const observed = object.metadata.annotations?.['kubevirt.io/latest-observed-api-version'] ?? '-';
    return `${type} ${object.status?.phase ?? '-'} ${what} ${finalizer} ${observed}`;
  });
}

describe('a migration', () => {
  test('passes through every phase in KubeVirt’s order, and ends on another node', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    run();
    const phases = lab.migration(migration)?.status?.phaseTransitionTimestamps?.map(({ phase }) => phase);
    expect(phases).toEqual(PHASES);
    const vmi = lab.vmi('shop', 'storefront-web-1');
    expect(vmi.status?.nodeName).not.toBe('worker-0');
    expect(vmi.metadata.labels?.['kubevirt.io/nodeName']).toBe(vmi.status?.nodeName);
    expect(vmi.metadata.labels?.['kubevirt.io/migrationTargetNodeName']).toBeUndefined();
    expect(vmi.status?.migrationState).toMatchObject({
      migrationUid: migration.metadata.uid,
      completed: true,
      sourceNode: 'worker-0',
      mode: 'PreCopy',
    });
    expect(vmi.status?.interfaces?.[0]?.ipAddress).toMatch(/^10\.128\./);
  });

  test('is written in the order that virt-controller was recorded to write it', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    run();
    const recorded = JSON.parse(readFileSync('test/fixtures/recordings/vmim-m1-web01.json', 'utf8')) as {
      type: string;
      object: VirtualMachineInstanceMigration;
    }[];
    expect(shape(states(resources.migrations, migration.metadata.name))).toEqual(shape(recorded));
  });

  test.skipIf(!existsSync('../shared/recordings/run1/vmim.watch.jsonl'))(
    'is written like every successful migration of the recorded run (../shared/recordings)',
    () => {
      const migration = lab.migrate('shop', 'storefront-web-1');
      run();
      const mine = shape(states(resources.migrations, migration.metadata.name));
      const lines = readFileSync('../shared/recordings/run1/vmim.watch.jsonl', 'utf8').trim().split('\n');
      const streams = new Map<string, { type: string; object: VirtualMachineInstanceMigration }[]>();
      for (const line of lines) {
        const event = JSON.parse(line) as { type: string; object: VirtualMachineInstanceMigration };
        const { uid, annotations, name } = event.object.metadata;
        if (
          uid === undefined ||
          event.type === 'DELETED' ||
          annotations?.['kubevirt.io/evacuationMigration'] ||
          name === 'quota-1'
        )
          continue;
        streams.set(uid, [...(streams.get(uid) ?? []), event]);
      }
      const succeeded = [...streams.values()].filter(
        (stream) => stream.at(-1)?.object.status?.phase === 'Succeeded' && stream[0]?.type === 'ADDED',
      );
      expect(succeeded.length).toBeGreaterThan(20);
      // Now and then two writes were coalesced; most streams are whole.
      const alike = succeeded.filter((stream) => JSON.stringify(shape(stream)) === JSON.stringify(mine));
      expect(alike.length / succeeded.length).toBeGreaterThan(0.8);
    },
  );

  test('tells its result on the VMI before the VMIM has it', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    run();
    const completed = log.findIndex(
      ({ resource, object }) =>
        resource === resources.vmis && (object as VirtualMachineInstance).status?.migrationState?.completed === true,
    );
    const succeeded = log.findIndex(
      ({ resource, object }) =>
        resource === resources.migrations && (object as VirtualMachineInstanceMigration).status?.phase === 'Succeeded',
    );
    expect(completed).toBeGreaterThan(0);
    expect(completed).toBeLessThan(succeeded);
    expect((log[succeeded]?.object as VirtualMachineInstanceMigration).status?.migrationState).toEqual({
      sourcePod: expect.stringContaining('virt-launcher'),
    });
    expect(lab.migration(migration)?.status?.migrationState?.completed).toBe(true);
  });

  test('records the events that KubeVirt records, word for word', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    run();
    const target = lab.vmi('shop', 'storefront-web-1').status?.migrationState;
    expect(eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toEqual([
      `Normal SuccessfulCreate Created migration target pod ${target?.targetPod}`,
      'Normal SuccessfulHandOver Migration target pod is ready for preparation by virt-handler.',
      'Normal SuccessfulMigration Source node reported migration succeeded',
    ]);
    const ports = Object.keys(target?.targetDirectMigrationNodePorts ?? {}).join(',');
    expect(eventsOf('VirtualMachineInstance', 'storefront-web-1')).toEqual([
      'Normal PreparingTarget VirtualMachineInstance Migration Target Prepared.',
      `Normal PreparingTarget Migration Target is listening at ${target?.targetNodeAddress}, on ports: ${ports}`,
      'Normal Migrating VirtualMachineInstance is migrating.',
      `Normal Migrated The VirtualMachineInstance migrated to node ${target?.targetNode}.`,
    ]);
  });

  test('leaves its source pod Completed, and shows Migrating only while it copies', () => {
    lab.migrate('shop', 'storefront-web-1');
    run();
    const pods = lab.podsOf.get(lab.vmi('shop', 'storefront-web-1').metadata.uid ?? '');
    expect(pods.map((pod) => pod.status?.phase).sort()).toEqual(['Running', 'Succeeded']);
    const shown = log.flatMap(({ resource, object }) =>
      resource === resources.vms ? [(object as { status?: { printableStatus?: string } }).status?.printableStatus] : [],
    );
    expect(shown).toEqual(['Migrating', 'Running']);
  });

  test('replaces the last one’s migrationState at hand-off, not before', () => {
    const first = lab.migrate('shop', 'storefront-web-1');
    run();
    lab.clock.advanceBy(5000);
    const second = lab.migrate('shop', 'storefront-web-1');
    until(second, 'Scheduled');
    expect(lab.vmi('shop', 'storefront-web-1').status?.migrationState?.migrationUid).toBe(first.metadata.uid);
    until(second, 'PreparingTarget');
    const state = lab.vmi('shop', 'storefront-web-1').status?.migrationState;
    expect(state?.migrationUid).toBe(second.metadata.uid);
    expect(state?.completed).toBeUndefined();
  });

  test('goes to the node its addedNodeSelector names, which cannot override the VM’s own', () => {
    const pinned = lab.migrate('shop', 'storefront-web-1', {
      addedNodeSelector: { 'kubernetes.io/hostname': 'worker-3' },
    });
    const against = lab.migrate('finance', 'license-server', {
      addedNodeSelector: { 'kubernetes.io/hostname': 'worker-3' },
    });
    until(pinned, 'Succeeded');
    expect(lab.vmi('shop', 'storefront-web-1').status?.nodeName).toBe('worker-3');
    const pod = lab.targetPods.get(against.metadata.uid ?? '')[0];
    expect(pod?.spec?.nodeSelector?.['kubernetes.io/hostname']).toBe('worker-1');
  });

  test('asks the hypervisor for what the settings say', () => {
    lab.migrate('shop', 'orders-db');
    run();
    expect(lab.asked[0]?.order).toMatchObject({
      source: 'worker-0',
      bandwidthLimit: 0,
      connections: 8,
      downtimeLimitMs: 300,
      diskBytes: 0,
      guest: { size: 32 * 2 ** 30, zero: 4 * 2 ** 30 },
      // 32Gi are 35 started GB.
      monitor: {
        completionTimeout: 35 * 150,
        progressTimeout: 150,
        allowPostCopy: false,
        allowWorkloadDisruption: false,
      },
    });
  });

  test('of the same seed gives the same run, byte for byte; of another seed, another', () => {
    const hashOf = (seed: string): string => {
      const one = testLab(generate({ nodes: 4, vms: 24, seed: 'fixed' }), { seed });
      const hash = createHash('sha256');
      one.store.subscribe(({ type, resource, object }) =>
        hash.update(`${one.clock.now()} ${type} ${resource} ${JSON.stringify(object)}\n`),
      );
      const movable = one.store
        .list<VirtualMachineInstance>(resources.vmis)
        .filter((vmi) =>
          vmi.status?.conditions?.some(({ type, status }) => type === 'LiveMigratable' && status === 'True'),
        )
        .slice(0, 10);
      for (const vmi of movable) one.migrate(vmi.metadata.namespace ?? '', vmi.metadata.name);
      one.clock.runUntilIdle();
      expect(one.faults).toEqual([]);
      expect(
        one.store.list<VirtualMachineInstanceMigration>(resources.migrations).map(({ status }) => status?.phase),
      ).toEqual(Array(10).fill('Succeeded'));
      return hash.digest('hex');
    };
    expect(hashOf('a')).toBe(hashOf('a'));
    expect(hashOf('a')).not.toBe(hashOf('b'));
  });
});

describe('failure', () => {
  test('before the hand-off leaves no reason anywhere but in events: an unschedulable target, after 300 s', () => {
    const migration = lab.migrate('finance', 'license-server');
    until(migration, 'Scheduling');
    const from = lab.clock.now();
    const failed = until(migration, 'Failed');
    expect(Math.round((lab.clock.now() - from) / 1000)).toBeGreaterThanOrEqual(299);
    expect(Math.round((lab.clock.now() - from) / 1000)).toBeLessThanOrEqual(301);
    expect(Object.keys(failed.status?.migrationState ?? {})).toEqual(['sourcePod']);
    const pod = log.find(({ resource, type }) => resource === resources.pods && type === 'ADDED')?.object.metadata.name;
    expect(eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toEqual([
      `Normal SuccessfulCreate Created migration target pod ${pod}`,
      'Warning migrationTargetPodUnschedulable Migration target pod for VMI [finance/license-server] is currently unschedulable.',
      `Normal SuccessfulDelete unschedulable pod finance/${pod} timeout period exceeded`,
      'Warning FailedMigration Migration target pod was removed during active migration.',
    ]);
    expect(lab.vmi('finance', 'license-server').status?.migrationState).toBeUndefined();
  });

  test.each([
    ['kubevirt.io/migrationUnschedulablePodTimeoutSeconds', 'finance', 'license-server', 'unschedulable', 7, 6],
    ['kubevirt.io/migrationPendingPodTimeoutSeconds', 'shop', 'storefront-web-1', 'pending', 7, 6],
    ['lab.ferry.run/none', 'shop', 'storefront-web-1', 'pending', 900, 899],
  ])(
    'annotation %s decides when VM %s/%s’s %s target pod is given up',
    (annotation, namespace, name, what, seconds, early) => {
      const down = (value: string): void => {
        for (const node of lab.store.list(resources.nodes)) {
          modify(lab, resources.nodes, node, (draft) => {
            if (node.metadata.name !== 'worker-0')
              draft.metadata.annotations = { ...draft.metadata.annotations, 'lab.ferry.run/down': value };
          });
        }
      };
      const given = (): boolean =>
        eventsOf('VirtualMachineInstanceMigration', migration.metadata.name).some((text) =>
          text.startsWith(`Normal SuccessfulDelete ${what} pod`),
        );
      const migration = lab.migrate(namespace, name);
      modify<VirtualMachineInstanceMigration>(lab, resources.migrations, migration, (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, [annotation]: String(seconds) };
      });
      until(migration, 'Scheduling');
      // The pod is bound, but nobody starts it.
      if (what === 'pending') {
        lab.clock.advanceBy(60);
        down('true');
      }
      lab.clock.advanceBy(early * 1000);
      expect(given()).toBe(false);
      lab.clock.advanceBy(2000);
      expect(given()).toBe(true);
      down('false');
      until(migration, 'Failed');
      run();
      expect(Object.keys(lab.migration(migration)?.status?.migrationState ?? {})).toEqual(['sourcePod']);
    },
  );

  test('of the hypervisor is told with its reason, and the VM stays where it was', () => {
    lab = testLab(small, { seconds: 0 });
    log = [];
    lab.store.subscribe((event) => log.push(event));
    const migration = lab.migrate('shop', 'storefront-web-1');
    until(migration, 'Running');
    lab.asked[0]?.done({
      result: 'failed',
      reason: 'Live migration stuck for 150 seconds and has been aborted',
      abortStatus: 'Succeeded',
    });
    run();
    expect(lab.migration(migration)?.status?.phase).toBe('Failed');
    expect(lab.migration(migration)?.status?.migrationState).toMatchObject({
      failed: true,
      completed: true,
      failureReason: 'Live migration stuck for 150 seconds and has been aborted',
      abortStatus: 'Succeeded',
    });
    const vmi = lab.vmi('shop', 'storefront-web-1');
    expect(vmi.status?.nodeName).toBe('worker-0');
    expect(vmi.status?.phase).toBe('Running');
    expect(eventsOf('VirtualMachineInstance', 'storefront-web-1')).toContain(
      `Warning Migrated VirtualMachineInstance migration uid ${migration.metadata.uid} failed. reason:Live migration stuck for 150 seconds and has been aborted`,
    );
    expect(eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toContain(
      'Warning FailedMigration source node reported migration failed',
    );
  });

  test.each([
    ['Scheduling', 'Migration target pod was removed during active migration.', undefined],
    ['PreparingTarget', 'Migration target pod was removed during active migration.', 'Target pod is down'],
    ['Running', 'source node reported migration failed', expect.stringContaining('Lost connection')],
  ])('follows when the target pod is deleted in %s', (phase, message, reason) => {
    lab = testLab(small, { seconds: 0 });
    log = [];
    lab.store.subscribe((event) => log.push(event));
    const migration = lab.migrate('shop', 'storefront-web-1');
    until(migration, phase);
    remove(lab, resources.pods, lab.targetPods.get(migration.metadata.uid ?? '')[0]!);
    run();
    expect(lab.migration(migration)?.status?.phase).toBe('Failed');
    expect(eventsOf('VirtualMachineInstanceMigration', migration.metadata.name).at(-1)).toBe(
      `Warning FailedMigration ${message}`,
    );
    expect(lab.vmi('shop', 'storefront-web-1').status?.migrationState?.failureReason).toEqual(reason);
    expect(lab.vmi('shop', 'storefront-web-1').status).toMatchObject({ phase: 'Running', nodeName: 'worker-0' });
  });

  test('follows when the VM is stopped meanwhile', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    until(migration, 'Running');
    const vm = lab.store.get<KubeVirt>(resources.vms, 'shop', 'storefront-web-1')!;
    modify(lab, resources.vms, vm, (draft) =>
      Object.assign((draft as unknown as { spec: object }).spec, { runStrategy: 'Halted' }),
    );
    run();
    expect(lab.store.get(resources.vmis, 'shop', 'storefront-web-1')).toBeUndefined();
    expect(lab.migration(migration)).toBeUndefined();
  });
});

describe('cancelling by deletion', () => {
  const cancelled = (phase: string): VirtualMachineInstanceMigration => {
    lab = testLab(small, { seconds: 0 });
    log = [];
    lab.store.subscribe((event) => log.push(event));
    const migration = lab.migrate('shop', 'storefront-web-1');
    if (phase !== '') until(migration, phase);
    remove(lab, resources.migrations, migration);
    return migration;
  };

  test.each(['', 'Pending', 'Scheduling', 'Scheduled'])(
    'in phase "%s" removes the target pod and ends Failed, then gone',
    (phase) => {
      const migration = cancelled(phase);
      run();
      expect(lab.migration(migration)).toBeUndefined();
      const last = states(resources.migrations, migration.metadata.name).findLast(
        ({ type }) => type === 'MODIFIED',
      )?.object;
      expect(last?.status?.phase).toBe('Failed');
      expect(last?.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
        ['migrationAbortRequested', 'True'],
      ]);
      expect(eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toContain(
        'Warning FailedMigration Migration failed due to being canceled',
      );
      expect(lab.targetPods.count(migration.metadata.uid ?? '')).toBe(0);
      expect(lab.vmi('shop', 'storefront-web-1').status?.migrationState).toBeUndefined();
      expect(lab.asked).toEqual([]);
    },
  );

  test.each(['PreparingTarget', 'TargetReady', 'Running'])(
    'in phase %s lets it enter Running, then aborts it there',
    (phase) => {
      const migration = cancelled(phase);
      run();
      expect(lab.migration(migration)).toBeUndefined();
      const seen = states(resources.migrations, migration.metadata.name).map(({ object }) => object.status?.phase);
      expect(seen).toContain('Running');
      const vmi = lab.vmi('shop', 'storefront-web-1');
      expect(vmi.status?.migrationState).toMatchObject({
        abortRequested: true,
        abortStatus: 'Succeeded',
        failed: true,
        completed: true,
        failureReason: 'Live migration aborted ',
      });
      expect(vmi.status?.nodeName).toBe('worker-0');
      expect(eventsOf('VirtualMachineInstanceMigration', migration.metadata.name).slice(-2)).toEqual([
        'Normal SuccessfulAbortMigration Migration is ready to be canceled by virt-handler.',
        'Warning FailedMigration source node reported migration failed',
      ]);
      expect(eventsOf('VirtualMachineInstance', 'storefront-web-1')).toContain(
        'Normal Migrating VirtualMachineInstance is aborting migration.',
      );
    },
  );

  test('of a finished one just deletes history', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    run();
    const before = log.length;
    remove(lab, resources.migrations, lab.migration(migration)!);
    run();
    expect(log.slice(before).map(({ type, resource }) => `${type} ${resource}`)).toContain(
      `DELETED ${resources.migrations}`,
    );
    expect(lab.vmi('shop', 'storefront-web-1').status?.nodeName).not.toBe('worker-0');
  });
});

describe('limits', () => {
  /** The most migrations that were under way at once, in all and by source node. */
  function most(): { cluster: number; source: number } {
    const active = new Map<string, string>();
    let cluster = 0;
    let source = 0;
    for (const { resource, object, type } of log) {
      if (resource !== resources.migrations) continue;
      const migration = object as VirtualMachineInstanceMigration;
      const phase = migration.status?.phase ?? '';
      const uid = migration.metadata.uid ?? '';
      if (type === 'DELETED' || ['', 'Pending', 'Succeeded', 'Failed'].includes(phase)) active.delete(uid);
      else active.set(uid, migration.status?.migrationState?.sourcePod ?? '');
      cluster = Math.max(cluster, active.size);
      const nodes = [...active.values()].map(
        (name) => lab.store.get<Pod>(resources.pods, migration.metadata.namespace, name)?.spec?.nodeName ?? '',
      );
      for (const node of nodes) source = Math.max(source, nodes.filter((other) => other === node).length);
    }
    return { cluster, source };
  }

  function migrateAll(): VirtualMachineInstanceMigration[] {
    return lab.store
      .list<VirtualMachineInstance>(resources.vmis)
      .filter((vmi) => vmi.metadata.namespace === 'busy')
      .map((vmi) => lab.migrate('busy', vmi.metadata.name));
  }

  beforeEach(() => {
    const scenario = generate({ nodes: 4, vms: 24, seed: 'limits' });
    const vms = scenario.vms.map((vm) => ({
      ...vm,
      namespace: 'busy',
      disks: vm.disks.map((disk) => ({ ...disk, storage: 'ontap-nas' })),
    }));
    lab = testLab({ ...scenario, namespaces: [{ name: 'busy' }], vms });
    log = [];
    lab.store.subscribe((event) => log.push(event));
  });

  test('keep five at most under way, two from each node; the others wait in Pending without a word', () => {
    const migrations = migrateAll();
    lab.clock.advanceBy(2000);
    const waiting = migrations
      .map((migration) => lab.migration(migration))
      .filter((migration) => migration?.status?.phase === 'Pending');
    expect(waiting.length).toBe(migrations.length - 5);
    expect(waiting.every((migration) => migration?.status?.conditions === undefined)).toBe(true);
    expect(eventsOf('VirtualMachineInstanceMigration', waiting[0]?.metadata.name ?? '')).toEqual([]);
    run();
    expect(most()).toEqual({ cluster: 5, source: 2 });
    expect(migrations.map((migration) => lab.migration(migration)?.status?.phase)).toEqual(
      Array(migrations.length).fill('Succeeded'),
    );
  });

  test('follow HyperConverged at once, without a restart', () => {
    const hco = lab.store.get<KubeVirt>(resources.hyperConvergeds, CNV_NAMESPACE, 'kubevirt-hyperconverged')!;
    modify(lab, resources.hyperConvergeds, hco, (draft) => {
      Object.assign((draft as unknown as { spec: { liveMigrationConfig: object } }).spec.liveMigrationConfig, {
        parallelMigrationsPerCluster: 2,
        parallelOutboundMigrationsPerNode: 1,
      });
    });
    lab.clock.advanceBy(1000);
    migrateAll();
    run();
    expect(most()).toEqual({ cluster: 2, source: 1 });
  });

  test('keep only the five newest finished migrations of a VMI', () => {
    const [vmi] = lab.store.list<VirtualMachineInstance>(resources.vmis, 'busy');
    const made: VirtualMachineInstanceMigration[] = [];
    for (let count = 0; count < 7; count++) {
      made.push(lab.migrate('busy', vmi?.metadata.name ?? ''));
      run();
      lab.clock.advanceBy(3000);
    }
    expect(made.map((migration) => lab.migration(migration) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  test('of a ResourceQuota show as a condition until there is room', () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', namespace: 'busy' },
      spec: { hard: { pods: '1' } },
    };
    lab.store.create(resources.resourceQuotas, quota);
    const [vmi] = lab.store.list<VirtualMachineInstance>(resources.vmis, 'busy');
    const migration = lab.migrate('busy', vmi?.metadata.name ?? '');
    lab.clock.advanceBy(3000);
    const stuck = lab.migration(migration);
    expect(stuck?.status?.phase).toBe('Pending');
    expect(stuck?.status?.conditions).toEqual([
      {
        type: 'migrationRejectedByResourceQuota',
        status: 'True',
        lastProbeTime: expect.any(String),
        lastTransitionTime: null,
      },
    ]);
    expect(eventsOf('VirtualMachineInstance', vmi?.metadata.name ?? '')[0]).toMatch(
      /^Warning FailedCreate Error creating pod: pods "virt-launcher-.*" is forbidden: exceeded quota: q, requested: pods=1, used: pods=\d+, limited: pods=1$/,
    );
    lab.store.delete(resources.resourceQuotas, 'busy', 'q');
    run();
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
    expect(lab.migration(migration)?.status?.conditions ?? []).toEqual([]);
  });
});
