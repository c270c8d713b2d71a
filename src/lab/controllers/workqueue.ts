import type { Timer } from '../clock.ts';
import type { Cluster } from '../cluster.ts';
import type { Duty } from '../duty.ts';

/** When a key wants to be looked at again. Background: it must not keep a lab at rest awake. */
export interface Requeue {
  afterMs: number;
  background?: boolean;
}

export interface Workqueue {
  add(key: string): void;
  addAfter(key: string, requeue: Requeue): void;
}

/**
 * A controller's queue on the lab's clock: a key that was added is reconciled once, a seeded latency later, however
 * often it was added meanwhile. A reconcile that throws is recorded as a fault of the lab and tried again with
 * back-off, as client-go's rate limiter does (5 ms doubling, here from 1 s to 5 min). While a component that it needs does
 * not work, its keys wait for that.
 */
export function workqueue(
  cluster: Cluster,
  name: string,
  latency: { from: number; to: number },
  reconcile: (key: string) => Requeue | undefined,
  needs: readonly Duty[] = [],
): Workqueue {
  const random = cluster.random.fork(`queue/${name}`);
  const queued = new Set<string>();
  const delayed = new Map<string, Timer>();
  const failures = new Map<string, number>();
  const held = new Set<string>();

  const run = (key: string): void => {
    queued.delete(key);
    // A reconcile decides anew when it wants to look again.
    delayed.get(key)?.cancel();
    delayed.delete(key);
    const missing = needs.find((duty) => !duty.works());
    if (missing !== undefined) {
      hold(key, missing);
      return;
    }
    try {
      const again = reconcile(key);
      failures.delete(key);
      if (again !== undefined) queue.addAfter(key, again);
    } catch (error) {
      cluster.faults.push(error instanceof Error ? error : new Error(String(error)));
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      queue.addAfter(key, { afterMs: Math.min(1000 * 2 ** count, 300_000), background: true });
    }
  };
  const hold = (key: string, missing: Duty): void => {
    if (held.has(key)) return;
    held.add(key);
    missing.whenWorks(() => {
      held.delete(key);
      queue.add(key);
    });
  };
  const queue: Workqueue = {
    add: (key) => {
      if (queued.has(key)) return;
      queued.add(key);
      cluster.clock.after(random.between(latency.from, latency.to), () => run(key));
    },
    addAfter: (key, { afterMs, background = false }) => {
      delayed.get(key)?.cancel();
      const timer = cluster.clock.after(
        afterMs,
        () => {
          delayed.delete(key);
          queue.add(key);
        },
        { background },
      );
      delayed.set(key, timer);
    },
  };
  return queue;
}
