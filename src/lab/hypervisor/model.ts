import { type KubeVirtVersion, kubevirt16 } from '../../model/versions/index.ts';
import { CANCEL, MONITOR_POLL } from '../../physics/constants.ts';
import {
  advanceMigration,
  bytesToGo,
  cloneMigration,
  type Migration,
  pauseGuest,
  sentBytes,
  startMigration,
  startPostCopy,
} from '../../physics/migration.ts';
import { allowDowntime, type Bandwidth } from '../../physics/precopy.ts';
import { type StallAction, stallDetector } from '../../physics/stall.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import type {
  Hypervisor,
  MigrationListener,
  MigrationMode,
  MigrationOrder,
  MigrationOutcome,
  RunningMigration,
} from './hypervisor.ts';
import type { Network } from './network.ts';
import { watchMigration } from './watch.ts';

/** Of the bandwidth that the network gives, a migration loses up to this share, anew every second and more rarely later. */
const JITTER = 0.03;
const JITTER_SECONDS = 1;
const JITTER_GROWTH = 0.1;
const EPSILON = 1e-9;

interface World {
  clock: Clock;
  rng: Random;
  network: Network;
  /** The KubeVirt whose monitor watches. Default 1.6. */
  version?: KubeVirtVersion;
}

/**
 * A hypervisor that computes migrations instead of making them: the pre-copy of physics/ in lab time, over a shared
 * network, watched by KubeVirt's monitor. The same seed and the same calls give the same events.
 */
export function modelHypervisor(world: World): Hypervisor {
  return { migrate: (order, on) => migrate({ ...world, rng: world.rng.fork(order.id) }, order, on) };
}

/**
 * One migration. `migration` is its state at `since`; at any moment one timer is set, for the next instant at which
 * something is decided, and `planned` is the state it will have then. Nothing in between needs an event.
 */
