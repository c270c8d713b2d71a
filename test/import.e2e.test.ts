import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';
import { parseSnapshot, serializeSnapshot } from '../src/cluster/saved-snapshot.ts';
import { type Lab, type LabOptions, startLab } from '../src/lab/lab.ts';
import { scenarios } from '../src/lab/scenarios/index.ts';
import type { VirtualMachineInstance } from '../src/model/objects.ts';
import { itemsOf, type Snapshot } from '../src/model/snapshot.ts';

// A Snapshot of a cluster makes a lab; what Ferry reads of that lab is the Snapshot.

const directory = mkdtempSync(join(tmpdir(), 'ferry-import-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;

async function withLab<T>(options: LabOptions, use: (lab: Lab, kubeconfig: string) => Promise<T>): Promise<T> {
  const kubeconfigPath = join(directory, `kubeconfig-${files++}`);
  const lab = await startLab({ ...options, kubeconfigPath });
  try {
    return await use(lab, kubeconfigPath);
  } finally {
    await lab.stop();
    expect(lab.faults).toEqual([]);
  }
}

async function snapshotOf(kubeconfig: string): Promise<Snapshot> {
  const { code, stdout, stderr } = await run(['snapshot', '-A', '--kubeconfig', kubeconfig]);
  expect([code, stderr]).toEqual([0, '']);
  return await parseSnapshot(stdout, 'stdout');
}

/** What must be the same: not the versions that the store counts, nor who is measured doing what. */
function essence(snapshot: Snapshot): string {
  const text = serializeSnapshot({ ...snapshot, takenAt: '', guests: { known: true, items: [] } });
  return text.replaceAll(/"resourceVersion":"\d+",?/g, '').replaceAll(/,}/g, '}');
}

const start = Date.parse('2026-05-04T10:00:00Z');

describe('a lab made from a Snapshot', () => {
  test.each(Object.keys(scenarios).filter((name) => name !== 'busy'))(
    'of %s reads as the Snapshot does',
    async (name) => {
      const original = await withLab({ scenario: name, speed: 'stopped', startTime: start }, async (_, kubeconfig) =>
        snapshotOf(kubeconfig),
      );
      const twin = await withLab({ from: original, speed: 'stopped' }, async (lab, kubeconfig) => {
        expect(lab.clock.now()).toBe(Date.parse(original.takenAt));
        return await snapshotOf(kubeconfig);
      });
      expect(essence(twin)).toBe(essence(original));
    },
  );

  test('stays as it is while nothing happens', async () => {
    const original = await withLab({ scenario: 'small', speed: 'stopped', startTime: start }, async (_, kubeconfig) =>
      snapshotOf(kubeconfig),
    );
    const later = await withLab({ from: original, speed: 'stopped' }, async (lab, kubeconfig) => {
      lab.clock.advanceBy(3_600_000);
      return await snapshotOf(kubeconfig);
    });
    const placed = (snapshot: Snapshot): string[] =>
      itemsOf(snapshot.lists.virtualMachineInstances).map(
        (vmi) => `${vmi.metadata.name} ${vmi.status?.phase} ${vmi.status?.nodeName} ${conditionsOf(vmi)}`,
      );
    expect(placed(later)).toEqual(placed(original));
    const pods = (snapshot: Snapshot): string[] => itemsOf(snapshot.lists.pods).map(({ metadata }) => metadata.name);
    expect(pods(later).sort()).toEqual(pods(original).sort());
  });

  test('moves its VMs, and its guests do what virt-handler measured', async () => {
    const original = await withLab({ scenario: 'small', speed: 'stopped', startTime: start }, async (_, kubeconfig) =>
      snapshotOf(kubeconfig),
    );
    await withLab({ from: original, speed: 50 }, async (lab, kubeconfig) => {
      const before = lab.store.get<VirtualMachineInstance>(
        'virtualmachineinstances.kubevirt.io',
        'shop',
        'storefront-web-1',
      );
      const moved = await run(['move', 'storefront-web-1', '-n', 'shop', '--yes', '--kubeconfig', kubeconfig]);
      expect([moved.code, moved.stdout]).toEqual([0, '1 of 1 moved\n']);
      const after = lab.store.get<VirtualMachineInstance>(
        'virtualmachineinstances.kubevirt.io',
        'shop',
        'storefront-web-1',
      );
      expect(after?.status?.nodeName).not.toBe(before?.status?.nodeName);
      // session-cache rewrites faster than it can be copied: measured, then done.
      const stuck = await run(['check', 'session-cache', '-n', 'shop', '-o', 'json', '--kubeconfig', kubeconfig]);
      expect(stuck.code).toBeLessThan(2);
      const guests = (await snapshotOf(kubeconfig)).guests;
      const rate = (of: Snapshot['guests'], name: string): number =>
        of?.known === true ? (of.items.find((guest) => guest.name === name)?.dirtyRate ?? 0) : 0;
      for (const name of ['session-cache', 'orders-db', 'storefront-web-1']) {
        expect(rate(guests, name) / rate(original.guests, name)).toBeCloseTo(1, 1);
      }
    });
  });
});

function conditionsOf(vmi: VirtualMachineInstance): string {
  return (vmi.status?.conditions ?? [])
    .map(({ type, status, reason }) => `${type}=${status}/${reason ?? ''}`)
    .join(',');
}

describe('ferry lab start --from', () => {
  const save = (name: string, change: (snapshot: Snapshot) => void, snapshot: Snapshot): string => {
    const copy = structuredClone(snapshot);
    change(copy);
    const file = join(directory, name);
    writeFileSync(file, serializeSnapshot(copy));
    return file;
  };

  test('tells what the snapshot does not hold', async () => {
    const original = await withLab({ scenario: 'small', speed: 'stopped', startTime: start }, async (_, kubeconfig) =>
      snapshotOf(kubeconfig),
    );
    const bare = structuredClone(original);
    delete bare.guests;
    bare.lists.nodeNetworkStates = { known: false, why: 'missing', message: 'not served' };
    bare.lists.volumes = { known: false, why: 'failed', message: 'not in the file' };
    bare.lists.resourceQuotas = { known: false, why: 'forbidden', message: 'no' };
    await withLab({ from: bare, speed: 'stopped' }, async (lab) => {
      await Promise.resolve();
      expect(lab.assumptions).toEqual([
        'There are no resourceQuotas, volumes: the snapshot could not read them.',
        'The NIC of 7 nodes carries 10 Gbit/s: no NodeNetworkState tells its speed.',
        '13 guests rewrite a 64th of their memory every 8 s: no dirty rate was measured.',
        'Every volume can be attached on every node: the snapshot has no PersistentVolumes.',
      ]);
    });
  });

  test.each<[string, string[], number, string]>([
    ['a file that is not there', ['--from', join(directory, 'nothing.json')], 2, 'does not exist'],
    [
      'a snapshot and a scenario',
      ['--from', 'x.json', '--scenario', 'small'],
      2,
      '--scenario and --from exclude each other',
    ],
  ])('refuses %s', async (_, flags, code, message) => {
    const env = { XDG_STATE_HOME: join(directory, 'state') };
    const result = await run(['lab', 'start', ...flags], { env });
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  test('refuses a snapshot without nodes, naming the right that would have given them', async () => {
    const original = await withLab({ scenario: 'sno', speed: 'stopped', startTime: start }, async (_, kubeconfig) =>
      snapshotOf(kubeconfig),
    );
    const file = save(
      'no-nodes.json',
      ({ lists }) => {
        const rule = { apiGroup: '', resource: 'nodes', verb: 'list' as const };
        lists.nodes = { known: false, why: 'forbidden', message: 'nodes is forbidden', rule };
      },
      original,
    );
    const result = await run(['lab', 'start', '--from', file], { env: { XDG_STATE_HOME: join(directory, 'state') } });
    expect([result.code, result.stderr]).toEqual([7, expect.stringContaining('nodes')]);
  });
});
