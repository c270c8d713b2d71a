import { byName, compareText, perSnapshot } from './memo.ts';
import type { Node, NodeNetworkState, Pod } from './objects.ts';
import { addAmounts, amountsOf, podsByNode, type Resources, requestsOf } from './pods.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';

export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** A node as a place for VMs. Amounts are the scheduler's: `cpu` in millicores, the rest in whole units. */
export interface NodeView {
  name: string;
  object: Node;
  labels: Record<string, string>;
  ready: boolean;
  /** Of the Ready condition: `True`, `False`, `Unknown`; undefined where there is none. */
  readyStatus: string | undefined;
  /** Of the Ready condition, when it is not True. */
  notReadyBecause?: string;
  /** spec.unschedulable, which `kubectl cordon` sets. */
  cordoned: boolean;
  taints: Taint[];
  /** virt-handler's label kubevirt.io/schedulable; undefined where there is none. */
  schedulable: boolean | undefined;
  allocatable: Resources;
  /** Requests of the pods that are bound to it. Meaningless where the Snapshot's pods are not known. */
  requested: Resources;
  /** allocatable - requested; may be negative. */
  free: Resources;
  pods: Pod[];
  /** The virt-handler pod on it, the ready one if there are several. */
  handler?: Pod;
  /** What NMState tells of its network: interfaces that are up, and the physical networks that OVN-Kubernetes maps. */
  network?: { interfaces: Set<string>; localnets: Set<string> };
}

/** The cluster's nodes by name, in order of name. */
export const nodesOf = perSnapshot((snapshot: Snapshot): Map<string, NodeView> => {
  const bound = podsByNode(snapshot);
  const nodes = [...itemsOf(snapshot.lists.nodes)].sort((a, b) => compareText(a.metadata.name, b.metadata.name));
  const states = byName(itemsOf(snapshot.lists.nodeNetworkStates));
  return new Map(
    nodes.map((node) => {
      const { name } = node.metadata;
      const network = networkOf(states.get(name));
      return [name, { ...viewOf(node, bound.get(name) ?? []), ...(network !== undefined && { network }) }];
    }),
  );
});

function networkOf(state: NodeNetworkState | undefined): NodeView['network'] {
  const current = state?.status?.currentState;
  if (current?.interfaces === undefined) return undefined;
  const mapped = (current['ovn'] as { 'bridge-mappings'?: { localnet?: string }[] } | undefined)?.['bridge-mappings'];
  return {
    interfaces: new Set(current.interfaces.filter(({ state: link }) => link !== 'down').map(({ name }) => name)),
    localnets: new Set((mapped ?? []).map(({ localnet = '' }) => localnet)),
  };
}

function viewOf(object: Node, pods: Pod[]): NodeView {
  const labels = object.metadata.labels ?? {};
  const condition = object.status?.conditions?.find(({ type }) => type === 'Ready');
  const ready = condition?.status === 'True';
  const allocatable = amountsOf(object.status?.allocatable);
  const requested: Resources = {};
  for (const pod of pods) addAmounts(requested, requestsOf(pod));
  const free = { ...allocatable };
  addAmounts(free, requested, -1);
  const handlers = pods
    .filter((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler')
    .sort((a, b) => readiness(b) - readiness(a) || compareText(a.metadata.name, b.metadata.name));
  const label = labels['kubevirt.io/schedulable'];
  return {
    name: object.metadata.name,
    object,
    labels,
    ready,
    readyStatus: condition?.status,
    ...(!ready && {
      notReadyBecause: condition?.message || condition?.reason || 'the kubelet reports no Ready condition',
    }),
    cordoned: object.spec?.unschedulable === true,
    taints: object.spec?.taints ?? [],
    schedulable: label === undefined ? undefined : label === 'true',
    allocatable,
    requested,
    free,
    pods,
    ...(handlers[0] !== undefined && { handler: handlers[0] }),
  };
}

function readiness(pod: Pod): number {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ? 1 : 0;
}

/** Nodes that can run VMs at all: virt-handler has labelled them, whether schedulable at the moment or not. */
export const vmNodesOf = perSnapshot((snapshot: Snapshot): NodeView[] =>
  [...nodesOf(snapshot).values()].filter((node) => node.schedulable !== undefined || node.handler !== undefined),
);

/** The StorageClasses and claims of a Snapshot by name. */
export const storageOf = perSnapshot((snapshot: Snapshot) => ({
  claims: byName(itemsOf(snapshot.lists.claims)),
  classes: byName(itemsOf(snapshot.lists.storageClasses)),
}));
