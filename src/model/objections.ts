import { hasNetwork } from './node-networks.ts';
import type { NodeView } from './nodes.ts';
import type { TermObjection } from './pod-terms.ts';
import type { Resources } from './pods.ts';
import { formatBytes, formatCores } from './quantity.ts';
import { selectorObjections } from './selector-objections.ts';
import { tolerates } from './selectors.ts';
import type { TargetPod } from './target-pod.ts';

export type ObjectionKind =
  | 'not-ready'
  | 'cordoned'
  | 'pressure'
  | 'no-virt-handler'
  | 'not-coreos'
  | 'selector'
  | 'node-affinity'
  | 'taint'
  | 'machine-type'
  | 'ability'
  | 'network'
  | 'volume'
  | 'attach-limit'
  | 'pod-affinity'
  | 'spread'
  | 'room'
  | 'cpu';

/** Those that stay as they are however empty and healthy the node becomes: its labels, taints and hardware. */
export const lastingKinds: ReadonlySet<ObjectionKind> = new Set<ObjectionKind>([
  'selector',
  'node-affinity',
  'cpu',
  'machine-type',
  'ability',
  'network',
  'taint',
  'not-coreos',
]);

/** Why a VM can't go to a node. */
export interface Objection {
  kind: ObjectionKind;
  /** Completes "node X ...". */
  message: string;
  /** Field of the node and its value, as it stands there. */
  field: string;
  value: unknown;
  /** It stands in the way of a live migration only, not of a restart. */
  liveOnly: boolean;
}

/** What about the Snapshot decides how nodes are judged. */
export interface Premises {
  /** All pods of the cluster are known, so what is free on its nodes can be told. */
  podsKnown: boolean;
  openshift: boolean;
}

const fromVirtHandler = new Set<ObjectionKind>(['cpu', 'machine-type', 'ability']);

const PRESSURES: [condition: string, taint: string, what: string][] = [
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure', 'memory'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure', 'disk space'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure', 'process numbers'],
];

/** Why a node can't take the pod, whatever room it has, whatever pods are near and wherever its volumes are. */
export function nodeObjections(pod: TargetPod, node: NodeView, { openshift, podsKnown }: Premises): Objection[] {
  const found: Objection[] = [];
  const object = (kind: ObjectionKind, message: string, field: string, value: unknown): void => {
    found.push({ kind, message, field, value, liveOnly: false });
  };
  const toleratesKey = (key: string): boolean =>
    pod.tolerations.some((toleration) => tolerates(toleration, { key, effect: 'NoSchedule' }));
  if (!node.ready) {
    object(
      'not-ready',
      `is NotReady: ${node.notReadyBecause}`,
      '.status.conditions[type=Ready].status',
      node.readyStatus,
    );
  }
  if (node.cordoned && !toleratesKey('node.kubernetes.io/unschedulable')) {
    object('cordoned', 'is cordoned', '.spec.unschedulable', true);
  }
  for (const condition of node.object.status?.conditions ?? []) {
    const pressure = PRESSURES.find(([type]) => type === condition.type);
    if (pressure === undefined || condition.status !== 'True') continue;
    const [type, taint, what] = pressure;
    // Of its own accord a kubelet only refuses pods that reserve no memory when memory runs short.
    if (type === 'MemoryPressure' && toleratesKey(taint)) continue;
    object('pressure', `runs short of ${what} (${type})`, `.status.conditions[type=${type}].status`, 'True');
  }
  if (node.schedulable !== true) {
    const label = node.labels['kubevirt.io/schedulable'];
    object(
      'no-virt-handler',
      label === undefined
        ? 'runs no VMs: virt-handler has not labelled it'
        : 'takes no VMs: its virt-handler is not ready',
      '.metadata.labels["kubevirt.io/schedulable"]',
      label,
    );
  } else if (podsKnown && (node.handler === undefined || !isHandlerReady(node))) {
    const name = node.handler?.metadata.name;
    object(
      'no-virt-handler',
      name === undefined ? 'has no virt-handler pod' : `has a virt-handler pod (${name}) that is not ready`,
      '.metadata.name',
      node.name,
    );
  }
  const osImage = node.object.status?.nodeInfo?.osImage ?? '';
  if (openshift && osImage !== '' && !isCoreOs(osImage)) {
    object('not-coreos', `runs ${osImage}, not CoreOS`, '.status.nodeInfo.osImage', osImage);
  }
  // Of a node that virt-handler has not labelled, it goes without saying that its labels are missing.
  const bare = node.labels['kubevirt.io/schedulable'] === undefined;
  found.push(...selectorObjections(pod, node).filter(({ kind }) => !bare || !fromVirtHandler.has(kind)));
  for (const taint of node.taints) {
    if (taint.effect === 'PreferNoSchedule' || isToldAlready(taint.key, node, found)) continue;
    if (pod.tolerations.some((toleration) => tolerates(toleration, taint))) continue;
    const text = `${taint.key}${taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`}:${taint.effect}`;
    object('taint', `has the taint ${text}, which the VM does not tolerate`, `.spec.taints[key=${taint.key}]`, taint);
  }
  for (const need of pod.networks) {
    if (hasNetwork(node, need) !== false) continue;
    const { what, name, attachment } = need;
    const thing = what === 'localnet' ? `no bridge for the physical network ${name}` : `no ${what} ${name} that is up`;
    object('network', `has ${thing}, which the VM's network ${attachment} needs`, '.metadata.name', node.name);
  }
  return found;
}

