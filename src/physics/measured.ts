/**
 * How often a second a page of the hot set is written. virt-handler's dirty rate tells how much was written within one
 * second, not how often, nor what a longer time would add: the prior of facts/physics.md C.1.
 */
export const WRITES_PER_SECOND = 4;

/** Bytes a guest keeps rewriting, of which virt-handler saw `dirtyRate` bytes written within one second. */
export function hotSetOf(dirtyRate: number, guestBytes: number): number {
  return Math.min(guestBytes, Math.round(dirtyRate / (1 - Math.exp(-WRITES_PER_SECOND))));
}
