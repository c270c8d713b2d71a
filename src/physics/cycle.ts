import { alike, type Bitmap, cloneBitmap } from './bitmap.ts';
import { THROTTLE } from './constants.ts';
import type { Bandwidth, Precopy } from './precopy.ts';

/**
 * Recognises that a pre-copy repeats itself: at a constant bandwidth the recurrence is a contraction, so a migration
 * that does not converge soon does the same between syncs over and over. Brent's algorithm: the state is compared with
 * one kept from earlier, which is renewed after 1, 2, 4, 8, ... syncs.
 */
export interface Cycle {
  /** The bandwidth this was observed at. */
  line: number;
  limit: number;
  /** Seconds, bytes and syncs of one turn; 0 while none is recognised. */
  seconds: number;
  bytes: number;
  syncs: number;
  /** The state kept for comparison, and how many syncs to keep it. */
  kept: { bitmap: Bitmap; windowSeconds: number; elapsed: number; sentBytes: number; syncs: number } | undefined;
  keepFor: number;
}

/** Pages of a class count as the same when they differ by less than this share of the guest. */
const SAME = 1e-9;

export function startCycle({ line, limit }: Bandwidth = { line: 0, limit: 0 }): Cycle {
  return { line, limit, seconds: 0, bytes: 0, syncs: 0, kept: undefined, keepFor: 1 };
}

/** To be called at every sync. */
export function cycleAtSync(state: Precopy): void {
  const { cycle, throttle, order } = state;
  // Auto-converge ends every cycle but that of a guest it can slow down no further.
  if (cycle.seconds > 0 || (order.autoConverge && throttle.share < THROTTLE.max)) return;
  const { kept } = cycle;
  if (kept !== undefined && same(state, kept)) {
    cycle.seconds = state.elapsed - kept.elapsed;
    cycle.bytes = state.sentBytes - kept.sentBytes;
    cycle.syncs = state.syncs - kept.syncs;
    return;
  }
  if (kept !== undefined && state.syncs - kept.syncs < cycle.keepFor) return;
  cycle.keepFor *= 2;
  const { elapsed, sentBytes, syncs, windowSeconds } = state;
  cycle.kept = { bitmap: cloneBitmap(state.bitmap), windowSeconds, elapsed, sentBytes, syncs };
}

function same(state: Precopy, kept: NonNullable<Cycle['kept']>): boolean {
  const tolerance = SAME * state.classes.total;
  return Math.abs(state.windowSeconds - kept.windowSeconds) < 1e-6 && alike(state.bitmap, kept.bitmap, tolerance);
}
