import { durationsOf } from '../diagnose/durations.ts';
import type { Finding } from '../model/finding.ts';
import { formatBytes } from '../model/quantity.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { settingsFindings } from './drift.ts';
import type { Goal } from './goal.ts';
import { bandwidthFor, clusterFor, outboundFor, progressFor, type Situation, timeoutFor } from './goals.ts';
import { ASSUMED_HOT, type DirtyRates, type Loads, loadsOf, type Numbers } from './loads.ts';
import { numbersOf, valueOf } from './numbers.ts';
import type { Value } from './parameters.ts';
import { type PolicyAdvice, policyAdvice } from './policy-advice.ts';
import { readSettings, versionIn } from './read.ts';
import { reasonFor } from './reasons.ts';
import { setupOf } from './setup.ts';
import { type Effects, effectsOf, shareOn } from './simulate.ts';

export type Confidence = 'high' | 'medium' | 'low';

export interface Recommendation {
  setting: string;
  current: Value | null;
  recommended: Value;
  /** In numbers. */
  reason: string;
  /** Of this change alone. */
  effects: { before: Effects; after: Effects } | null;
  confidence: Confidence;
  risk: string;
}

export interface Advice {
  goal: Goal;
  recommendations: Recommendation[];
  /** For single VMs that are the problem. */
  policies: PolicyAdvice[];
  /** VMs that no setting helps, with what does. */
  unsolved: { vm: string; message: string }[];
  /** Of all recommendations and policies together; null where no VM can migrate. */
  effects: { before: Effects; after: Effects } | null;
  /** What is wrong with the settings whatever the goal. */
  findings: Finding[];
  confidence: Confidence;
  /** What the predictions rest on, and what is only assumed. A sentence each. */
  basis: string[];
}

/** What would be better for a goal. A pure function: the same Snapshot gives the same advice. */
export function advise(snapshot: Snapshot, goal: Goal, rates?: DirtyRates): Advice {
  const loads = loadsOf(snapshot, rates);
  const { byNode } = loads;
  const numbers = numbersOf(snapshot);
  const dedicated = typeof valueOf(snapshot, 'network') === 'string' && valueOf(snapshot, 'network') !== '';
  const nodes = new Set([...byNode.keys(), ...workers(snapshot)]).size;
  let situation: Situation = { numbers, byNode, nodes, dedicated };
  const steps: [keyof Numbers, (situation: Situation) => Partial<Numbers>][] = [
    ['allowPostCopy', (at) => postCopy(at.numbers, at, snapshot)],
    [
      'parallelOutboundMigrationsPerNode',
      (at) => ({ parallelOutboundMigrationsPerNode: outboundFor(goal, without(at)) }),
    ],
    [
      'parallelMigrationsPerCluster',
      (at) => ({ parallelMigrationsPerCluster: clusterFor(goal, at.numbers.parallelOutboundMigrationsPerNode, at) }),
    ],
    ['bandwidthPerMigration', (at) => ({ bandwidthPerMigration: bandwidthFor(goal, at) })],
    ['completionTimeoutPerGiB', (at) => ({ completionTimeoutPerGiB: timeoutFor(goal, at).perGiB })],
    ['progressTimeout', (at) => ({ progressTimeout: progressFor(at) })],
  ];
  const recommended: Numbers = { ...numbers };
  if (loads.all.length > 0) {
    for (const [, step] of steps) {
      Object.assign(recommended, step(situation));
      situation = { ...situation, numbers: { ...recommended } };
    }
  }
  const confidence = confidenceOf(loads, snapshot);
  const changed = (Object.keys(recommended) as (keyof Numbers)[]).filter((name) => recommended[name] !== numbers[name]);
  const recommendations = changed.sort().map((name): Recommendation => {
    const alone = { ...numbers, [name]: recommended[name] };
    const before = effectsOf(byNode, numbers);
    const after = effectsOf(byNode, alone);
    return {
      setting: name,
      current: valueOf(snapshot, name),
      recommended: name === 'bandwidthPerMigration' ? mebibytes(recommended[name]) : recommended[name],
      ...reasonFor(name, numbers, recommended, { goal, situation, snapshot, loads }),
      effects: before === undefined || after === undefined ? null : { before, after },
      confidence: name === 'bandwidthPerMigration' && confidence === 'high' ? 'medium' : confidence,
    };
  });
  const { policies, unsolved } = policyAdvice(goal, situation, snapshot, confidence);
  const helped = new Map(policies.map((each) => [each.vm, each.settings]));
  const with_ = new Map(
    [...byNode].map(([node, there]) => [node, there.map((load) => withPolicy(load, helped.get(load.key)))]),
  );
  const before = effectsOf(byNode, numbers);
  const after = effectsOf(with_, recommended);
  return {
    goal,
    recommendations,
    policies,
    unsolved,
    effects: before === undefined || after === undefined ? null : { before, after },
    findings: settingsFindings(snapshot),
    confidence,
    basis: basisOf(loads, snapshot, rates, dedicated),
  };
}

function withPolicy<T extends { own: Partial<Numbers> }>(load: T, settings: Record<string, Value> | undefined): T {
  return settings === undefined ? load : { ...load, own: { ...load.own, ...(settings as Partial<Numbers>) } };
}

