import { advanceMigration, type MigrationOrder, sentBytes, startMigration } from './migration.ts';
import { type Bandwidth, remainingBytes } from './precopy.ts';

/** A migration left to itself at a constant bandwidth. Seconds and bytes. */
export type Prediction =
  | {
      converges: true;
      /** From the start to the end on the target. */
      seconds: number;
      /** On the wire. */
      bytes: number;
      downtime: number;
      /** Looks at the dirty bitmap: QEMU's dirty-sync-count. */
      syncs: number;
    }
  | {
      converges: false;
      /** What a sync finds still to be sent, over and over; it would have to be at most `threshold`. */
      remaining: number;
      threshold: number;
      /** Bytes that go out each second, and as many are newly dirtied. */
      rate: number;
    };

/** Runs a migration to its end, or until it is seen to repeat itself for ever. */
export function predict(order: MigrationOrder, bandwidth: Bandwidth): Prediction {
  const migration = startMigration(order);
  while (migration.stages.length > 0) {
    if (advanceMigration(migration, Infinity, bandwidth) < Infinity) continue;
    const { precopy } = migration;
    const rate = Math.min(bandwidth.line, bandwidth.limit);
    return {
      converges: false,
      remaining: remainingBytes(precopy),
      threshold: rate * order.downtimeLimit,
      rate,
    };
  }
  const { elapsed: seconds, downtime, precopy } = migration;
  return { converges: true, seconds, bytes: sentBytes(migration), downtime, syncs: precopy.syncs };
}
