import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { Clock } from '../src/lab/clock.ts';
import { withMigrationDefaults } from '../src/lab/controllers/new-migration.ts';
import { startLab } from '../src/lab/lab.ts';
import { resources } from '../src/lab/resources.ts';

// An hour of the busy scenario, with a migration asked for every 20 seconds and a node drained half-way: however its
// time is driven, and whatever else the machine does, the log of the store is the same, byte for byte.

const HOUR = 3_600_000;
const START = Date.parse('2026-03-01T08:00:00Z');

interface Log {
  digest: string;
  changes: number;
  /** The first lines, to see where two logs part. */
  head: string[];
}

async function hour(drive: (clock: Clock, ended: Promise<void>) => Promise<void>): Promise<Log> {
  const lab = await startLab({ scenario: 'busy', seed: 'time', speed: 'stopped', startTime: START });
  const { clock, store } = lab;
  const digest = createHash('sha256');
  const head: string[] = [];
  let changes = 0;
  let open = true;
  store.subscribe((event) => {
    if (!open) return;
    const line = `${clock.now()} ${JSON.stringify(event)}\n`;
    digest.update(line);
    if (changes++ < 2000) head.push(line);
  });
  const vmis = store.list(resources.vmis);
  for (let second = 20; second < 3600; second += 20) {
    clock.at(START + second * 1000, () => {
      const { name, namespace = '' } = vmis[(second * 7) % vmis.length]!.metadata;
      const metadata = { name: `at-${second}`, namespace };
      const migration = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceMigration', metadata };
      store.create(resources.migrations, withMigrationDefaults({ ...migration, spec: { vmiName: name } }));
    });
  }
  clock.at(START + HOUR / 2, () => {
    const [node] = store.list(resources.nodes).filter(({ metadata }) => metadata.name.startsWith('worker'));
    store.update(resources.nodes, {
      ...node!,
      spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] },
    } as never);
  });
  const ended = new Promise<void>((resolve) => {
    clock.at(START + HOUR, () => {
      open = false;
      resolve();
    });
  });
  try {
    await drive(clock, ended);
    expect(lab.faults).toEqual([]);
  } finally {
    await lab.stop();
  }
  return { digest: digest.digest('hex'), changes, head };
}

/** Two threads that spin and a timer that blocks this one now and then, for odd times. */
async function disturbed<T>(run: () => Promise<T>): Promise<T> {
  const spinners = [0, 1].map(() => new Worker('for (;;);', { eval: true }));
  let odd = 1;
  const blocker = setInterval(() => {
    odd = (odd * 16_807) % 2_147_483_647;
    const until = performance.now() + (odd % 13);
    while (performance.now() < until);
  }, 40);
  try {
    return await run();
  } finally {
    clearInterval(blocker);
    await Promise.all(spinners.map((spinner) => spinner.terminate()));
  }
}

test('an hour of lab time is the same by hand on a machine at rest, and from event to event or at a factor on a busy one', async () => {
  const byHand = await hour(async (clock) => clock.advanceTo(START + HOUR));
  expect(byHand.changes).toBeGreaterThan(5_000);
  const follow = (speed: number | 'max') => async (clock: Clock, ended: Promise<void>) => {
    clock.drive(speed);
    await ended;
  };
  const busyMax = await disturbed(() => hour(follow('max')));
  const busyFactor = await disturbed(() => hour(follow(3600)));
  for (const other of [busyMax, busyFactor]) {
    const parts = other.head.findIndex((line, index) => line !== byHand.head[index]);
    expect(parts < 0 ? undefined : [other.head[parts], byHand.head[parts]]).toBeUndefined();
    expect(other.changes).toBe(byHand.changes);
    expect(other.digest).toBe(byHand.digest);
  }
});
