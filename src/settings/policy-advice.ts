import type { MigrationPolicy } from '../model/objects.ts';
import { formatBytes } from '../model/quantity.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { acceptableCompletionTime } from '../physics/completion-time.ts';
import type { Confidence } from './advise.ts';
import type { Goal } from './goal.ts';
import type { Situation } from './goals.ts';
import type { Load, Numbers } from './loads.ts';
import type { Value } from './parameters.ts';
import { policyFor } from './policy-for.ts';
import { versionIn } from './read.ts';
import { type Ending, endingOf, shareOn } from './simulate.ts';
import { longDuration } from './text.ts';

/** A MigrationPolicy for a VM that the settings of the cluster do not fit. */
export interface PolicyAdvice {
  vm: string;
  settings: Record<string, Value>;
  reason: string;
  before: { how: Ending['how']; seconds: number | null };
  after: { how: Ending['how']; seconds: number | null };
  confidence: Confidence;
  risk: string;
  /** What has to be done before it acts. */
  needs?: string;
  manifest: MigrationPolicy;
}

interface Help {
  settings: Partial<Numbers>;
  why: string;
  risk: string;
}

const MARGIN = 2;

/** For every VM that does not converge under the settings: what helps it alone, or why nothing does. Sorted by VM. */
export function policyAdvice(
  goal: Goal,
  { numbers, byNode }: Situation,
  snapshot: Snapshot,
  confidence: Confidence,
): { policies: PolicyAdvice[]; unsolved: { vm: string; message: string }[] } {
  const policies: PolicyAdvice[] = [];
  const unsolved: { vm: string; message: string }[] = [];
  for (const loads of byNode.values()) {
    const share = shareOn(loads, numbers);
    for (const load of loads) {
      const before = endingOf(load, numbers, share);
      if (before.how === 'converges') continue;
      const help = helpFor(goal, load, numbers, share, snapshot);
      const made = help === undefined ? undefined : policyFor(load.vm, help.settings, snapshot);
      if (help === undefined || made === undefined) {
        unsolved.push({ vm: load.key, message: hopeless(load, numbers, before, help !== undefined) });
        continue;
      }
      const after = endingOf({ ...load, own: { ...load.own, ...help.settings } }, numbers, share);
      policies.push({
        vm: load.key,
        settings: help.settings,
        reason: `it rewrites ${formatBytes(hotOf(load))} of its ${formatBytes(load.guest.size)} and is sent at ${formatBytes(before.rate)}/s: ${help.why}`,
        before: ending(before),
        after: ending(after),
        confidence,
        risk: help.risk,
        ...(made.needs !== undefined && { needs: made.needs }),
        manifest: made.manifest,
      });
    }
  }
  const byVm = (a: { vm: string }, b: { vm: string }): number => (a.vm < b.vm ? -1 : 1);
  return { policies: policies.sort(byVm), unsolved: unsolved.sort(byVm) };
}

function ending({ how, seconds }: Ending): PolicyAdvice['before'] {
  return { how, seconds: Number.isFinite(seconds) ? Math.round(seconds) : null };
}

function hotOf({ guest }: Load): number {
  return guest.classes.reduce((sum, { size }) => sum + size, 0);
}

/** The mildest thing that lets a VM's migration end: more time, then a slower guest, then what may cost it. */
function helpFor(goal: Goal, load: Load, numbers: Numbers, share: number, snapshot: Snapshot): Help | undefined {
  const version = versionIn(snapshot);
  const has = (field: string): boolean => version === undefined || version.policyFields.includes(field);
  const ends = (own: Partial<Numbers>): Ending => endingOf({ ...load, own: { ...load.own, ...own } }, numbers, share);
  const time = (seconds: number): number =>
    Math.ceil((seconds * MARGIN) / acceptableCompletionTime(1, load.guest.size) / 10) * 10;
  const { alone } = ends({});
  if (alone !== undefined) {
    return {
      settings: { completionTimeoutPerGiB: time(alone) },
      why: `it converges, but takes ${longDuration(alone)}, more than it is given`,
      risk: 'It keeps a place for longer if it does not converge after all.',
    };
  }
  if (numbers.bandwidthPerMigration > 0) {
    const unlimited = ends({ bandwidthPerMigration: 0 });
    if (unlimited.how === 'converges') {
      return {
        settings: { bandwidthPerMigration: 0 },
        why: 'without the limit it converges',
        risk: 'Its migration takes what the link has.',
      };
    }
  }
  const slowed = ends({ allowAutoConverge: true });
  if (slowed.alone !== undefined) {
    const enough = slowed.how === 'converges';
    return {
      settings: { allowAutoConverge: true, ...(enough ? {} : { completionTimeoutPerGiB: time(slowed.alone) }) },
      why: `as fast as it is copied it writes anew; slowed down (auto-converge) it converges within ${longDuration(slowed.alone)}`,
      risk: 'Its vCPUs are slowed by 20 % and more, up to 99 %, until it has moved.',
    };
  }
  const disrupts = goal === 'drain-fast' || goal === 'large-vms';
  if (disrupts && has('allowPostCopy')) {
    return {
      settings: { allowPostCopy: true, ...(has('allowWorkloadDisruption') ? { allowWorkloadDisruption: true } : {}) },
      why: 'nothing but post-copy ends its migration: at its time-out it goes on at the target',
      risk: 'If the connection breaks during post-copy the guest is lost, and until all is copied it waits for memory from the source.',
    };
  }
  return undefined;
}

function hopeless(load: Load, numbers: Numbers, { rate, deadline }: Ending, blocked: boolean): string {
  if (blocked)
    return 'a MigrationPolicy would help, but none of its own would win over those that match it; change the one that applies (`settings get --for`)';
  const alone = endingOf(load, numbers, 1);
  const first = `it rewrites ${formatBytes(hotOf(load))} all the time and is sent at ${formatBytes(rate)}/s, so that its migration is aborted after ${longDuration(deadline)}`;
  if (alone.how === 'converges')
    return `${first}; when nothing else leaves its node it converges in ${longDuration(alone.seconds)}: move it by itself`;
  return `${first}, and slowing it down is not enough: move it when it writes less, faster links help, post-copy would end it (goal drain-fast or large-vms shows the policy), or restart it on the other node`;
}
