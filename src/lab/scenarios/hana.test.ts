import { afterEach, expect, test } from 'vitest';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { withMigrationDefaults } from '../controllers/new-migration.ts';
import { type Lab, startLab } from '../lab.ts';
import { resources } from '../resources.ts';

// The mission's "Test Results and Validation", on the model hypervisor: nothing is waited for, time is virtual.

const running: Lab[] = [];
const SECOND = 1000;
const HOUR = 3600 * SECOND;

afterEach(async () => {
  for (const lab of running.splice(0)) {
    expect(lab.faults).toEqual([]);
    await lab.stop();
  }
});

async function migrating(
  vm: string,
): Promise<{ lab: Lab; phase: () => string | undefined; vmi: () => VirtualMachineInstance }> {
  const lab = await startLab({ scenario: 'hana', speed: 'stopped', startTime: Date.parse('2026-03-01T08:00:00Z') });
  running.push(lab);
  const migration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: 'move', namespace: 'sap' },
    spec: { vmiName: vm },
  };
  lab.store.create(resources.migrations, withMigrationDefaults(migration));
  return {
    lab,
    phase: () => lab.store.get<VirtualMachineInstanceMigration>(resources.migrations, 'sap', 'move')?.status?.phase,
    vmi: () => lab.store.get<VirtualMachineInstance>(resources.vmis, 'sap', vm)!,
  };
}

/** Seconds of lab time until the migration is over. */
async function duration(vm: string): Promise<number> {
  const { lab, phase } = await migrating(vm);
  const from = lab.clock.now();
  while (phase() !== 'Succeeded') {
    expect(phase()).not.toBe('Failed');
    expect(lab.clock.now() - from).toBeLessThan(HOUR);
    lab.clock.advanceBy(SECOND);
  }
  return (lab.clock.now() - from) / SECOND;
}

test('typical VMs take 30 to 60 s', async () => {
  for (const vm of ['hana-app-1', 'hana-app-2']) {
    const seconds = await duration(vm);
    expect(seconds).toBeGreaterThan(30);
    expect(seconds).toBeLessThan(60);
  }
});

test('1 TiB at rest completes in the time that eight streams of 300 MB/s need for what is in use', async () => {
  const seconds = await duration('hana-qas');
  const atLeast = (928 * 2 ** 30) / (8 * 300e6);
  expect(seconds).toBeGreaterThan(atLeast);
  expect(seconds).toBeLessThan(1.15 * atLeast);
});

test('1 TiB under load goes on, does not converge, and is cancelled without harm', async () => {
  const { lab, phase, vmi } = await migrating('hana-prd');
  lab.clock.advanceBy(2 * HOUR);
  expect(phase()).toBe('Running');
  const migration = lab.store.get(resources.migrations, 'sap', 'move')!;
  lab.store.update(resources.migrations, {
    ...migration,
    metadata: { ...migration.metadata, deletionTimestamp: '2026-03-01T10:00:00Z', deletionGracePeriodSeconds: 0 },
  });
  lab.clock.advanceBy(10 * SECOND);
  expect(phase()).toBeUndefined();
  expect(vmi().status).toMatchObject({
    phase: 'Running',
    nodeName: 'worker-0',
    migrationState: { failed: true, completed: true, abortStatus: 'Succeeded' },
  });
});
