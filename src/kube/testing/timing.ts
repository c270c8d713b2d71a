import { setTimeout as delay } from 'node:timers/promises';
import { realTiming, type Timing } from '../timing.ts';

/** Pauses that take no time and are written down; no chance. */
export function quickTiming(changes: Partial<Timing> = {}): Timing & { pauses: number[] } {
  const pauses: number[] = [];
  return {
    ...realTiming,
    random: () => 0.5,
    pauses,
    sleep: async (ms) => {
      pauses.push(ms);
      // Long enough for a server that restarts meanwhile not to be asked a thousand times.
      await delay(1);
    },
    ...changes,
  };
}
