import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../src/model/objects.ts';
import { type Era, type Ferry, ferryMcp, type Transport } from './mcp-ferry.ts';

// vm_migration_cancel: a proposal, and its confirmation.

const MIGRATIONS = 'virtualmachineinstancemigrations.kubevirt.io';
const VMIS = 'virtualmachineinstances.kubevirt.io';
const NAME = { name: 'session-cache', namespace: 'shop' };

let lab: Lab;

beforeEach(async () => {
  // A new one each time: KubeVirt pauses longer after each cancelled migration of a VM.
  // It writes memory faster than it can be copied, so it migrates for as long as it is let.
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'mcp-cancel' });
});

afterEach(async () => {
  expect(lab.faults).toEqual([]);
  await lab.stop();
});

const unfinished = (): string[] =>
  lab.store
    .list<VirtualMachineInstanceMigration>(MIGRATIONS)
    .filter(({ spec }) => spec.vmiName === NAME.name)
    .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
    .map(({ metadata }) => metadata.name);

let count = 0;

/** A migration of the VM, once it is in this phase; gives its name. KubeVirt lets it wait after one that failed. */
async function begin(wanted: 'Running' | 'Pending'): Promise<string> {
  const name = `m-${count++}`;
  lab.store.create(MIGRATIONS, {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: NAME.namespace },
    spec: { vmiName: NAME.name },
  } as never);
  const phase = (): string | undefined =>
    lab.store.get<VirtualMachineInstanceMigration>(MIGRATIONS, NAME.namespace, name)?.status?.phase;
  await expect.poll(phase, { timeout: 20_000 }).toBe(wanted);
  return name;
}

async function withFerry(transport: Transport, era: Era, use: (ferry: Ferry) => Promise<void>): Promise<void> {
  const ferry = await ferryMcp(lab.kubeconfig, transport, era, { allowWrites: true });
  try {
    await use(ferry);
  } finally {
    await ferry.close();
  }
}

describe.each<[Transport, Era]>([
  ['stdio', 'legacy'],
  ['http', 'modern'],
])('over %s, era %s', (transport, era) => {
  test('a migration is cancelled once that is confirmed, and not before', async () => {
    await withFerry(transport, era, async ({ call }) => {
      const name = await begin('Running');
      const { structured: proposal, isError, text } = await call('vm_migration_cancel', NAME);
      expect([isError, unfinished()]).toEqual([false, [name]]);
      expect(proposal).toMatchObject({
        summary: `Cancel migration shop/${name} of VM session-cache; the VM stays where it is.`,
        changes: [{ verb: 'delete', object: { namespace: 'shop', name } }],
        effect: [expect.stringMatching(/is Running \(worker-\d -> worker-\d, .*B copied, .*B left\): what was copied/)],
      });
      expect(text).toContain(`delete VirtualMachineInstanceMigration shop/${name}`);
      const wrong = await call('apply_proposal', { id: proposal.id, hash: '0'.repeat(64) });
      expect([wrong.isError, unfinished()]).toEqual([true, [name]]);
      const node = lab.store.get<VirtualMachineInstance>(VMIS, 'shop', NAME.name)?.status?.nodeName;
      const done = await call('apply_proposal', { id: proposal.id, hash: proposal.hash, wait_seconds: 60 });
      expect(done.structured).toMatchObject({
        state: 'done',
        exit: 0,
        summary: `session-cache: cancelled; the VM runs on ${node}.`,
      });
      expect(unfinished()).toEqual([]);
    });
  });

  test('one that ends before it is confirmed is no failure; another migration is not cancelled in its place', async () => {
    await withFerry(transport, era, async ({ call }) => {
      const first = await begin('Running');
      const proposals = [
        (await call('vm_migration_cancel', NAME)).structured,
        (await call('vm_migration_cancel', { name: first })).structured,
      ];
      const cancel = (await call('vm_migration_cancel', NAME)).structured;
      await call('apply_proposal', { id: cancel.id, hash: cancel.hash, wait_seconds: 60 });
      const late = await call('apply_proposal', { id: proposals[1].id, hash: proposals[1].hash, wait_seconds: 60 });
      expect(late.structured).toMatchObject({ state: 'done', exit: 0 });
      expect(late.structured.log).toContain(`${first} had ended before it could be cancelled`);
      const next = await begin('Pending');
      const stale = await call('apply_proposal', { id: proposals[0].id, hash: proposals[0].hash });
      expect([stale.isError, stale.text]).toEqual([true, expect.stringContaining('FERRY_E_STALE')]);
      expect(unfinished()).toEqual([next]);
      const last = (await call('vm_migration_cancel', { name: [next], namespace: 'shop' })).structured;
      await call('apply_proposal', { id: last.id, hash: last.hash, wait_seconds: 60 });
      expect(unfinished()).toEqual([]);
      const none = await call('vm_migration_cancel', NAME);
      expect([none.isError, none.text]).toEqual([true, expect.stringContaining('FERRY_E_NOT_FOUND')]);
    });
  });
});
