import type { NodeView } from './nodes.ts';
import type { TermObjection } from './pod-terms.ts';
import type { Resources } from './pods.ts';
import { formatBytes, formatCores } from './quantity.ts';
import { matchesNodeTerms, tolerates } from './selectors.ts';
import type { TargetPod } from './target-pod.ts';

export type ObjectionKind =
  | 'not-ready'
  | 'cordoned'
  | 'no-virt-handler'
  | 'not-coreos'
  | 'selector'
  | 'node-affinity'
  | 'taint'
  | 'pod-affinity'
  | 'room'
  | 'cpu';

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

/** Why a node can't take the pod, whatever room it has and whatever pods are near. */
export function nodeObjections(pod: TargetPod, node: NodeView, { openshift, podsKnown }: Premises): Objection[] {
  const found: Objection[] = [];
  const object = (kind: ObjectionKind, message: string, field: string, value: unknown): void => {
    found.push({ kind, message, field, value, liveOnly: kind === 'cpu' });
  };
  if (!node.ready) {
    object(
      'not-ready',
      `is NotReady: ${node.notReadyBecause}`,
      '.status.conditions[type=Ready].status',
      node.readyStatus,
    );
  }
  const cordonTolerated = pod.tolerations.some((toleration) =>
    tolerates(toleration, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }),
  );
  if (node.cordoned && !cordonTolerated) object('cordoned', 'is cordoned', '.spec.unschedulable', true);
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
  const mismatch = mismatchOf(node, pod.nodeSelector);
  if (mismatch !== undefined) {
    const has = mismatch.has === undefined ? 'it has no such label' : `it has ${mismatch.has}`;
    object(
      'selector',
      `does not match the node selector ${mismatch.key}=${mismatch.wanted}: ${has}`,
      `.metadata.labels["${mismatch.key}"]`,
      mismatch.has,
    );
  }
  if (pod.nodeTerms !== undefined && !matchesNodeTerms(node.name, node.labels, pod.nodeTerms)) {
    object('node-affinity', "does not match the VM's required node affinity", ...termLabel(pod, node));
  }
  for (const taint of node.taints) {
    // Told above in plainer words.
    if (taint.key === 'node.kubernetes.io/unschedulable' && node.cordoned) continue;
    if (!node.ready && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(taint.key)) continue;
    if (taint.effect === 'PreferNoSchedule' || pod.tolerations.some((toleration) => tolerates(toleration, taint)))
      continue;
    const text = `${taint.key}${taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`}:${taint.effect}`;
    object('taint', `has the taint ${text}, which the VM does not tolerate`, `.spec.taints[key=${taint.key}]`, taint);
  }
  const other = mismatchOf(node, pod.cpuSelector);
  if (other !== undefined) {
    object('cpu', `lacks ${cpuText(other.key)} of the VM's current CPU`, `.metadata.labels["${other.key}"]`, other.has);
  }
  return found;
}

/** A handler pod whose conditions have not been read counts as ready if its node's label says so. */
export function isHandlerReady({ handler }: NodeView): boolean {
  return handler?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** Red Hat Enterprise Linux CoreOS, Fedora CoreOS, CentOS Stream CoreOS. */
export function isCoreOs(osImage: string): boolean {
  return /CoreOS/i.test(osImage);
}

function mismatchOf(
  { labels }: NodeView,
  selector: Record<string, string>,
): { key: string; wanted: string; has: string | undefined } | undefined {
  for (const key in selector) {
    // Said separately, with the reason.
    if (key === 'kubevirt.io/schedulable') continue;
    const wanted = selector[key] ?? '';
    if (labels[key] !== wanted) return { key, wanted, has: labels[key] };
  }
  return undefined;
}

function cpuText(key: string): string {
  const [kind = '', name = ''] = key.split('/');
  return kind.startsWith('cpu-model')
    ? `the CPU model ${name}`
    : kind.startsWith('cpu-vendor')
      ? `the vendor ${name}`
      : `the CPU feature ${name}`;
}

/** The first label that the affinity asks for; if it asks for none, it is about names. */
function termLabel(pod: TargetPod, node: NodeView): [field: string, value: unknown] {
  const [key] = (pod.nodeTerms ?? []).flatMap((term) => (term.matchExpressions ?? []).map(({ key: label }) => label));
  return key === undefined ? ['.metadata.name', node.name] : [`.metadata.labels["${key}"]`, node.labels[key]];
}

/** The same for what required pod (anti-)affinity says. */
export function termsToObjection(found: TermObjection | undefined, { labels }: NodeView): Objection | undefined {
  if (found === undefined) return undefined;
  const { rule, term, of, ownPodsOnly } = found;
  const whose =
    of === undefined ? "the VM's required pod" : `pod ${of.metadata.namespace}/${of.metadata.name}'s required`;
  return {
    kind: 'pod-affinity',
    message: `is ruled out by ${whose} ${rule} (topology ${term.topologyKey})`,
    field: `.metadata.labels["${term.topologyKey}"]`,
    value: labels[term.topologyKey],
    liveOnly: ownPodsOnly,
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

/** Why a node has no room for the pod. */
export function roomObjection({ requests }: TargetPod, node: NodeView, { podsKnown }: Premises): Objection | undefined {
  const name = lacking(requests, node, podsKnown);
  if (name === undefined) return undefined;
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
  if (resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-')) {
    return `${formatBytes(amount)} ${resource}`;
  }
  if (resource === 'pods') return amount === 1 ? '1 pod' : `${amount} pods`;
  return `${amount} ${resource}`;
}
