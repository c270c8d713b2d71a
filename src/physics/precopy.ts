import { ahead, type Bitmap, cloneBitmap, fullBitmap, pagesOf, sweep, syncBitmap } from './bitmap.ts';
import {
  CLEAR_CHUNK,
  ITERATE,
  MULTIFD_PAGE_ON_WIRE,
  MULTIFD_ZERO_PAGE_ON_WIRE,
  PAGE,
  PAGE_ON_WIRE,
  THROTTLE,
  WINDOW,
  ZERO_PAGE_ON_WIRE,
  ZERO_SCAN_RATE,
} from './constants.ts';
import { type Cycle, cycleAtSync, startCycle } from './cycle.ts';
import { type GuestMemory, type PageClasses, pageClasses, ZERO_CLASS } from './guest.ts';
import { accountSync, startThrottle, type Throttle } from './throttle.ts';

/** What a pre-copy is asked to do. */
export interface PrecopyOrder {
  memory: GuestMemory;
  /** Seconds. */
  downtimeLimit: number;
  /** Parallel connections; more than one means multifd. */
  connections: number;
  autoConverge: boolean;
  /** Bytes of zero memory one thread scans in a second. */
  zeroScanRate?: number;
  /** Bytes of RAM that are write-protected together. */
  clearChunk?: number;
}

/** What the stream gets at an instant, in bytes per second. */
export interface Bandwidth {
  /** What the line would carry for it. */
  line: number;
  /** QEMU's max-bandwidth: a quota for each window, sent at the line's rate, after which the thread sleeps. Infinity: none. */
  limit: number;
}

/**
 * A pre-copy of RAM in progress: the round recurrence of facts/physics.md A.5 as a machine that moves by any number of
 * seconds at any bandwidth. It follows QEMU's source thread (A.2) call by call - calls of 50 ms, windows of 100 ms, a
 * sync only when what remains is below the threshold - with numbers of pages instead of pages. Far from a decision it
 * moves in one step; in a steady cycle it moves by whole cycles.
 *
 * A.5 as written there misses the page-level reference, so this departs from it where the reference showed why:
 * - calls are followed one by one, not by a mean overshoot of half a call;
 * - the sweep keeps its place in the RAM, so leftovers of a round go first in the next (see Bitmap);
 * - a sweep over a part of the RAM has the exposure of that part;
 * - zero pages take a thread's time besides the line's, since one thread does both (with multifd: each connection's),
 *   and under a limit that time falls into what the thread would sleep.
 */
export interface Precopy {
  order: PrecopyOrder;
  readonly classes: PageClasses;
  bitmap: Bitmap;
  /** Seconds. */
  elapsed: number;
  /** Bytes on the wire. */
  sentBytes: number;
  /** QEMU's dirty-sync-count; the first is that of the set-up. */
  syncs: number;
  /** Seconds since the last sync, and of them those in which the guest ran (a throttled guest runs a part of them). */
  roundSeconds: number;
  roundExposure: number;
  iterateSeconds: number;
  windowSeconds: number;
  windowBytes: number;
  /** Bytes per second in the last whole window. */
  windowRate: number;
  /** Bytes that fit in the downtime limit at the last window's bandwidth; nothing completes above it. */
  threshold: number;
  throttle: Throttle;
  /** The guest does not run. */
  paused: boolean;
  /** Remaining fits the downtime limit: stop the guest and send the rest. */
  ready: boolean;
  cycle: Cycle;
}

const EPSILON = 1e-9;
/** A run without end is given up after this many syncs even if no cycle was recognised. */
const ENDLESS_SYNCS = 100_000;

export function startPrecopy(order: PrecopyOrder, { paused = false } = {}): Precopy {
  const classes = pageClasses(order.memory);
  return {
    order,
    classes,
    bitmap: fullBitmap(classes),
    elapsed: 0,
    sentBytes: 0,
    syncs: 1,
    roundSeconds: 0,
    roundExposure: 0,
    iterateSeconds: 0,
    windowSeconds: 0,
    windowBytes: 0,
    windowRate: 0,
    threshold: 0,
    throttle: startThrottle(),
    paused,
    ready: false,
    cycle: startCycle(),
  };
}

