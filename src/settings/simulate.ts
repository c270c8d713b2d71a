import { acceptableCompletionTime } from '../physics/completion-time.ts';
import { TLS_STREAM_RATE } from '../physics/constants.ts';
import { type Prediction, predict } from '../physics/predict.ts';
import type { Load, Numbers } from './loads.ts';

/** How a migration ends: by itself, or at its time-out. */
export interface Ending {
  how: 'converges' | 'post-copy' | 'paused' | 'aborted';
  /** From the start of the copying; Infinity: never. */
  seconds: number;
  /** The completion time-out; Infinity: none. */
  deadline: number;
  /** What it would take without any time-out; undefined: it would never end. */
  alone?: number;
  /** Bytes per second it gets. */
  rate: number;
}

/** QEMU's downtime limit where KubeVirt sets none, seconds (facts/kubevirt.md D3). */
const DOWNTIME_LIMIT = 0.3;

const known = new WeakMap<Load, Map<string, Prediction>>();

/** How a VM's migration ends under settings when `share` migrations leave its node at once. */
export function endingOf(load: Load, cluster: Numbers, share: number): Ending {
  const numbers = { ...cluster, ...load.own };
  const { line, limit, connections } = bandwidthOf(load, numbers, share);
  const deadline =
    numbers.completionTimeoutPerGiB === 0
      ? Infinity
      : acceptableCompletionTime(numbers.completionTimeoutPerGiB, load.guest.size);
  const predicted = predictionOf(load, { line, limit, connections, autoConverge: numbers.allowAutoConverge });
  const rate = Math.min(line, limit);
  const alone = predicted.converges ? { alone: predicted.seconds } : {};
  if (predicted.converges && predicted.seconds <= deadline)
    return { how: 'converges', seconds: predicted.seconds, deadline, ...alone, rate };
  const { allowPostCopy, allowWorkloadDisruption } = numbers;
  if (allowWorkloadDisruption && deadline < Infinity) {
    // At most all of its memory once more, at the line's rate.
    const rest = load.guest.size / line;
    if (allowPostCopy) return { how: 'post-copy', seconds: deadline + rest, deadline, ...alone, rate };
    if (rest <= deadline) return { how: 'paused', seconds: deadline + rest, deadline, ...alone, rate };
  }
  return { how: 'aborted', seconds: deadline, deadline, ...alone, rate };
}

function bandwidthOf(
  load: Load,
  { bandwidthPerMigration, allowPostCopy }: Numbers,
  share: number,
): { line: number; limit: number; connections: number } {
  const connections = load.connections(allowPostCopy);
  const line = Math.min(load.link / share, connections * TLS_STREAM_RATE);
  return { line, limit: bandwidthPerMigration > 0 ? bandwidthPerMigration : Infinity, connections };
}

function predictionOf(
  load: Load,
  how: { line: number; limit: number; connections: number; autoConverge: boolean },
): Prediction {
  const { line, limit, connections, autoConverge } = how;
  const key = `${line} ${limit} ${connections} ${autoConverge}`;
  let of = known.get(load);
  if (of === undefined) known.set(load, (of = new Map()));
  let found = of.get(key);
  if (found === undefined) {
    const order = { memory: load.guest, diskBytes: 0, downtimeLimit: DOWNTIME_LIMIT, connections, autoConverge };
    of.set(key, (found = predict(order, { line, limit })));
  }
  return found;
}

/** What settings bring about. Seconds are null for "never". */
export interface Effects {
  /** The node with the most VM memory, emptied. */
  drain: { node: string; vms: number; seconds: number | null };
  /** Every VM moved once, as a rolling update of the nodes does. */
  everything: { vms: number; seconds: number | null };
  /** VMs whose migration ends by itself within its time-out, while as many others leave the node as may. */
  converging: { vms: number; of: number };
  /** The VM whose migration may go on the longest. */
  longestDeadline: { vm: string; seconds: number | null };
  /** Of that node's link, the share that migrations take while it is drained. */
  linkLoad: number;
}

