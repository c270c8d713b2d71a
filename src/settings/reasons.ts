import { formatBytes } from '../model/quantity.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { acceptableCompletionTime } from '../physics/completion-time.ts';
import type { Goal } from './goal.ts';
import { type Situation, timeoutNeeds } from './goals.ts';
import type { Loads, Numbers } from './loads.ts';
import { effectsOf } from './simulate.ts';
import { longDuration, percent } from './text.ts';

interface Context {
  goal: Goal;
  /** With all recommendations in force. */
  situation: Situation;
  snapshot: Snapshot;
  loads: Loads;
}

type Reason = (before: Numbers, after: Numbers, context: Context) => { reason: string; risk: string };

/** Why a setting should change, in numbers, and what may go wrong. */
export function reasonFor(
  name: keyof Numbers,
  before: Numbers,
  after: Numbers,
  context: Context,
): { reason: string; risk: string } {
  return reasons[name](before, after, context);
}

const reasons: Record<keyof Numbers, Reason> = {
  parallelOutboundMigrationsPerNode: (before, after, { goal, situation: { byNode } }) => {
    const of = (outbound: number): string => {
      const effects = effectsOf(byNode, {
        ...before,
        parallelOutboundMigrationsPerNode: outbound,
        parallelMigrationsPerCluster: Math.max(outbound, before.parallelMigrationsPerCluster),
      });
      if (effects === undefined) return '';
      return `with ${outbound} at once, emptying ${effects.drain.node} takes ${longDuration(effects.drain.seconds ?? Infinity)} and ${effects.converging.vms} of ${effects.converging.of} VMs converge`;
    };
    const why =
      goal === 'large-vms'
        ? 'a large VM needs the whole link to converge'
        : goal === 'gentle'
          ? 'one migration at a time takes the least from a node'
          : 'the best that loses nobody';
    return {
      reason: `${of(before.parallelOutboundMigrationsPerNode)}; ${of(after.parallelOutboundMigrationsPerNode)}: ${why}`,
      risk:
        after.parallelOutboundMigrationsPerNode > before.parallelOutboundMigrationsPerNode
          ? 'Each migration gets less of the link; a VM that writes more than measured may not converge.'
          : 'VMs queue for longer while a node is emptied.',
    };
  },
  parallelMigrationsPerCluster: (before, after, { situation: { nodes, byNode } }) => {
    const of = (numbers: Numbers): string => longDuration(effectsOf(byNode, numbers)?.everything.seconds ?? Infinity);
    const outbound = after.parallelOutboundMigrationsPerNode;
    const less = { ...after, parallelMigrationsPerCluster: before.parallelMigrationsPerCluster };
    return {
      reason: `${nodes} nodes with ${outbound} leaving each make ${nodes * outbound} possible at once; moving every VM once takes ${of(less)} with ${before.parallelMigrationsPerCluster} in the cluster, and ${of(after)} with ${after.parallelMigrationsPerCluster}`,
      risk:
        after.parallelMigrationsPerCluster > before.parallelMigrationsPerCluster
          ? 'Nothing limits how many arrive at one node: the link of a target can be shared by more than a source sends.'
          : 'Migrations of other nodes wait for longer.',
    };
  },
  bandwidthPerMigration: (before, after, { situation: { byNode } }) => {
    const load = (numbers: Numbers): string => percent(effectsOf(byNode, numbers)?.linkLoad ?? 0);
    const converging = (numbers: Numbers): string => {
      const { vms, of } = effectsOf(byNode, numbers)?.converging ?? { vms: 0, of: 0 };
      return `${vms} of ${of}`;
    };
    const present = { ...after, bandwidthPerMigration: before.bandwidthPerMigration };
    if (after.bandwidthPerMigration === 0) {
      return {
        reason: `limited to ${formatBytes(before.bandwidthPerMigration)}/s, ${converging(present)} VMs converge and a link is used to ${load(present)}; without a limit ${converging(after)} converge`,
        risk: 'Migrations take what the link has; on a network that they share with applications these notice it.',
      };
    }
    return {
      reason: `migrations share the link with applications and take ${load(present)} of it; with ${formatBytes(after.bandwidthPerMigration)}/s each they take ${load(after)}, and ${converging(after)} VMs still converge`,
      risk: 'With several connections (multifd) QEMU may not keep to the limit, and the last copy never does; watch the link.',
    };
  },
  completionTimeoutPerGiB: (before, after, { situation }) => {
    const [most] = timeoutNeeds(situation);
    const { completionTimeoutPerGiB: was } = before;
    const { completionTimeoutPerGiB: is } = after;
    const largest = effectsOf(situation.byNode, before)?.longestDeadline;
    const needs =
      most === undefined
        ? 'no VM here needs more'
        : `the most demanding VM, ${most.load.key}, is predicted to need ${Math.ceil(most.perGB / 2)} s for each 10^9 bytes`;
    if (was === 0 || is < was) {
      return {
        reason: `${needs}; at ${was} a migration of ${largest?.vm} that never converges goes on ${largest?.seconds == null ? 'for ever' : `for ${longDuration(largest.seconds)}`} and keeps a place, at ${is} no longer than ${longDuration(acceptableCompletionTime(is, sizeOf(situation, largest?.vm)))}`,
        risk: 'A migration that was slow but would have ended is aborted earlier; the VM stays where it is and goes on running.',
      };
    }
    return {
      reason: `${needs}, and is aborted at ${was}; ${is} is twice that`,
      risk: 'A migration that never converges keeps a place for longer before it is aborted.',
    };
  },
  progressTimeout: (before) => ({
    reason:
      before.progressTimeout > 600 || before.progressTimeout === 0
        ? `a dead connection is only noticed after ${before.progressTimeout === 0 ? 'the completion time-out' : longDuration(before.progressTimeout)}; it does not tell non-convergence, whatever the size of the VM, so that a larger number helps no large VM`
        : `${before.progressTimeout} s is less than a short outage of the network or of storage takes; the default is 150 s`,
    risk: 'None known: it only finds connections on which nothing moves.',
  }),
  allowAutoConverge: () => ({
    reason: 'many VMs write faster than they are copied, and converge when they are slowed',
    risk: 'Guests are slowed by 20 % to 99 % while they migrate.',
  }),
  allowPostCopy: (before, _after, { situation: { byNode } }) => {
    const of = (numbers: Numbers): string => longDuration(effectsOf(byNode, numbers)?.drain.seconds ?? Infinity);
    return {
      reason: `in this version allowing post-copy makes every migration use one connection instead of eight: emptying the fullest node takes ${of(before)}, without it ${of({ ...before, allowPostCopy: false, allowWorkloadDisruption: false })}`,
      risk: 'A VM that does not converge is aborted at its time-out instead of being switched; allow post-copy in a MigrationPolicy for those.',
    };
  },
  allowWorkloadDisruption: () => ({
    reason: 'allowPostCopy is set, but has no effect while allowWorkloadDisruption is false',
    risk: 'At the time-out a guest is switched to post-copy: if the connection breaks then, the guest is lost. If nobody wants that, set allowPostCopy=false instead.',
  }),
};

function sizeOf({ byNode }: Situation, key: string | undefined): number {
  for (const loads of byNode.values()) for (const load of loads) if (load.key === key) return load.guest.size;
  return 0;
}
