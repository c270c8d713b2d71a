import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { compareText } from '../../model/memo.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { resources } from '../resources.ts';
import { generate } from '../scenarios/generate.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

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
    lab.run();
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
    lab.run();
    const recorded = JSON.parse(readFileSync('test/fixtures/recordings/vmim-m1-web01.json', 'utf8')) as {
      type: string;
      object: VirtualMachineInstanceMigration;
    }[];
    expect(shape(lab.states(migration))).toEqual(shape(recorded));
  });

  test.skipIf(!existsSync('../shared/recordings/run1/vmim.watch.jsonl'))(
    'is written like every successful migration of the recorded run (../shared/recordings)',
    () => {
      const migration = lab.migrate('shop', 'storefront-web-1');
      lab.run();
      const mine = shape(lab.states(migration));
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
    lab.run();
    const completed = lab.log.findIndex(
      ({ resource, object }) =>
        resource === resources.vmis && (object as VirtualMachineInstance).status?.migrationState?.completed === true,
    );
    const succeeded = lab.log.findIndex(
      ({ resource, object }) =>
        resource === resources.migrations && (object as VirtualMachineInstanceMigration).status?.phase === 'Succeeded',
    );
    expect(completed).toBeGreaterThan(0);
    expect(completed).toBeLessThan(succeeded);
    expect((lab.log[succeeded]!.object as VirtualMachineInstanceMigration).status?.migrationState).toEqual({
      sourcePod: expect.stringContaining('virt-launcher'),
    });
    expect(lab.migration(migration)?.status?.migrationState?.completed).toBe(true);
  });

  test('records the events that KubeVirt records, word for word', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.run();
    const target = lab.vmi('shop', 'storefront-web-1').status?.migrationState;
    expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toEqual([
      `Normal SuccessfulCreate Created migration target pod ${target?.targetPod}`,
      'Normal SuccessfulHandOver Migration target pod is ready for preparation by virt-handler.',
      'Normal SuccessfulMigration Source node reported migration succeeded',
    ]);
    const ports = Object.keys(target?.targetDirectMigrationNodePorts ?? {}).join(',');
    expect(lab.eventsOf('VirtualMachineInstance', 'storefront-web-1')).toEqual([
      'Normal PreparingTarget VirtualMachineInstance Migration Target Prepared.',
      `Normal PreparingTarget Migration Target is listening at ${target?.targetNodeAddress}, on ports: ${ports}`,
      'Normal Migrating VirtualMachineInstance is migrating.',
      `Normal Migrated The VirtualMachineInstance migrated to node ${target?.targetNode}.`,
    ]);
  });

  test('leaves its source pod Completed, and shows Migrating only while it copies', () => {
    lab.migrate('shop', 'storefront-web-1');
    lab.run();
    const pods = lab.podsOf.get(lab.vmi('shop', 'storefront-web-1').metadata.uid ?? '');
    expect(pods.map((pod) => pod.status?.phase ?? '').toSorted(compareText)).toEqual(['Running', 'Succeeded']);
    const shown = lab.log.flatMap(({ resource, object }) =>
      resource === resources.vms ? [(object as { status?: { printableStatus?: string } }).status?.printableStatus] : [],
    );
    expect(shown).toEqual(['Migrating', 'Running']);
  });

  test('replaces the last one’s migrationState at hand-off, not before', () => {
    const first = lab.migrate('shop', 'storefront-web-1');
    lab.run();
    lab.clock.advanceBy(5000);
    const second = lab.migrate('shop', 'storefront-web-1');
    lab.until(second, 'Scheduled');
    expect(lab.vmi('shop', 'storefront-web-1').status?.migrationState?.migrationUid).toBe(first.metadata.uid);
    lab.until(second, 'PreparingTarget');
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
    lab.until(pinned, 'Succeeded');
    expect(lab.vmi('shop', 'storefront-web-1').status?.nodeName).toBe('worker-3');
    const pod = lab.targetPods.get(against.metadata.uid ?? '')[0];
    expect(pod?.spec?.nodeSelector?.['kubernetes.io/hostname']).toBe('worker-1');
  });

  test('asks the hypervisor for what the settings say', () => {
    lab.migrate('shop', 'orders-db');
    lab.run();
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