/** An independent copy: what-if runs leave the original as it is. */
export function clonePrecopy(state: Precopy): Precopy {
  return {
    ...state,
    bitmap: cloneBitmap(state.bitmap),
    throttle: { ...state.throttle },
    // What a cycle keeps is never changed.
    cycle: { ...state.cycle },
  };
}

/** From now on the guest may be stopped for so long, as with migrate-set-parameters downtime-limit; seconds. */
export function allowDowntime(state: Precopy, seconds: number): void {
  state.order = { ...state.order, downtimeLimit: seconds };
  state.threshold = state.windowRate * seconds;
  state.cycle = startCycle();
}

/** Guest memory still to be sent, in bytes as QEMU's `ram.remaining` counts them. */
export function remainingBytes(state: Precopy): number {
  return state.bitmap.pages * PAGE;
}

function wireSizes(connections: number): { page: number; zeroPage: number } {
  return connections > 1
    ? { page: MULTIFD_PAGE_ON_WIRE, zeroPage: MULTIFD_ZERO_PAGE_ON_WIRE }
    : { page: PAGE_ON_WIRE, zeroPage: ZERO_PAGE_ON_WIRE };
}

/** Bytes on the wire of all that remains. */
export function remainingOnWire(state: Precopy): number {
  const { page, zeroPage } = wireSizes(state.order.connections);
  const zero = pagesOf(state.bitmap, ZERO_CLASS);
  return (state.bitmap.pages - zero) * page + zero * zeroPage;
}

/** The look at the bitmap after the guest was stopped. */
export function lastSync(state: Precopy): void {
  if (state.roundSeconds > 0) sync(state);
}

/** Stops or starts the guest. */
export function setPaused(state: Precopy, paused: boolean): void {
  if (state.paused === paused) return;
  state.paused = paused;
  state.cycle = startCycle();
}

/**
 * Moves by `seconds` (Infinity: to the end) at a constant bandwidth, or until the guest can be stopped (`ready`).
 * Returns the seconds it took; Infinity when it would never end.
 */
export function advance(state: Precopy, seconds: number, bandwidth: Bandwidth): number {
  const start = state.elapsed;
  if (state.cycle.line !== bandwidth.line || state.cycle.limit !== bandwidth.limit) {
    state.cycle = startCycle(bandwidth);
  }
  if (seconds === Infinity && !(Math.min(bandwidth.line, bandwidth.limit) > 0) && !state.ready) return Infinity;
  const endless = state.syncs + ENDLESS_SYNCS;
  let left = seconds;
  while (left > 0 && !state.ready) {
    if (seconds === Infinity && (state.cycle.seconds > 0 || state.syncs > endless)) return Infinity;
    left -= skipCycles(state, left);
    left -= skipWindows(state, left, bandwidth);
    if (left > 0) left -= step(state, left, bandwidth);
  }
  return state.elapsed - start;
}

/** Moves by whole recognised cycles. */
function skipCycles(state: Precopy, left: number): number {
  const { seconds, bytes, syncs } = state.cycle;
  if (seconds === 0 || left < seconds) return 0;
  const times = Math.floor(left / seconds);
  state.elapsed += times * seconds;
  state.sentBytes += times * bytes;
  state.syncs += times * syncs;
  state.throttle.periodStart += times * seconds;
  state.throttle.periodSent += times * bytes;
  return times * seconds;
}

/** Moves by as many whole windows as can hold no decision. */
function skipWindows(state: Precopy, left: number, bandwidth: Bandwidth): number {
  if (state.iterateSeconds > 0 || state.windowSeconds > 0) return 0;
  const { pagesPerSecond, bytesPerPage, headPages } = pace(state, bandwidth.line);
  const pages = Math.min(pagesPerSecond * WINDOW, (bandwidth.limit * WINDOW) / bytesPerPage);
  const threshold = Math.max(state.threshold, ((pages * bytesPerPage) / WINDOW) * state.order.downtimeLimit);
  const quiet = Math.min((remainingBytes(state) - threshold) / PAGE, headPages) / pages;
  const windows = Math.floor(Math.min(left / WINDOW, quiet, forcedSyncIn(state) / WINDOW)) - 1;
  if (!(windows >= 1)) return 0;
  send(state, windows * pages, bytesPerPage);
  pass(state, windows * WINDOW);
  closeWindow(state);
  state.iterateSeconds = 0;
  return windows * WINDOW;
}