function migrate(
  { clock, rng, network, version = kubevirt16 }: World,
  order: MigrationOrder,
  on: MigrationListener,
): RunningMigration {
  const { connections, source, target } = order;
  const limit = order.bandwidthLimit > 0 ? order.bandwidthLimit : Infinity;
  const startedAt = clock.now();
  const watch = watchMigration(order.monitor);
  const { stallDetection } = order.monitor;
  const stalls = stallDetection && stallDetector({ ...order.monitor, ...stallDetection });
  let rounds = 1;
  const total = order.guest.size + order.diskBytes;

  let migration = startMigration({
    memory: order.guest,
    diskBytes: order.diskBytes,
    downtimeLimit: order.downtimeLimitMs / 1000,
    connections,
    autoConverge: order.autoConverge,
    paused: order.paused,
  });
  let since = startedAt;
  let bandwidth: Bandwidth = { line: 0, limit };
  let loss = rng.between(0, JITTER);
  let jitterEnd = JITTER_SECONDS;
  let mode: MigrationMode = 'PreCopy';
  let postCopyRefused = false;
  let state: 'running' | 'cancelling' | 'over' = 'running';
  let timer: Timer | undefined;
  let seen: { migration: Migration; at: number } | undefined;

  const stageOf = (job: Migration) => job.stages[0]?.kind;
  const path = {
    id: order.id,
    source,
    target,
    network: order.network ?? 'pod',
    limit,
    connections: stageOf(migration) === 'disk' ? 1 : connections,
  };
  const { fails } = order;
  const flow =
    fails === undefined
      ? network.open(path, () => {
          settle();
          plan();
        })
      : { bandwidth: () => ({ line: 0, limit }), change: () => undefined, close: () => undefined };
  /** What is known of an abort before it is over. */
  let given: { abortStatus?: 'Succeeded' } = {};
  const failing =
    fails && clock.after(fails.afterMs, () => finish({ result: 'failed', reason: fails.reason, ...given }));

  /** Brings `migration` up to now. */
  function settle(): void {
    if (state !== 'running') return;
    const now = clock.now();
    const before = stageOf(migration);
    advanceMigration(migration, (now - since) / 1000, bandwidth);
    since = now;
    seen = undefined;
    const stage = stageOf(migration);
    if (stage !== before && stage !== undefined) enter(stage);
  }

  function nextPoll(): number {
    return mode === 'PostCopy' ? Infinity : (Math.floor(migration.elapsed / MONITOR_POLL + EPSILON) + 1) * MONITOR_POLL;
  }

  /** Sets the timer for the next decision, given what the network gives now. */
  function plan(): void {
    if (state !== 'running') return;
    timer?.cancel();
    timer = undefined;
    seen = undefined;
    const given = flow.bandwidth();
    bandwidth = { line: given.line * (1 - loss), limit: given.limit };
    const flowing = Math.min(bandwidth.line, bandwidth.limit) > 0;
    watch.flows(flowing, migration.elapsed, bytesToGo(migration));
    const poll = stalls !== undefined ? nextPoll() : postCopyRefused ? Infinity : watch.next();
    let until = poll;
    // Jitter alone must not keep a migration going that will never end and that nobody watches.
    if (flowing && (poll < Infinity || ends(migration, bandwidth))) until = Math.min(until, jitterEnd);
    const planned = cloneMigration(migration);
    const took = advanceMigration(planned, Math.max(0, until - migration.elapsed), bandwidth);
    if (took === Infinity) return;
    timer = clock.at(startedAt + planned.elapsed * 1000, () => arrive(planned, poll));
  }

  function arrive(planned: Migration, poll: number): void {
    const before = stageOf(migration);
    migration = planned;
    since = clock.now();
    const stage = stageOf(migration);
    if (stage === undefined) {
      finish({ result: 'succeeded', downtimeMs: Math.round(migration.downtime * 1000), bytes: sent() });
      return;
    }
    if (migration.elapsed >= jitterEnd - EPSILON) {
      jitterEnd = migration.elapsed + Math.max(JITTER_SECONDS, JITTER_GROWTH * migration.elapsed);
      loss = rng.between(0, JITTER);
    }
    if (stage !== before) enter(stage);
    else if (migration.elapsed >= poll - EPSILON) act();
    plan();
  }

  function enter(stage: NonNullable<ReturnType<typeof stageOf>>): void {
    postCopyRefused = false;
    if (stage === 'memory') flow.change({ connections });
    // A limit is for what the guest runs through; the last copy and post-copy have none.
    if (stage === 'last-copy' || stage === 'post-copy') flow.change({ limit: Infinity });
  }

  /** One poll of the stall detector. KubeVirt looks at rounds when QEMU tells that one begins; here, at the next poll. */
  function actOnStall(): void {
    if (stalls === undefined || mode !== 'PreCopy') return;
    const { elapsed, precopy } = migration;
    let action: StallAction = { act: 'none' };
    if (precopy.syncs === rounds) stalls.sample(precopy.windowRate);
    else action = stalls.round({ elapsed, remaining: bytesToGo(migration) });
    rounds = precopy.syncs;
    if (action.act === 'none') action = stalls.deadline(elapsed);
    if (action.act === 'abort') {
      if (on.gaveUp?.({ why: 'stall', level: action.level, said: action.said }) !== false)
        cancel(version.texts.aborted);
    } else if (action.act === 'post-copy' && stageOf(migration) === 'memory') {
      startPostCopy(migration);
      changeMode('PostCopy');
    } else if (action.act === 'stop') {
      pauseGuest(migration);
      changeMode('Paused');
    } else if (action.act === 'allow-downtime') {
      allowDowntime(migration.precopy, action.seconds);
    }
  }

  /** One poll of KubeVirt's monitor. */
  function act(): void {
    if (stalls !== undefined) {
      actOnStall();
      return;
    }
    const action = watch.poll(bytesToGo(migration));
    if (action.act === 'abort') {
      const { stuck, timedOut } = version.texts;
      if (on.gaveUp?.(action) === false) watch.undo();
      else cancel((action.why === 'stuck' ? stuck : timedOut).replace('%d', String(action.seconds)));
    } else if (action.act === 'pause') {
      pauseGuest(migration);
      changeMode('Paused');
    } else if (action.act === 'post-copy' && stageOf(migration) === 'memory') {
      startPostCopy(migration);
      changeMode('PostCopy');
    } else if (action.act === 'post-copy') {
      // QEMU refuses while disks are mirrored; KubeVirt asks again at every poll.
      watch.undo();
      postCopyRefused = true;
    }
  }

  function changeMode(to: MigrationMode): void {
    mode = to;
    on.mode(to);
  }

  function cancel(reason: string): void {
    state = 'cancelling';
    flow.close();
    timer?.cancel();
    // From 1.9 on what MigrateToURI3 returns is the result, and before it copies nothing wakes it.
    if (fails !== undefined && version.minor >= 9) {
      given = { abortStatus: 'Succeeded' };
      return;
    }
    timer = clock.after(CANCEL * 1000, () => finish({ result: 'failed', reason, abortStatus: 'Succeeded' }));
  }

  function finish(outcome: MigrationOutcome): void {
    state = 'over';
    flow.close();
    timer?.cancel();
    failing?.cancel();
    on.done(outcome);
  }

  function sent(): number {
    return Math.round(sentBytes(migration));
  }

  /** The state at this instant; looking leaves no trace in the run. */
  function look(): Migration {
    if (state !== 'running') return migration;
    const now = clock.now();
    if (seen === undefined || seen.at > now) seen = { migration: cloneMigration(migration), at: since };
    advanceMigration(seen.migration, (now - seen.at) / 1000, bandwidth);
    seen.at = now;
    return seen.migration;
  }

  plan();
  return {
    progress() {
      const now = look();
      const { precopy } = now;
      const stage = stageOf(now);
      const copying = stage === 'memory' ? precopy.windowRate : Math.min(bandwidth.line, bandwidth.limit);
      return {
        elapsedMs: Math.round(now.elapsed * 1000),
        processedBytes: Math.round(sentBytes(now)),
        remainingBytes: Math.round(bytesToGo(now)),
        totalBytes: total,
        transferRate: state === 'running' && stage !== 'handover' ? Math.round(copying) : 0,
        dirtyRate: Math.round(precopy.throttle.dirtyRate),
        iteration: stage === 'disk' ? 0 : precopy.syncs,
        mode,
      };
    },
    abort(reason) {
      if (state !== 'running') return state === 'cancelling';
      settle();
      const stage = stageOf(migration);
      if (stage === 'post-copy' || stage === 'handover' || stage === undefined) return false;
      cancel(reason);
      return true;
    },
    fail(reason) {
      if (state === 'over') return;
      settle();
      state = 'cancelling';
      flow.close();
      timer?.cancel();
      timer = clock.after(0, () => finish({ result: 'failed', reason }));
    },
  };
}

function ends(migration: Migration, bandwidth: Bandwidth): boolean {
  return advanceMigration(cloneMigration(migration), Infinity, bandwidth) < Infinity;
}
