import { PAGE, THROTTLE } from './constants.ts';

/** QEMU's accounting between evaluations, and what auto-converge made of it (facts/physics.md A.2, THROTTLE). */
export interface Throttle {
  /** Share of the vCPUs' time taken from them. */
  share: number;
  /** Periods that were too dirty since the last step; a good period does not reset it. */
  high: number;
  periodStart: number;
  periodDirty: number;
  periodSent: number;
  /** Newly dirtied bytes per second over the last period. */
  dirtyRate: number;
}

export function startThrottle(): Throttle {
  return { share: 0, high: 0, periodStart: 0, periodDirty: 0, periodSent: 0, dirtyRate: 0 };
}

/**
 * Accounts a sync at `now` (seconds) that found `newPages` pages newly dirty, `sentBytes` having been sent so far; at
 * syncs more than a second apart it evaluates the dirty rate and, with auto-converge, takes a step.
 */
export function accountSync(
  throttle: Throttle,
  {
    now,
    newPages,
    sentBytes,
    autoConverge,
  }: { now: number; newPages: number; sentBytes: number; autoConverge: boolean },
): void {
  throttle.periodDirty += newPages * PAGE;
  const period = now - throttle.periodStart;
  if (period <= THROTTLE.period) return;
  if (autoConverge && throttle.periodDirty > THROTTLE.trigger * (sentBytes - throttle.periodSent)) {
    throttle.high++;
    if (throttle.high >= 2) {
      throttle.high = 0;
      throttle.share =
        throttle.share === 0 ? THROTTLE.initial : Math.min(throttle.share + THROTTLE.increment, THROTTLE.max);
    }
  }
  throttle.dirtyRate = throttle.periodDirty / period;
  throttle.periodStart = now;
  throttle.periodDirty = 0;
  throttle.periodSent = sentBytes;
}
