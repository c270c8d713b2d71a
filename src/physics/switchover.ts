import { FINAL_SYNC_PER_BYTE, SWITCHOVER_FIXED } from './constants.ts';

/**
 * Seconds of a switch-over in which nothing of the RAM is sent: stopping the guest, the last look at the dirty bitmap,
 * the devices, starting it on the target (facts/physics.md A.3). What remains of the RAM goes out besides, at the
 * line's rate: the migration's own bandwidth limit does not hold for it.
 */
export function switchoverOverhead(memorySize: number): number {
  return SWITCHOVER_FIXED + memorySize * FINAL_SYNC_PER_BYTE;
}
