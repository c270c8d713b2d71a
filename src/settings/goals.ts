import { acceptableCompletionTime } from '../physics/completion-time.ts';
import type { Goal } from './goal.ts';
import type { Load, Numbers } from './loads.ts';
import { effectsOf, endingOf, shareOn } from './simulate.ts';

export interface Situation {
  numbers: Numbers;
  byNode: ReadonlyMap<string, Load[]>;
  /** Nodes that run VMs or could. */
  nodes: number;
  /** Migrations have a network of their own. */
  dedicated: boolean;
}

/** How much longer than the best a drain may take, so that nobody is told to change a setting for little. */
const GOOD_ENOUGH = { 'drain-fast': 1.1, balanced: 1.25 };
/** Of a link that others use, too: what migrations may take. */
const SHARED_LOAD = 0.7;
const GENTLE_LOAD = 0.4;
/** A time-out is this many times what a migration is predicted to need. */
const MARGIN = 2;
/** Less than this much more than it is predicted to need is too tight. */
const SLACK = 1.25;
/** The default since OpenShift Virtualization 4.18, seconds for each started 10^9 bytes. */
const STANDARD_TIMEOUT = 150;
/** HyperConverged's and KubeVirt's default, seconds. */
const STANDARD_PROGRESS = 150;
const BLOCK = 64 * 2 ** 20;

/** The number of migrations that leave one node at once. */
export function outboundFor(goal: Goal, situation: Situation): number {
  const { numbers, byNode } = situation;
  if (goal === 'gentle' || goal === 'large-vms') return 1;
  const most = goal === 'drain-fast' ? 8 : 4;
  const candidates = Array.from({ length: most }, (_, index) => index + 1).map((outbound) => {
    const effects = effectsOf(byNode, {
      ...numbers,
      parallelOutboundMigrationsPerNode: outbound,
      parallelMigrationsPerCluster: Math.max(outbound, numbers.parallelMigrationsPerCluster),
    });
    return { outbound, converging: effects?.converging.vms ?? 0, seconds: effects?.drain.seconds ?? Infinity };
  });
  // Nobody's convergence is given up for speed: on a shared link each migration slows the others.
  const converging = Math.max(...candidates.map((each) => each.converging));
  const allowed = candidates.filter((each) => each.converging === converging);
  const best = Math.min(...allowed.map(({ seconds }) => seconds));
  const isGood = ({ seconds }: { seconds: number }): boolean => seconds <= best * GOOD_ENOUGH[goal];
  const present = allowed.find(({ outbound }) => outbound === numbers.parallelOutboundMigrationsPerNode);
  if (present !== undefined && isGood(present)) return present.outbound;
  return allowed.find(isGood)?.outbound ?? numbers.parallelOutboundMigrationsPerNode;
}

/** The number of migrations in the cluster at once. */
export function clusterFor(goal: Goal, outbound: number, { numbers, nodes }: Situation): number {
  const present = numbers.parallelMigrationsPerCluster;
  // At most every second node can send while the others receive at full rate.
  const pairs = Math.max(1, Math.floor(nodes / 2));
  switch (goal) {
    case 'gentle':
      return Math.max(outbound, Math.min(present, 3));
    case 'large-vms':
      return Math.max(outbound, Math.min(present, Math.max(outbound, pairs)));
    case 'drain-fast':
      return Math.min(50, Math.max(present, outbound * pairs));
    default:
      return Math.max(present, outbound * Math.min(2, Math.max(1, nodes - 1)));
  }
}