/** A limit is judged after the number of migrations, so that number is chosen as if there were none that it could follow. */
function without(situation: Situation): Situation {
  return { ...situation, numbers: { ...situation.numbers, bandwidthPerMigration: 0 } };
}

/** Post-copy that is allowed but defeated, or that costs every migration its parallel connections. */
function postCopy(numbers: Numbers, { byNode }: Situation, snapshot: Snapshot): Partial<Numbers> {
  const version = versionIn(snapshot);
  if (!numbers.allowPostCopy) return {};
  const one = version?.multifd.notWith.includes('post-copy') === true;
  if (one) {
    const without = { ...numbers, allowPostCopy: false, allowWorkloadDisruption: false };
    const [before, after] = [effectsOf(byNode, numbers), effectsOf(byNode, without)];
    const faster = (before?.drain.seconds ?? Infinity) > 1.2 * (after?.drain.seconds ?? Infinity);
    if (faster && (after?.converging.vms ?? 0) >= (before?.converging.vms ?? 0)) return { allowPostCopy: false };
    return {};
  }
  const explicit = readSettings(snapshot).find(({ name }) => name === 'allowWorkloadDisruption');
  if (version?.workloadDisruption !== true || numbers.allowWorkloadDisruption || explicit?.source === 'default')
    return {};
  return { allowWorkloadDisruption: true };
}

function mebibytes(bytes: number): string {
  return bytes === 0 ? '0' : `${Math.round(bytes / 2 ** 20)}Mi`;
}

function workers(snapshot: Snapshot): string[] {
  return itemsOf(snapshot.lists.nodes)
    .filter(({ metadata }) => metadata.labels?.['kubevirt.io/schedulable'] === 'true')
    .map(({ metadata }) => metadata.name);
}

/** Finished migrations from which on they say something about the model. */
const ENOUGH = 5;

function confidenceOf({ all, measured, links }: Loads, snapshot: Snapshot): Confidence {
  if (all.length === 0) return 'low';
  const writes = measured.writes >= 0.8 * all.length;
  const lines = links.known === links.of;
  if (!writes || !lines) return writes || lines ? 'medium' : 'low';
  return measured.memory >= 0.8 * all.length && history(snapshot).succeeded >= ENOUGH ? 'high' : 'medium';
}

function history(snapshot: Snapshot): { succeeded: number; failed: number } {
  const states = itemsOf(snapshot.lists.migrations).map(({ status }) => status);
  return {
    succeeded: states.filter((status) => status?.phase === 'Succeeded').length,
    failed: states.filter((status) => status?.phase === 'Failed').length,
  };
}

function basisOf(loads: Loads, snapshot: Snapshot, rates: DirtyRates | undefined, dedicated: boolean): string[] {
  const { all, left, measured, links } = loads;
  const count = all.length;
  const numbers = numbersOf(snapshot);
  const shares = Math.max(0, ...[...loads.byNode.values()].map((there) => shareOn(there, numbers)));
  const { succeeded, failed } = history(snapshot);
  const setup = setupOf(snapshot);
  const unknown = readSettings(snapshot).filter(({ source }) => source === 'unknown');
  const durations = durationsOf(snapshot);
  return [
    `${count} running VMs with ${formatBytes(all.reduce((sum, { guest }) => sum + guest.size, 0))} of memory on ${loads.byNode.size} nodes can migrate${left > 0 ? `; ${left} more cannot, or their memory is not known` : ''}.`,
    ...(measured.writes > 0
      ? [
          `How much ${measured.writes} of them write is measured: ${rates === undefined || rates.byVm.size === 0 ? "virt-handler's present word" : rates.source}.`,
        ]
      : []),
    ...(measured.writes < count
      ? [
          `Of ${count - measured.writes} it is assumed that they rewrite ${ASSUMED_HOT * 100} % of their memory all the time.`,
        ]
      : []),
    ...(measured.memory < count
      ? [`Of ${count - measured.memory} it is assumed that all their memory is in use.`]
      : []),
    links.known === links.of
      ? `The links of all ${links.of} nodes are known from NodeNetworkState.`
      : `Of ${links.of - links.known} of ${links.of} nodes the link is not known, and taken for 10 Gbit/s.`,
    dedicated
      ? 'Migrations have a network of their own.'
      : 'Migrations share the network of the pods: what they take, applications lack. `network plan` designs one of their own.',
    `Up to ${shares} at once share a link; one connection carries at most 300 MB/s, bound by one CPU of virt-handler.`,
    setup.from > 0
      ? `Besides the copying a migration takes ${setup.seconds} s, the median of ${setup.from} that are remembered.`
      : `Besides the copying a migration is assumed to take ${setup.seconds} s: too few are remembered that would tell.`,
    ...(succeeded + failed > 0
      ? [
          `Of the migrations that are remembered ${succeeded} succeeded and ${failed} failed${durations === undefined ? '' : ', and how long they took is known'}.`,
        ]
      : ['No migrations are remembered that could confirm the predictions.']),
    ...(unknown.length > 0
      ? [`Not known, and taken for the default: ${unknown.map(({ name }) => name).join(', ')}.`]
      : []),
  ];
}
