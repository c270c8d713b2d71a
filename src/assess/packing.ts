import { compareText, perSnapshot } from '../model/memo.ts';
import { type NodeView, vmNodesOf } from '../model/nodes.ts';
import { nodeObjections, type Objection, roomObjection, termsToObjection } from '../model/objections.ts';
import { podsAreKnown } from '../model/placement.ts';
import { termObjector } from '../model/pod-terms.ts';
import { addAmounts, type Resources } from '../model/pods.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type TargetPod, targetPodOf } from '../model/target-pod.ts';
import type { Vm } from '../model/vm.ts';

/** A VM that has to find a place: with the CPU it runs on (live), or by a start. */
export interface Item {
  vm: Vm;
  live: boolean;
}

export interface Placed extends Item {
  /** Where it fits; undefined if nowhere. */
  to?: string;
  /** Of one without a place: what is nearest to being possible, and why it is not. */
  nearest?: { node: NodeView; objection: Objection };
  /** No other node could take it even if it were the only one to move. */
  alone?: boolean;
}

/** How places are looked for, for people. */
export const HEURISTIC =
  'by requests, the VM that needs the largest share of a node first, each on the node it leaves fullest';

interface Judged {
  nodes: NodeView[];
  /** What each node has against pods with the same constraints, whatever room it has. */
  byKey: Map<string, { live: (Objection | undefined)[]; cold: (Objection | undefined)[] }>;
}

const judgedOf = perSnapshot((snapshot: Snapshot): Judged => ({ nodes: vmNodesOf(snapshot), byKey: new Map() }));

/**
 * Whether the VMs all find a place on the nodes but `without`: best-fit decreasing by dominant share of requests. What
 * it places does fit together; what it leaves over might still find a place by another arrangement, unless it is
 * `alone`. Pods that move count where they go, but required pod (anti-)affinity is judged by where pods are now.
 */
export function pack(snapshot: Snapshot, items: readonly Item[], without: string): Placed[] {
  const { nodes } = judgedOf(snapshot);
  const free = new Map(nodes.map((node) => [node.name, { ...node.free }]));
  const largest = largestOf(nodes);
  const wanted = items
    .map((item) => ({ item, pod: targetPodOf(item.vm, snapshot) }))
    .map((each) => ({ ...each, share: shareOf(each.pod.requests, largest) }))
    .sort(
      (a, b) =>
        b.share - a.share ||
        compareText(a.item.vm.namespace, b.item.vm.namespace) ||
        compareText(a.item.vm.name, b.item.vm.name),
    );
  const placed = new Map<Vm, Placed>();
  for (const { item, pod } of wanted) {
    const place = placeOf(snapshot, item, pod, free, without);
    if (place.to !== undefined) addAmounts(free.get(place.to) ?? {}, pod.requests, -1);
    placed.set(item.vm, place);
  }
  return items.flatMap(({ vm }) => placed.get(vm) ?? []);
}

function placeOf(
  snapshot: Snapshot,
  item: Item,
  pod: TargetPod,
  free: Map<string, Resources>,
  without: string,
): Placed {
  const { nodes } = judgedOf(snapshot);
  const premises = { podsKnown: podsAreKnown(snapshot), openshift: snapshot.versions.openshift };
  const objections = objectionsFor(pod, snapshot)[item.live ? 'live' : 'cold'];
  const terms = termObjector(pod, item.vm.launchers, snapshot);
  let best: { name: string; left: number } | undefined;
  let nearest: Placed['nearest'];
  let alone = true;
  nodes.forEach((node, position) => {
    if (node.name === without) return;
    const fixed = objections[position] ?? unlessColdOnly(termsToObjection(terms?.(node), node), item.live);
    const now = { ...node, free: free.get(node.name) ?? node.free };
    const room = fixed === undefined ? roomObjection(pod, now, premises) : undefined;
    if (fixed === undefined && room === undefined) {
      alone = false;
      const left = leftOf(pod.requests, now);
      if (best === undefined || left < best.left) best = { name: node.name, left };
      return;
    }
    if (room !== undefined && roomObjection(pod, node, premises) === undefined) alone = false;
    const objection = fixed ?? room;
    if (objection !== undefined && (nearest === undefined || rank(objection) > rank(nearest.objection))) {
      nearest = { node, objection };
    }
  });
  if (best !== undefined) return { ...item, to: best.name };
  return { ...item, ...(nearest !== undefined && { nearest }), alone };
}

/** What only stands in the way of a live migration does not concern a start. */
function unlessColdOnly(objection: Objection | undefined, live: boolean): Objection | undefined {
  return objection?.liveOnly === true && !live ? undefined : objection;
}

function objectionsFor(pod: TargetPod, snapshot: Snapshot) {
  const { nodes, byKey } = judgedOf(snapshot);
  let found = byKey.get(pod.key);
  if (found === undefined) {
    const premises = { podsKnown: podsAreKnown(snapshot), openshift: snapshot.versions.openshift };
    const all = nodes.map((node) => nodeObjections(pod, node, premises));
    found = {
      live: all.map((objections) => objections[0]),
      cold: all.map((objections) => objections.find(({ liveOnly }) => !liveOnly)),
    };
    byKey.set(pod.key, found);
  }
  return found;
}

/** What is nearest to being possible says most. */
function rank({ kind }: Objection): number {
  return ['taint', 'pod-affinity', 'cpu', 'room'].indexOf(kind);
}

/** The largest amount that any node has of each resource. */
function largestOf(nodes: readonly NodeView[]): Resources {
  const largest: Resources = {};
  for (const { allocatable } of nodes) {
    for (const name in allocatable) largest[name] = Math.max(largest[name] ?? 0, allocatable[name] ?? 0);
  }
  return largest;
}

function shareOf(requests: Resources, largest: Resources): number {
  let share = 0;
  for (const name in requests) {
    const most = largest[name] ?? 0;
    if (most > 0) share = Math.max(share, (requests[name] ?? 0) / most);
  }
  return share;
}

/** How much of the node, at least, stays free of what matters most: CPU or memory. */
function leftOf(requests: Resources, { free, allocatable }: NodeView): number {
  const left = ['cpu', 'memory'].map((name) => {
    const all = allocatable[name] ?? 0;
    return all === 0 ? 1 : ((free[name] ?? 0) - (requests[name] ?? 0)) / all;
  });
  return Math.min(...left);
}
