import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, so that tests can set them. Milliseconds throughout. */
export interface Timing {
  now: () => number;
  /** Ends early, without an error, when the signal is aborted. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  random: () => number;
  /** A watch without a byte for so long is taken for dead. Bookmarks come about once a minute (recordings/README, Wire). */
  watchIdle: number;
  /** So long after its last byte, a server that has not ended the initial events of a watch does not know WatchList. */
  initialEventsIdle: number;
}

export const realTiming: Timing = {
  now: Date.now,
  sleep: (ms, signal) => delay(ms, undefined, signal && { signal }).catch(() => undefined),
  random: Math.random,
  watchIdle: 200_000,
  initialEventsIdle: 10_000,
};
