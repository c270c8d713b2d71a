import { acceptableCompletionTime } from '../../physics/completion-time.ts';
import { Clock } from '../clock.ts';
import { random } from '../random.ts';
import type { MigrationMode, MigrationOrder, MigrationOutcome } from './hypervisor.ts';
import { modelHypervisor } from './model.ts';
import { createNetwork } from './network.ts';

export const GIB = 2 ** 30;
export const MIB = 2 ** 20;
export const START = Date.UTC(2026, 0, 1);

type Change = Partial<Omit<MigrationOrder, 'monitor'>> & { monitor?: Partial<MigrationOrder['monitor']> };

/** A 4 GiB guest that rewrites 64 MiB a few times a second. */
export function orderOf({ monitor, ...change }: Change = {}): MigrationOrder {
  const guest = { size: 4 * GIB, zero: GIB, classes: [{ size: 64 * MIB, writesPerSecond: 5 }] };
  return {
    id: 'm1',
    guest,
    diskBytes: 0,
    source: 'n1',
    target: 'n2',
    bandwidthLimit: 0,
    connections: 8,
    downtimeLimitMs: 300,
    autoConverge: false,
    paused: false,
    ...change,
    monitor: {
      completionTimeout: acceptableCompletionTime(150, (change.guest ?? guest).size),
      progressTimeout: 150,
      allowPostCopy: false,
      allowWorkloadDisruption: false,
      ...monitor,
    },
  };
}

/** Rewrites 2 GiB at a rate that 100 MB/s cannot follow. */
export const busy = { size: 4 * GIB, zero: 0, classes: [{ size: 2 * GIB, writesPerSecond: 2 }] };
export const slow = { guest: busy, bandwidthLimit: 100e6 };

export function lab({ seed = 's', nicSpeed = 1.25e9, world = {} } = {}) {
  const clock = new Clock(START);
  const network = createNetwork({ nicSpeed });
  const hypervisor = modelHypervisor({ clock, rng: random(seed), network, ...world });
  const log: { at: number; id: string; mode?: MigrationMode; outcome?: MigrationOutcome }[] = [];
  const migrate = (change?: Change) => {
    const order = orderOf(change);
    return hypervisor.migrate(order, {
      mode: (mode) => log.push({ at: clock.now() - START, id: order.id, mode }),
      done: (outcome) => log.push({ at: clock.now() - START, id: order.id, outcome }),
    });
  };
  return { clock, network, log, migrate };
}