/** Bytes per second of one migration; 0: no limit. */
export function bandwidthFor(goal: Goal, situation: Situation): number {
  const { numbers, byNode, dedicated } = situation;
  const unlimited = { ...numbers, bandwidthPerMigration: 0 };
  if (goal === 'drain-fast' || goal === 'large-vms' || dedicated) {
    return harmless(numbers, situation) && goal !== 'drain-fast' && goal !== 'large-vms'
      ? numbers.bandwidthPerMigration
      : 0;
  }
  const links = [...byNode.values()].map((loads) => loads[0]?.link ?? 0);
  if (links.length === 0) return numbers.bandwidthPerMigration;
  const share = Math.max(...[...byNode.values()].map((loads) => shareOn(loads, numbers)));
  const target = goal === 'gentle' ? GENTLE_LOAD : SHARED_LOAD;
  const limit = Math.max(BLOCK, Math.floor((Math.min(...links) * target) / share / BLOCK) * BLOCK);
  const present = numbers.bandwidthPerMigration;
  // What is there already and does what it should is left alone.
  if (present > 0 && present <= limit && present >= limit / 2 && harmless(numbers, situation)) return present;
  if ((effectsOf(byNode, unlimited)?.linkLoad ?? 0) <= target) return harmless(numbers, situation) ? present : 0;
  if (harmless({ ...numbers, bandwidthPerMigration: limit }, situation)) return limit;
  // Slower, some VMs would not converge: gentleness then comes from fewer migrations, not from slower ones.
  return harmless(numbers, situation) ? present : 0;
}

/** Whether the limit keeps no VM from converging that does without. */
function harmless(numbers: Numbers, { byNode }: Situation): boolean {
  const unlimited = effectsOf(byNode, { ...numbers, bandwidthPerMigration: 0 });
  return (effectsOf(byNode, numbers)?.converging.vms ?? 0) >= (unlimited?.converging.vms ?? 0);
}

export interface TimeoutNeed {
  load: Load;
  /** Seconds for each started 10^9 bytes, with a margin. */
  perGB: number;
}

/** What each VM needs that converges if it is given the time; the most demanding first. */
export function timeoutNeeds({ numbers, byNode }: Pick<Situation, 'numbers' | 'byNode'>): TimeoutNeed[] {
  return [...byNode.values()]
    .flatMap((loads) =>
      loads.flatMap((load): TimeoutNeed[] => {
        const { alone } = endingOf(load, numbers, shareOn(loads, numbers));
        return alone === undefined
          ? []
          : [{ load, perGB: Math.ceil((alone * MARGIN) / acceptableCompletionTime(1, load.guest.size)) }];
      }),
    )
    .sort((a, b) => b.perGB - a.perGB || (a.load.key < b.load.key ? -1 : 1));
}

/** Seconds for each started 10^9 bytes, and the VMs that need more than others and get it by a policy. */
export function timeoutFor(goal: Goal, situation: Situation): { perGiB: number; exceptions: TimeoutNeed[] } {
  const present = situation.numbers.completionTimeoutPerGiB;
  // Those with a policy of their own are not the cluster's concern.
  const needs = timeoutNeeds(situation).filter(({ load }) => load.own.completionTimeoutPerGiB === undefined);
  if (needs.length === 0) return { perGiB: present === 0 ? STANDARD_TIMEOUT : present, exceptions: [] };
  const most = needs[0]?.perGB ?? 0;
  const generous = Math.max(STANDARD_TIMEOUT, tens(most));
  if (present === 0 || present > 4 * generous) return { perGiB: generous, exceptions: [] };
  const exceptions = needs.filter(({ perGB }) => (perGB / MARGIN) * SLACK > present);
  if (exceptions.length === 0) return { perGiB: present, exceptions };
  const few = exceptions.length <= Math.max(1, Math.floor(needs.length / 10));
  if (few && goal !== 'large-vms') return { perGiB: present, exceptions };
  return { perGiB: Math.max(tens(most), present), exceptions: [] };
}

export function progressFor({ numbers: { progressTimeout } }: Situation): number {
  return progressTimeout < 60 || progressTimeout > 600 ? STANDARD_PROGRESS : progressTimeout;
}

function tens(value: number): number {
  return Math.ceil(value / 10) * 10;
}
