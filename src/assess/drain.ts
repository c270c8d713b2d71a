import { runStrategyOf, type Strategy, strategyOf } from '../model/eviction.ts';
import type { Finding, Verdict } from '../model/finding.ts';
import { keyOf } from '../model/memo.ts';
import { migrationsOf } from '../model/migrations.ts';
import type { NodeView } from '../model/nodes.ts';
import { settingsOf } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsByName } from '../model/vm.ts';
import type { CheckItem } from './assess.ts';
import { budgetAgainst } from './budgets.ts';
import { evictionFate, type Fate } from './eviction.ts';
import { type Item, type Placed, pack } from './packing.ts';

/** What a drain of its node does to one VM. */
export interface DrainStep {
  vm: { namespace: string; name: string };
  verdict: Verdict;
  eviction: { strategy: string; from: Strategy['from'] };
  does: Fate | 'unknown';
  /** One node it fits on; which one it will be, the scheduler decides. */
  to?: string;
  /** Of one that moves: in which round, if they went in order of namespace and name. KubeVirt promises no order. */
  round?: number;
  /** Why it blocks, waits or stays off. */
  why?: string;
  /** What the checks say about the VM. */
  findings: Finding[];
}

/** What a drain of a node does, VM by VM. */
export interface Drain {
  /** Migrations that the limits let leave the node at once; absent where they are not known. */
  atOnce?: number;
  limitedBy?: 'parallelMigrationsPerCluster' | 'parallelOutboundMigrationsPerNode';
  /** Migrations of the cluster, and of those the ones that leave this node, that hold slots already. */
  taken: { cluster: number; node: number };
  rounds?: number;
  /** In order of namespace and name. */
  steps: DrainStep[];
}

/** Decided from what the checks say about the VMs of the node (`items`). */
export function drainOf(node: NodeView, snapshot: Snapshot, items: readonly CheckItem[]): Drain {
  const vms = vmsByName(snapshot);
  const outcomes = items.flatMap((item): Outcome[] => {
    const vm = vms.get(keyOf(item.vm.namespace, item.vm.name));
    return vm === undefined ? [] : [{ item, vm, ...outcomeOf(vm, item, snapshot) }];
  });
  const seeking: Item[] = outcomes.flatMap(({ vm, does, underWay }) =>
    (does === 'moves' || does === 'restarts') && !underWay ? [{ vm, live: does === 'moves' }] : [],
  );
  const places = new Map(pack(snapshot, seeking, node.name).map((placed) => [placed.vm, placed]));
  const pace = paceOf(node, snapshot);
  let leaving = 0;
  const steps = outcomes.map((outcome): DrainStep => {
    const step = stepOf(outcome, places.get(outcome.vm), snapshot);
    if (step.does !== 'moves' || pace.atOnce === undefined || pace.atOnce < 1) return step;
    return { ...step, round: Math.floor(leaving++ / pace.atOnce) + 1 };
  });
  return {
    ...pace,
    ...(pace.atOnce !== undefined && pace.atOnce > 0 && { rounds: Math.ceil(leaving / pace.atOnce) }),
    steps,
  };
}

interface Outcome {
  item: CheckItem;
  vm: Vm;
  does: Fate | 'unknown';
  why?: string;
  to?: string;
  /** It is being migrated already. */
  underWay?: boolean;
}

/** Blockers that a drain has nothing to do with: it waits for a migration that is under way. */
const passing = new Set(['vm/unfinished-migration']);

function outcomeOf(vm: Vm, item: CheckItem, snapshot: Snapshot): Omit<Outcome, 'item' | 'vm'> {
  const does = evictionFate(vm, snapshot);
  const blockers = item.findings.filter(({ severity, check }) => severity === 'blocker' && !passing.has(check));
  const first = blockers[0];
  switch (does) {
    case 'moves': {
      const [migration] = vm.unfinished;
      if (migration !== undefined) {
        const to = migration.targetNode;
        const why = `migration ${migration.name} is ${migration.phase || 'waiting'}`;
        return { does, why, underWay: true, ...(to !== undefined && { to }) };
      }
      // KubeVirt would try: what stands in the way shows only then, and the drain waits.
      return first === undefined ? { does } : { does: 'blocks', why: first.summary ?? first.message };
    }
    case 'blocks':
      return {
        does,
        why: first === undefined ? 'KubeVirt does not call it live-migratable' : (first.summary ?? first.message),
      };
    case 'waits for others':
      return { does, why: 'its eviction strategy is External: something else has to move it' };
    case 'unknown':
      return { does, why: "the cluster's eviction strategy could not be read" };
    default: {
      const budget = vm.launcher === undefined ? undefined : budgetAgainst(vm.launcher, snapshot);
      if (budget !== undefined) {
        return { does: 'blocks', why: `PodDisruptionBudget ${budget.metadata.name} allows no disruption` };
      }
      const stuck = blockers.find(({ allows }) => allows === 'nothing');
      if (does !== 'restarts') return { does, why: endOf(vm, does) };
      return stuck === undefined
        ? { does }
        : { does: 'down meanwhile', why: `it can start nowhere else: ${stuck.summary ?? stuck.message}` };
    }
  }
}

function endOf(vm: Vm, does: Fate): string {
  return does === 'gone'
    ? 'it is an instance without a VM: nothing starts it again'
    : `it is shut down, and its run strategy ${runStrategyOf(vm)} does not start it again`;
}

function stepOf(outcome: Outcome, place: Placed | undefined, snapshot: Snapshot): DrainStep {
  const { item, vm, why } = outcome;
  const { value, from } = strategyOf(vm, snapshot);
  const base = {
    vm: item.vm,
    verdict: item.verdict,
    eviction: { strategy: value ?? 'unknown', from },
  };
  const { findings } = item;
  if (place !== undefined && place.to === undefined) {
    const does = place.live ? 'blocks' : 'down meanwhile';
    return { ...base, does, why: noPlace(place), findings };
  }
  const to = outcome.to ?? place?.to;
  return { ...base, does: outcome.does, ...(to !== undefined && { to }), ...(why !== undefined && { why }), findings };
}

/** Why a VM has no place. */
export function noPlace({ nearest, alone }: Placed): string {
  const example =
    nearest === undefined ? 'there is no other node' : `${nearest.node.name} ${nearest.objection.message}`;
  return alone === true
    ? `no other node can take it: ${example}`
    : `no place is left once the others have moved: ${example}`;
}

function paceOf({ name }: NodeView, snapshot: Snapshot): Pick<Drain, 'atOnce' | 'limitedBy' | 'taken'> {
  const { parallelMigrationsPerCluster: cluster, parallelOutboundMigrationsPerNode: outbound } = settingsOf(snapshot);
  const { taken, takenByNode } = migrationsOf(snapshot);
  const used = { cluster: taken, node: takenByNode.get(name) ?? 0 };
  if (cluster.value === undefined || outbound.value === undefined) return { taken: used };
  const byNode = outbound.value <= cluster.value;
  return {
    atOnce: Math.min(cluster.value, outbound.value),
    limitedBy: byNode ? 'parallelOutboundMigrationsPerNode' : 'parallelMigrationsPerCluster',
    taken: used,
  };
}