/** Of loads under settings; undefined where nothing can migrate. */
export function effectsOf(byNode: ReadonlyMap<string, Load[]>, numbers: Numbers): Effects | undefined {
  const full = fullestNode(byNode);
  if (full === undefined) return undefined;
  const [node, there] = full;
  const share = shareOn(there, numbers);
  const all = [...byNode.values()].flatMap((loads) =>
    loads.map((load) => ({ load, ending: endingOf(load, numbers, shareOn(loads, numbers)) })),
  );
  let longest = { vm: '', seconds: -1 };
  for (const { load, ending } of all)
    if (ending.deadline > longest.seconds) longest = { vm: load.key, seconds: ending.deadline };
  const rate = Math.max(...there.map((load) => endingOf(load, numbers, share).rate));
  // When every node is to be emptied, the places in the cluster are spread over them.
  const spread = numbers.parallelMigrationsPerCluster / byNode.size;
  const everything = [...byNode.values()].flatMap((loads) =>
    jobsOf(loads, numbers, Math.max(1, Math.min(shareOn(loads, numbers), spread))),
  );
  return {
    drain: { node, vms: there.length, seconds: finite(makespan(jobsOf(there, numbers, share), numbers)) },
    everything: { vms: all.length, seconds: finite(makespan(everything, numbers)) },
    converging: { vms: all.filter(({ ending }) => ending.how === 'converges').length, of: all.length },
    longestDeadline: { vm: longest.vm, seconds: finite(longest.seconds) },
    linkLoad: Math.min(1, (share * rate) / (there[0]?.link ?? 1)),
  };
}

/**
 * What the migrations of a node take, `share` of them at once: while one is set up the others have the link to themselves.
 * One that may not converge is counted as if it did not.
 */
function jobsOf(loads: readonly Load[], numbers: Numbers, share: number): { from: string; seconds: number }[] {
  const worst = loads.map((load) => endingOf(load, numbers, shareOn(loads, numbers)));
  let copying = worst;
  for (let round = 0; round < (share > 1 ? 2 : 0); round++) {
    const busy = copying.map(({ seconds }, index) =>
      Number.isFinite(seconds) ? seconds / Math.max(1, seconds + (loads[index]?.setup ?? 0)) : 1,
    );
    const others = (share - 1) * (busy.reduce((sum, each) => sum + each, 0) / busy.length);
    // In hundredths, so that few different rates have to be computed.
    const effective = 1 + Math.ceil(others * 100) / 100;
    copying = loads.map((load) => endingOf(load, numbers, effective));
  }
  if (share === 1) copying = loads.map((load) => endingOf(load, numbers, 1));
  return loads.map(({ node, setup }, index) => {
    const of = worst[index]?.how === 'converges' ? copying[index] : worst[index];
    return { from: node, seconds: setup + (of?.seconds ?? 0) };
  });
}

/** How many migrations may leave a node at once, if there are so many VMs. */
export function shareOn(
  loads: readonly Load[],
  { parallelOutboundMigrationsPerNode, parallelMigrationsPerCluster }: Numbers,
): number {
  return Math.max(1, Math.min(parallelOutboundMigrationsPerNode, parallelMigrationsPerCluster, loads.length));
}

function fullestNode(byNode: ReadonlyMap<string, Load[]>): [string, Load[]] | undefined {
  const memory = (loads: readonly Load[]): number => loads.reduce((sum, { guest }) => sum + guest.size, 0);
  return [...byNode].sort(([a, first], [b, second]) => memory(second) - memory(first) || (a < b ? -1 : 1))[0];
}

function finite(seconds: number): number | null {
  return Number.isFinite(seconds) ? Math.round(seconds) : null;
}

/** When the last of some migrations ends: each begins as soon as both limits let it, in the given order. */
export function makespan(
  jobs: readonly { from: string; seconds: number }[],
  limits: Pick<Numbers, 'parallelOutboundMigrationsPerNode' | 'parallelMigrationsPerCluster'>,
): number {
  const cluster = slots(limits.parallelMigrationsPerCluster);
  const nodes = new Map<string, number[]>();
  let last = 0;
  // By turns from each node, so that one node's queue does not hold up the others.
  for (const { from, seconds } of byTurns(jobs)) {
    let node = nodes.get(from);
    if (node === undefined) nodes.set(from, (node = slots(limits.parallelOutboundMigrationsPerNode)));
    const [ofCluster, ofNode] = [cluster[0] ?? 0, node[0] ?? 0];
    const end = Math.max(ofCluster, ofNode) + seconds;
    replaceFirst(cluster, end);
    replaceFirst(node, end);
    last = Math.max(last, end);
  }
  return last;
}

function slots(count: number): number[] {
  return Array.from({ length: Math.max(1, Math.min(count, 1000)) }, () => 0);
}

/** Keeps the times at which slots come free in order. */
function replaceFirst(times: number[], end: number): void {
  times.shift();
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= end) low = middle + 1;
    else high = middle;
  }
  times.splice(low, 0, end);
}

function byTurns<T extends { from: string }>(jobs: readonly T[]): T[] {
  const turn = new Map<string, number>();
  return jobs
    .map((job) => {
      const number = turn.get(job.from) ?? 0;
      turn.set(job.from, number + 1);
      return { job, number };
    })
    .sort((a, b) => a.number - b.number)
    .map(({ job }) => job);
}
