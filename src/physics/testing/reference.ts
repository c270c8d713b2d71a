import {
  CLEAR_CHUNK,
  ITERATE,
  PAGE,
  PAGE_ON_WIRE,
  THROTTLE,
  WINDOW,
  ZERO_PAGE_ON_WIRE,
  ZERO_SCAN_RATE,
} from '../constants.ts';
import { type GuestMemory, pageClasses, ZERO_CLASS } from '../guest.ts';

/** A migration for the page-level reference. Bytes and seconds; single stream. */
export interface ReferenceOrder {
  memory: GuestMemory;
  downtimeLimit: number;
  /** What the line carries. */
  line: number;
  /** QEMU's max-bandwidth; Infinity: none. */
  limit: number;
  autoConverge?: boolean;
  clearChunk?: number;
  /** Given up after this long. */
  maxSeconds: number;
  seed: number;
}

export interface ReferenceRun {
  converged: boolean;
  /** Until the guest is stopped. */
  seconds: number;
  bytes: number;
  /** At the stop. */
  remaining: number;
  syncs: number;
  throttle: number;
}

/**
 * QEMU's source thread page by page, as facts/physics.md A.2 has it: a real bitmap, swept in address order from where
 * the last call stopped; the clock looked at every 64 pages; bandwidth from one window; the limit as a quota for each
 * window, after which the thread sleeps; a chunk write-protected when it is first sent in a round (A.4). Written
 * classes lie scattered over the RAM, page by page; each page is written as a Poisson process, so whether it was
 * written since it was protected can be drawn at the sync. Shares no arithmetic with the recurrence. For tests only.
 */
export function migratePageByPage(order: ReferenceOrder): ReferenceRun {
  const random = xorshift(order.seed);
  const classes = pageClasses(order.memory);
  const total = Math.round(classes.total);
  const classOf = layOut(classes.pages, total, random);
  const members = membersOf(classOf, classes.writesPerSecond);
  const chunkPages = Math.round((order.clearChunk ?? CLEAR_CHUNK) / PAGE);
  const chunkCount = Math.ceil(total / chunkPages);

  const dirty = new Uint8Array(total).fill(1);
  /** The round in which a page was last sent, and when a chunk was last write-protected, and in which round. */
  const sentIn = new Int32Array(total);
  const protectedAt = new Float64Array(chunkCount);
  const protectedIn = new Int32Array(chunkCount);

  let now = 0;
  let round = 1;
  let remaining = total;
  let position = 0;
  let bytes = 0;
  let threshold = 0;
  let lastSync = 0;
  const window = { start: 0, bytes: 0 };
  const throttle = { share: 0, high: 0, start: 0, dirty: 0, sent: 0 };
  const quota = order.limit * WINDOW;

  const sync = (): void => {
    let fresh = 0;
    const speed = 1 - throttle.share;
    for (const { rate, pages } of members) {
      const outside = 1 - Math.exp(-rate * speed * (now - lastSync));
      const inside = new Float64Array(chunkCount);
      for (let chunk = 0; chunk < chunkCount; chunk++) {
        inside[chunk] =
          protectedIn[chunk] === round ? 1 - Math.exp(-rate * speed * (now - (protectedAt[chunk] as number))) : 0;
      }
      for (const page of pages) {
        if (dirty[page] === 1) continue;
        const chance = sentIn[page] === round ? (inside[(page / chunkPages) | 0] as number) : outside;
        if (random() >= chance) continue;
        dirty[page] = 1;
        fresh++;
      }
    }
    remaining += fresh;
    lastSync = now;
    round++;
    throttle.dirty += fresh * PAGE;
    if (now - throttle.start > THROTTLE.period) {
      if (order.autoConverge === true && throttle.dirty > THROTTLE.trigger * (bytes - throttle.sent)) {
        throttle.high++;
        if (throttle.high >= 2) {
          throttle.high = 0;
          throttle.share = throttle.share === 0 ? 0.2 : Math.min(throttle.share + 0.1, 0.99);
        }
      }
      throttle.start = now;
      throttle.dirty = 0;
      throttle.sent = bytes;
    }
  };

  /** One call that sends pages: until the quota is used, 50 ms have passed, or nothing is left. */
  const iterate = (): void => {
    const start = now;
    for (let count = 0; remaining > 0 && window.bytes <= quota; count++) {
      if ((count & 63) === 0 && now - start >= ITERATE) return;
      let page = dirty.indexOf(1, position);
      if (page < 0) page = dirty.indexOf(1);
      const chunk = (page / chunkPages) | 0;
      if (protectedIn[chunk] !== round) {
        protectedIn[chunk] = round;
        protectedAt[chunk] = now;
      }
      dirty[page] = 0;
      sentIn[page] = round;
      remaining--;
      position = page + 1;
      const zero = classOf[page] === ZERO_CLASS;
      const size = zero ? ZERO_PAGE_ON_WIRE : PAGE_ON_WIRE;
      now += zero ? Math.max(size / order.line, PAGE / ZERO_SCAN_RATE) : size / order.line;
      bytes += size;
      window.bytes += size;
    }
  };

  const result = (converged: boolean): ReferenceRun => ({
    converged,
    seconds: now,
    bytes,
    remaining: remaining * PAGE,
    syncs: round,
    throttle: throttle.share,
  });

  while (now < order.maxSeconds) {
    if (window.bytes <= quota) {
      if (order.autoConverge === true && round > 1 && now - lastSync >= THROTTLE.forcedSync) sync();
      if (remaining * PAGE < threshold) sync();
      if (remaining * PAGE <= threshold) {
        if (now > lastSync) sync();
        return result(true);
      }
      iterate();
    }
    if (now - window.start >= WINDOW - 1e-9) {
      threshold = (window.bytes / (now - window.start)) * order.downtimeLimit;
      window.start = now;
      window.bytes = 0;
    }
    if (window.bytes > quota) now = Math.max(now, window.start + WINDOW);
  }
  return result(false);
}

function xorshift(seed: number): () => number {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x85ebca6b) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Gives each page its class, in random order. */
function layOut(sizes: readonly number[], total: number, random: () => number): Uint8Array {
  const classOf = new Uint8Array(total).fill(1);
  let page = 0;
  sizes.forEach((size, index) => {
    if (index === 1) return;
    const end = Math.min(total, page + Math.round(size));
    classOf.fill(index, page, end);
    page = end;
  });
  for (let index = total - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const held = classOf[index] as number;
    classOf[index] = classOf[other] as number;
    classOf[other] = held;
  }
  return classOf;
}

function membersOf(classOf: Uint8Array, rates: readonly number[]): { rate: number; pages: Int32Array }[] {
  return rates.flatMap((rate, index) => {
    if (rate === 0) return [];
    const pages: number[] = [];
    for (let page = 0; page < classOf.length; page++) if (classOf[page] === index) pages.push(page);
    return [{ rate, pages: Int32Array.from(pages) }];
  });
}
