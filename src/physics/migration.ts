import {
  advance,
  type Bandwidth,
  clonePrecopy,
  lastSync,
  type Precopy,
  type PrecopyOrder,
  remainingBytes,
  remainingOnWire,
  setPaused,
  startPrecopy,
} from './precopy.ts';
import { switchoverOverhead } from './switchover.ts';

export interface MigrationOrder extends PrecopyOrder {
  /** Local disk data that travels first, over one connection. What the guest writes to it meanwhile is not counted. */
  diskBytes: number;
  /** The guest was paused before. */
  paused?: boolean;
}

/** What a migration does one after the other. */
type Stage =
  | { kind: 'disk'; bytes: number }
  | { kind: 'memory' }
  /** The guest is stopped, or runs on the target already; `memory` is what `bytes` on the wire stand for. */
  | { kind: 'last-copy' | 'post-copy'; bytes: number; ofBytes: number; memory: number }
  /** The guest runs nowhere, and nothing of its RAM is sent. */
  | { kind: 'handover'; seconds: number };

/** A whole migration in progress: disks, pre-copy, and one of the two ways to end. Bytes and seconds. */
export interface Migration {
  readonly order: MigrationOrder;
  readonly precopy: Precopy;
  /** The present stage first; empty when done. */
  stages: Stage[];
  elapsed: number;
  /** Bytes on the wire besides those of the pre-copy. */
  otherBytes: number;
  /** When the guest was stopped, and for how long in the end. */
  stoppedAt: number | undefined;
  downtime: number;
}

export function startMigration(order: MigrationOrder): Migration {
  const disk: Stage[] = order.diskBytes > 0 ? [{ kind: 'disk', bytes: order.diskBytes }] : [];
  return {
    order,
    precopy: startPrecopy(order, { paused: order.paused ?? false }),
    stages: [...disk, { kind: 'memory' }],
    elapsed: 0,
    otherBytes: 0,
    stoppedAt: undefined,
    downtime: 0,
  };
}

export function cloneMigration(migration: Migration): Migration {
  return {
    ...migration,
    precopy: clonePrecopy(migration.precopy),
    stages: migration.stages.map((stage) => ({ ...stage })),
  };
}

/** Moves by `seconds` at a constant bandwidth, or to the end of the present stage. Returns the seconds it took. */
export function advanceMigration(migration: Migration, seconds: number, bandwidth: Bandwidth): number {
  const stage = migration.stages[0];
  if (stage === undefined) return 0;
  const took = advanceStage(migration, stage, seconds, bandwidth);
  if (took < Infinity) migration.elapsed += took;
  if (isOver(migration, stage)) endStage(migration, stage);
  return took;
}

function advanceStage(migration: Migration, stage: Stage, seconds: number, bandwidth: Bandwidth): number {
  if (stage.kind === 'memory') return advance(migration.precopy, seconds, bandwidth);
  if (stage.kind === 'handover') {
    const took = Math.min(seconds, stage.seconds);
    stage.seconds -= took;
    return took;
  }
  // A bandwidth limit holds for what the guest runs through; the last copy and post-copy go at the line's rate.
  const rate = stage.kind === 'disk' ? Math.min(bandwidth.line, bandwidth.limit) : bandwidth.line;
  const needed = stage.bytes === 0 ? 0 : stage.bytes / rate;
  const took = Math.min(seconds, needed);
  if (took === Infinity) return Infinity;
  const sent = took === needed ? stage.bytes : took * rate;
  stage.bytes -= sent;
  migration.otherBytes += sent;
  return took;
}

function isOver(migration: Migration, stage: Stage): boolean {
  if (stage.kind === 'memory') return migration.precopy.ready;
  return stage.kind === 'handover' ? stage.seconds === 0 : stage.bytes === 0;
}

function endStage(migration: Migration, stage: Stage): void {
  migration.stages.shift();
  if (stage.kind === 'memory') {
    migration.stoppedAt ??= migration.elapsed;
    migration.stages = [copyRest(migration, 'last-copy'), handover(migration)];
  } else if (stage.kind === 'handover') {
    migration.downtime = migration.elapsed - (migration.stoppedAt ?? migration.elapsed);
  }
}

function copyRest({ precopy }: Migration, kind: 'last-copy' | 'post-copy'): Stage {
  const bytes = remainingOnWire(precopy);
  return { kind, bytes, ofBytes: bytes, memory: remainingBytes(precopy) };
}

function handover({ order }: Migration): Stage {
  return { kind: 'handover', seconds: switchoverOverhead(order.memory.size) };
}

/** Stops the guest for good, so that the pre-copy comes to an end. */
export function pauseGuest(migration: Migration): void {
  setPaused(migration.precopy, true);
  migration.stoppedAt ??= migration.elapsed;
}

/** Hands the guest over at once; the rest of its memory follows. Only a migration in its memory stage can. */
export function startPostCopy(migration: Migration): void {
  lastSync(migration.precopy);
  migration.stoppedAt = migration.elapsed;
  migration.stages = [handover(migration), copyRest(migration, 'post-copy')];
}

/** Bytes on the wire so far. */
export function sentBytes({ precopy, otherBytes }: Migration): number {
  return precopy.sentBytes + otherBytes;
}

/** Bytes of disk and memory still to be sent; pages count in full, as in libvirt's data_remaining. */
export function bytesToGo({ precopy, stages }: Migration): number {
  let total = 0;
  for (const stage of stages) {
    if (stage.kind === 'disk') total += stage.bytes;
    else if (stage.kind === 'memory') total += remainingBytes(precopy);
    else if (stage.kind !== 'handover' && stage.ofBytes > 0) total += (stage.memory * stage.bytes) / stage.ofBytes;
  }
  return total;
}