/** Moves to the next point where something changes, or by `left`. */
function step(state: Precopy, left: number, bandwidth: Bandwidth): number {
  const { pagesPerSecond, bytesPerPage, headPages } = pace(state, bandwidth.line);
  const windowEnd = Math.max(0, WINDOW - state.windowSeconds);
  const quota = bandwidth.limit * WINDOW - state.windowBytes;
  if (quota < 1) {
    // Asleep; nothing is looked at before the window's end.
    const seconds = Math.min(left, windowEnd);
    pass(state, seconds);
    if (seconds === windowEnd) endOfCall(state);
    return seconds;
  }
  const iterateEnd = Math.max(0, ITERATE - state.iterateSeconds);
  const quotaUsed = pagesPerSecond > 0 ? quota / bytesPerPage / pagesPerSecond : Infinity;
  const headSwept = pagesPerSecond > 0 ? headPages / pagesPerSecond : Infinity;
  const forced = forcedSyncIn(state);
  const seconds = Math.min(left, iterateEnd, quotaUsed, headSwept, forced);
  send(state, seconds === headSwept ? headPages : seconds * pagesPerSecond, bytesPerPage);
  pass(state, seconds);
  if (seconds === quotaUsed) state.windowBytes = bandwidth.limit * WINDOW;
  if (seconds === forced) sync(state);
  const empty = state.bitmap.pages === 0;
  if (seconds === iterateEnd || empty) endOfCall(state);
  return seconds;
}

/** A call that sends pages has returned: the rest of QEMU's loop, and its head. */
function endOfCall(state: Precopy): void {
  state.iterateSeconds = 0;
  if (state.windowSeconds >= WINDOW - EPSILON) closeWindow(state);
  if (remainingBytes(state) < state.threshold) sync(state);
  if (remainingBytes(state) > state.threshold) return;
  lastSync(state);
  state.ready = true;
}

function forcedSyncIn(state: Precopy): number {
  if (!state.order.autoConverge || state.syncs === 1) return Infinity;
  return Math.max(0, THROTTLE.forcedSync - state.roundSeconds);
}

/** How fast the mix of zero and other pages that the sweep is in goes out while the thread sends. */
function pace(state: Precopy, line: number): { pagesPerSecond: number; bytesPerPage: number; headPages: number } {
  const { connections, zeroScanRate = ZERO_SCAN_RATE } = state.order;
  const { pages: headPages, part: zero } = ahead(state.bitmap, ZERO_CLASS);
  const { page, zeroPage } = wireSizes(connections);
  const scan = PAGE / (zeroScanRate * Math.max(1, connections));
  const seconds = ((1 - zero) * page) / line + zero * Math.max(zeroPage / line, scan);
  return { pagesPerSecond: line > 0 ? 1 / seconds : 0, bytesPerPage: (1 - zero) * page + zero * zeroPage, headPages };
}

function send(state: Precopy, pages: number, bytesPerPage: number): void {
  sweep(state.bitmap, pages);
  state.windowBytes += pages * bytesPerPage;
  state.sentBytes += pages * bytesPerPage;
}

function pass(state: Precopy, seconds: number): void {
  state.elapsed += seconds;
  state.roundSeconds += seconds;
  state.roundExposure += state.paused ? 0 : seconds * (1 - state.throttle.share);
  state.iterateSeconds += seconds;
  state.windowSeconds += seconds;
}

function closeWindow(state: Precopy): void {
  state.windowRate = state.windowBytes / state.windowSeconds;
  state.threshold = state.windowRate * state.order.downtimeLimit;
  state.windowSeconds = 0;
  state.windowBytes = 0;
}

function sync(state: Precopy): void {
  const newPages = syncBitmap(state.bitmap, state.classes, {
    seconds: state.roundExposure,
    chunks: state.order.memory.size / (state.order.clearChunk ?? CLEAR_CHUNK),
    start: state.syncs === 1 ? 0 : undefined,
  });
  state.roundSeconds = 0;
  state.roundExposure = 0;
  state.syncs++;
  accountSync(state.throttle, {
    now: state.elapsed,
    newPages,
    sentBytes: state.sentBytes,
    autoConverge: state.order.autoConverge,
  });
  cycleAtSync(state);
}
