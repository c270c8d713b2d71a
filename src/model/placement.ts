import { perSnapshot } from './memo.ts';
import { type NodeView, vmNodesOf } from './nodes.ts';
import {
  lacking,
  nodeObjections,
  type Objection,
  type ObjectionKind,
  type Premises,
  roomObjection,
  termsToObjection,
} from './objections.ts';
import { termObjector } from './pod-terms.ts';
import type { Snapshot } from './snapshot.ts';
import { type TargetPod, targetPodOf } from './target-pod.ts';
import type { Vm } from './vm.ts';

/** Whether any other node can take a VM. Where none can take it live, why they can't. */
export interface Targets {
  live: boolean;
  cold: boolean;
  /** The other nodes that run VMs. */
  others: number;
  /** Of those, how many have which first objection. */
  counts: [ObjectionKind, number][];
  /** A node with its objection for each kind. */
  examples: { node: NodeView; objection: Objection }[];
}

interface Placement extends Premises {
  nodes: NodeView[];
  names: Set<string>;
  groups: Map<string, Group>;
}

/** VMs that ask the same of a node, but for room and for other pods. */
interface Group {
  /** By position in `nodes`. */
  objections: (Objection | undefined)[];
  /** Positions of the nodes without an objection, those with the most free memory first. */
  open: number[];
  shapes: Map<string, Shape>;
}

/** VMs of a group that need the same room. */
interface Shape {
  /** Two nodes that have it are enough to know, as one may be a VM's own. */
  fitting: string[];
  tally?: Tally;
}

/** All nodes by their first objection, so that a VM's own node can be left out without counting again. */
interface Tally {
  first: Map<string, Objection>;
  byKind: Map<ObjectionKind, NodeView[]>;
  cold: number;
}

const placementOf = perSnapshot((snapshot: Snapshot): Placement => {
  const nodes = vmNodesOf(snapshot);
  return {
    nodes,
    names: new Set(nodes.map(({ name }) => name)),
    groups: new Map(),
    podsKnown: podsAreKnown(snapshot),
    openshift: snapshot.versions.openshift,
  };
});

/** Whether the Snapshot has all pods of the cluster, so that what is free on its nodes can be told. */
export function podsAreKnown(snapshot: Snapshot): boolean {
  const listing = snapshot.lists.pods;
  return listing.known && listing.onlyNamespaces === undefined;
}

/**
 * Whether some other node can take the VM. Decided as kube-scheduler would on the Snapshot: selectors, required
 * affinity, taints, room by requests; and as KubeVirt needs it: virt-handler there, the same CPU for a live migration.
 * Not decided, for the Snapshot does not have them: PersistentVolumes' own node affinity, attach limits, topology spread.
 */
export function targetsOf(vm: Vm, snapshot: Snapshot): Targets {
  const placement = placementOf(snapshot);
  const { nodes, names, podsKnown } = placement;
  const pod = targetPodOf(vm, snapshot);
  const group = groupOf(pod, placement);
  const terms = termObjector(pod, vm.launchers, snapshot);
  const others = nodes.length - (vm.node !== undefined && names.has(vm.node) ? 1 : 0);
  const possible: Targets = { live: true, cold: true, others, counts: [], examples: [] };
  if (terms === undefined) {
    const key = JSON.stringify(pod.requests);
    let shape = group.shapes.get(key);
    if (shape === undefined) group.shapes.set(key, (shape = shapeOf(pod, group, placement)));
    if (shape.fitting.some((name) => name !== vm.node)) return possible;
    shape.tally ??= tallyOf(pod, group, placement, undefined);
    return summary(shape.tally, vm.node, others);
  }
  const fits = (position: number): boolean => {
    const node = nodes[position];
    if (node === undefined || node.name === vm.node) return false;
    return lacking(pod.requests, node, podsKnown) === undefined && terms(node) === undefined;
  };
  if (group.open.some(fits)) return possible;
  return summary(tallyOf(pod, group, placement, terms), vm.node, others);
}

/** Everything that keeps a VM off one node, decided as above; empty if it can go there. */
export function objectionsTo(node: NodeView, vm: Vm, snapshot: Snapshot): Objection[] {
  const placement = placementOf(snapshot);
  const pod = targetPodOf(vm, snapshot);
  const terms = termObjector(pod, vm.launchers, snapshot);
  return [
    ...nodeObjections(pod, node, placement),
    termsToObjection(terms?.(node), node),
    roomObjection(pod, node, placement),
  ].filter((objection) => objection !== undefined);
}

function groupOf(pod: TargetPod, placement: Placement): Group {
  let group = placement.groups.get(pod.key);
  if (group === undefined) {
    const { nodes } = placement;
    const objections = nodes.map((node) => firstOf(nodeObjections(pod, node, placement)));
    const free = (position: number): number => nodes[position]?.free['memory'] ?? 0;
    const open = [...nodes.keys()]
      .filter((position) => objections[position] === undefined)
      .sort((a, b) => free(b) - free(a) || a - b);
    placement.groups.set(pod.key, (group = { objections, open, shapes: new Map() }));
  }
  return group;
}

/** The objection that counts: one that a restart would not overcome, if there is one. */
function firstOf(objections: Objection[]): Objection | undefined {
  return objections.find(({ liveOnly }) => !liveOnly) ?? objections[0];
}

function shapeOf({ requests }: TargetPod, group: Group, { nodes, podsKnown }: Placement): Shape {
  const fitting: string[] = [];
  for (const position of group.open) {
    const node = nodes[position];
    if (node === undefined || lacking(requests, node, podsKnown) !== undefined) continue;
    fitting.push(node.name);
    if (fitting.length === 2) break;
  }
  return { fitting };
}

function tallyOf(pod: TargetPod, group: Group, placement: Placement, terms: ReturnType<typeof termObjector>): Tally {
  const tally: Tally = { first: new Map(), byKind: new Map(), cold: 0 };
  placement.nodes.forEach((node, position) => {
    const all = [
      group.objections[position],
      termsToObjection(terms?.(node), node),
      roomObjection(pod, node, placement),
    ];
    const objection = firstOf(all.filter((candidate) => candidate !== undefined));
    if (objection === undefined) return;
    tally.first.set(node.name, objection);
    if (objection.liveOnly) tally.cold++;
    const same = tally.byKind.get(objection.kind);
    if (same === undefined) tally.byKind.set(objection.kind, [node]);
    else same.push(node);
  });
  // The example of a node without room is the one that comes closest.
  tally.byKind.get('room')?.sort((a, b) => (b.free['memory'] ?? 0) - (a.free['memory'] ?? 0));
  return tally;
}

function summary({ first, byKind, cold }: Tally, own: string | undefined, others: number): Targets {
  const ownObjection = own === undefined ? undefined : first.get(own);
  const targets: Targets = {
    live: false,
    cold: cold - (ownObjection?.liveOnly === true ? 1 : 0) > 0,
    others,
    counts: [],
    examples: [],
  };
  for (const [kind, nodes] of byKind) {
    const count = nodes.length - (ownObjection?.kind === kind ? 1 : 0);
    if (count > 0) targets.counts.push([kind, count]);
    const node = nodes.find(({ name }) => name !== own);
    const objection = node === undefined ? undefined : first.get(node.name);
    if (node !== undefined && objection !== undefined) targets.examples.push({ node, objection });
  }
  targets.counts.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  targets.examples.sort((a, b) => (a.objection.kind < b.objection.kind ? -1 : 1));
  return targets;
}
