import { perSnapshot } from './memo.ts';
import { type NodeView, vmNodesOf } from './nodes.ts';
import {
  kindOf,
  lacking,
  nodeObjections,
  type Objection,
  type ObjectionKind,
  type Premises,
  roomObjection,
  roomObjections,
  termsToObjection,
} from './objections.ts';
import { termObjector } from './pod-terms.ts';
import type { Snapshot } from './snapshot.ts';
import { type TargetPod, targetPodOf } from './target-pod.ts';
import { takesTarget } from './versions/index.ts';
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

/** What counts of an objection, before there is a text. */
interface Brief {
  kind: ObjectionKind;
  liveOnly: boolean;
}

/** All nodes by their first objection, so that a VM's own node can be left out without counting again. */
interface Tally {
  /** By position in `nodes`. */
  briefs: (Brief | undefined)[];
  /** For each kind how many nodes, and positions of two of them to tell as an example. */
  kinds: Map<ObjectionKind, { count: number; examples: number[] }>;
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
 * affinity, taints, topology spread, volumes' node affinity and CSI drivers' attach limits, room by requests; and as
 * KubeVirt needs it: virt-handler there, the same CPU for a live migration.
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
    return summary(shape.tally, pod, group, placement, vm.node, others, terms);
  }
  const fits = (position: number): boolean => {
    const node = nodes[position];
    if (node === undefined || node.name === vm.node) return false;
    return terms(node) === undefined && lacking(pod.requests, node, podsKnown) === undefined;
  };
  if (group.open.some(fits)) return possible;
  return summary(tallyOf(pod, group, placement, terms), pod, group, placement, vm.node, others, terms);
}

/**
 * Everything that keeps a VM off one node when it is told to go there (addedNodeSelector, where KubeVirt has it); empty
 * if it can go there. Decided as above.
 */
export function objectionsTo(node: NodeView, vm: Vm, snapshot: Snapshot): Objection[] {
  const placement = placementOf(snapshot);
  const pod = targetPodOf(vm, snapshot);
  const pinnedTo = takesTarget(snapshot.versions.kubevirt) === false ? undefined : node.name;
  const term = termsToObjection(termObjector(pod, vm.launchers, snapshot, pinnedTo)?.(node), node);
  return [
    ...nodeObjections(pod, node, placement),
    ...(term === undefined ? [] : [term]),
    ...roomObjections(pod, node, placement),
  ];
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

type Terms = ReturnType<typeof termObjector>;

/** The one that counts of what a node has against the pod, without its text. */
function briefOf(
  position: number,
  pod: TargetPod,
  group: Group,
  placement: Placement,
  terms: Terms,
): Brief | undefined {
  const node = placement.nodes[position];
  const own = group.objections[position];
  if (node === undefined || own?.liveOnly === false) return own;
  const term = terms?.(node);
  if (term?.ownPodsOnly === false) return { kind: kindOf(term), liveOnly: false };
  if (lacking(pod.requests, node, placement.podsKnown) !== undefined) return { kind: 'room', liveOnly: false };
  return own ?? (term === undefined ? undefined : { kind: kindOf(term), liveOnly: true });
}

function tallyOf(pod: TargetPod, group: Group, placement: Placement, terms: Terms): Tally {
  const { nodes } = placement;
  const briefs = nodes.map((_, position) => briefOf(position, pod, group, placement, terms));
  const tally: Tally = { briefs, kinds: new Map(), cold: 0 };
  const free = (position: number): number => nodes[position]?.free['memory'] ?? 0;
  for (const [position, brief] of briefs.entries()) {
    if (brief === undefined) continue;
    if (brief.liveOnly) tally.cold++;
    const same = tally.kinds.get(brief.kind);
    if (same === undefined) {
      tally.kinds.set(brief.kind, { count: 1, examples: [position] });
      continue;
    }
    same.count++;
    same.examples.push(position);
    // The example of a node without room is the one that comes closest.
    if (brief.kind === 'room') same.examples.sort((a, b) => free(b) - free(a) || a - b);
    if (same.examples.length > 2) same.examples.pop();
  }
  return tally;
}

function summary(
  { briefs, kinds, cold }: Tally,
  pod: TargetPod,
  group: Group,
  placement: Placement,
  own: string | undefined,
  others: number,
  terms: Terms,
): Targets {
  const { nodes } = placement;
  const ownBrief = own === undefined ? undefined : briefs[nodes.findIndex(({ name }) => name === own)];
  const targets: Targets = {
    live: false,
    cold: cold - (ownBrief?.liveOnly === true ? 1 : 0) > 0,
    others,
    counts: [],
    examples: [],
  };
  for (const [kind, { count, examples }] of kinds) {
    const counted = count - (ownBrief?.kind === kind ? 1 : 0);
    if (counted > 0) targets.counts.push([kind, counted]);
    const position = examples.find((each) => nodes[each]?.name !== own);
    const node = position === undefined ? undefined : nodes[position];
    if (position === undefined || node === undefined) continue;
    const objection = [
      group.objections[position],
      termsToObjection(terms?.(node), node),
      roomObjection(pod, node, placement),
    ].find((each) => each?.kind === kind);
    if (objection !== undefined) targets.examples.push({ node, objection });
  }
  targets.counts.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  targets.examples.sort((a, b) => (a.objection.kind < b.objection.kind ? -1 : 1));
  return targets;
}
