import { perSnapshot } from '../model/memo.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';

/** Assumed where no finished migrations tell: a pod starts, the target is prepared (as diagnose/durations.ts has it). */
const ASSUMED = 10;
/** From so many on they tell. */
const ENOUGH = 3;

/** Seconds of a migration besides the copying, and how many finished ones tell so; 0: it is assumed. */
export interface Setup {
  seconds: number;
  from: number;
}

/**
 * The median over the succeeded migrations that KubeVirt remembers: from Scheduling, when it had its place, to the start
 * of the copying, and from its end to Succeeded. phaseTransitionTimestamps have whole seconds (recordings/README).
 */
export const setupOf = perSnapshot((snapshot: Snapshot): Setup => {
  const found = itemsOf(snapshot.lists.migrations).flatMap(({ status }) => {
    const { startTimestamp, endTimestamp } = status?.migrationState ?? {};
    const at = (phase: string): string | undefined =>
      status?.phaseTransitionTimestamps?.find((each) => each.phase === phase)?.phaseTransitionTimestamp;
    const [scheduling, succeeded] = [at('Scheduling'), at('Succeeded')];
    if (!startTimestamp || !endTimestamp || scheduling === undefined || succeeded === undefined) return [];
    const seconds = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
    return [seconds(scheduling, startTimestamp) + seconds(endTimestamp, succeeded)];
  });
  if (found.length < ENOUGH) return { seconds: ASSUMED, from: 0 };
  found.sort((a, b) => a - b);
  return { seconds: found[Math.floor(found.length / 2)] ?? ASSUMED, from: found.length };
});