/** A taint that only repeats what has been said in plainer words. */
function isToldAlready(key: string, node: NodeView, found: readonly Objection[]): boolean {
  if (key === 'node.kubernetes.io/unschedulable') return node.cordoned;
  if (!node.ready && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key)) return true;
  const pressure = PRESSURES.find(([, taint]) => taint === key);
  return pressure !== undefined && found.some(({ field }) => field.includes(pressure[0]));
}

/** A handler pod whose conditions have not been read counts as ready if its node's label says so. */
export function isHandlerReady({ handler }: NodeView): boolean {
  return handler?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** Red Hat Enterprise Linux CoreOS, Fedora CoreOS, CentOS Stream CoreOS. */
export function isCoreOs(osImage: string): boolean {
  return /CoreOS/i.test(osImage);
}

/** What sort of objection it is. */
export function kindOf({ rule }: TermObjection): ObjectionKind {
  return rule === 'volume' || rule === 'spread' || rule === 'attach-limit' ? rule : 'pod-affinity';
}

/** The same for what pod (anti-)affinity, topology spread and volumes say. */
export function termsToObjection(found: TermObjection | undefined, { labels, name }: NodeView): Objection | undefined {
  if (found === undefined) return undefined;
  const liveOnly = found.ownPodsOnly;
  if (found.rule === 'volume') {
    const { volume } = found;
    const key = found.terms.flatMap((term) => (term.matchExpressions ?? []).map((each) => each.key))[0];
    const message = `can't reach the VM's volume ${found.name}: PersistentVolume ${volume.metadata.name} is for other nodes`;
    const [field, value] = key === undefined ? ['.metadata.name', name] : [`.metadata.labels["${key}"]`, labels[key]];
    return { kind: 'volume', message, field: field ?? '', value, liveOnly };
  }
  if (found.rule === 'attach-limit') {
    const { driver, limit, attached, needed } = found;
    const volumes = needed === 1 ? "the VM's volume" : `${needed} volumes of the VM`;
    const message = `has no room for ${volumes}: the storage driver ${driver} attaches at most ${limit} to a node, and ${attached} ${attached === 1 ? 'is' : 'are'} attached there`;
    return { kind: 'attach-limit', message, field: '.metadata.name', value: name, liveOnly };
  }
  if (found.rule === 'spread') {
    const { topologyKey, maxSkew } = found.constraint;
    const field = `.metadata.labels["${topologyKey}"]`;
    const value = labels[topologyKey];
    const message =
      found.there === undefined
        ? `has no label ${topologyKey}, by which the VM's topology spread constraint counts`
        : `would get too many of the pods that the VM's topology spread constraint counts: ${topologyKey}=${value} has ${found.there}, the emptiest ${found.least}, and the difference may be ${maxSkew}`;
    return { kind: 'spread', message, field, value, liveOnly };
  }
  const { rule, term, of } = found;
  const whose =
    of === undefined ? "the VM's required pod" : `pod ${of.metadata.namespace}/${of.metadata.name}'s required`;
  return {
    kind: 'pod-affinity',
    message: `is ruled out by ${whose} ${rule} (topology ${term.topologyKey})`,
    field: `.metadata.labels["${term.topologyKey}"]`,
    value: labels[term.topologyKey],
    liveOnly,
  };
}

/** The first resource of which a node has too little; undefined if the requests fit. */
export function lacking(requests: Resources, node: NodeView, podsKnown: boolean): string | undefined {
  const room = podsKnown ? node.free : node.allocatable;
  for (const name in requests) {
    const needed = requests[name] ?? 0;
    if (needed > 0 && needed > (room[name] ?? 0)) return name;
  }
  return undefined;
}

/** Why a node has no room for the pod: the first resource of which it has too little. */
export function roomObjection({ requests }: TargetPod, node: NodeView, { podsKnown }: Premises): Objection | undefined {
  const name = lacking(requests, node, podsKnown);
  return name === undefined ? undefined : shortOf(name, requests, node, podsKnown);
}

/** The same for every resource of which it has too little; of a node without virt-handler, but for its devices. */
export function roomObjections({ requests }: TargetPod, node: NodeView, { podsKnown }: Premises): Objection[] {
  const room = podsKnown ? node.free : node.allocatable;
  return Object.keys(requests)
    .filter((name) => (requests[name] ?? 0) > Math.max(0, room[name] ?? 0))
    .filter((name) => node.schedulable !== undefined || !name.startsWith('devices.kubevirt.io/'))
    .map((name) => shortOf(name, requests, node, podsKnown));
}

function shortOf(name: string, requests: Resources, node: NodeView, podsKnown: boolean): Objection {
  const needed = requests[name] ?? 0;
  const there = (podsKnown ? node.free : node.allocatable)[name] ?? 0;
  const what = podsKnown ? 'free' : 'allocatable';
  const message = `has no room: the VM needs ${amountText(name, needed)}; ${what}: ${amountText(name, Math.max(0, there))}`;
  const value = node.object.status?.allocatable?.[name];
  return { kind: 'room', message, field: `.status.allocatable["${name}"]`, value, liveOnly: false };
}

/** An amount of a resource for people: `2 CPU`, `4.3 GiB memory`, `1 devices.kubevirt.io/kvm`. */
export function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return `${formatCores(amount)} CPU`;
  if (['memory', 'ephemeral-storage', 'storage'].includes(resource) || resource.startsWith('hugepages-')) {
    return `${formatBytes(amount)} ${resource}`;
  }
  if (resource === 'pods') return amount === 1 ? '1 pod' : `${amount} pods`;
  if (resource === 'persistentvolumeclaims') return amount === 1 ? '1 claim' : `${amount} claims`;
  return `${amount} ${resource}`;
}
