import type { KubeObject, Node, PersistentVolumeClaim, Pod } from '../../model/objects.ts';
import { addAmounts, amountsOf, isFinishedPod, type Resources, requestsOf } from '../../model/pods.ts';
import { atLeast } from '../../model/version-order.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { csiVolumesOf, withinAttachLimits } from './attach-limits.ts';
import {
  type LabelSelector,
  matchesLabels,
  matchesNode,
  type NodeSelector,
  podMatchesNode,
  type Taint,
  type Toleration,
  untoleratedTaint,
} from './selectors.ts';
import { type Spread, spreadReason, spreadsOf } from './topology-spread.ts';

/** Why a node was turned down. `unresolvable`: evicting pods from it would not help. */
export interface Rejection {
  reasons: string[];
  unresolvable: boolean;
}

interface Term {
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
  topologyKey: string;
}

const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

/** What the pods on each node ask for, kept current as pods come and go. */
export interface Usage {
  of(node: string): Resources;
  /** Unfinished, bound pods that have required anti-affinity of their own. */
  exclusive(): Iterable<Pod>;
}

export function usage(cluster: Cluster): Usage {
  const used = new Map<string, Resources>();
  const exclusive = new Map<string, Pod>();
  const count = (pod: Pod, sign: 1 | -1): void => {
    const node = pod.spec?.nodeName;
    if (node === undefined || isFinishedPod(pod)) return;
    let total = used.get(node);
    if (total === undefined) used.set(node, (total = {}));
    addAmounts(total, requestsOf(pod), sign);
    const uid = pod.metadata.uid ?? '';
    if (sign < 0) exclusive.delete(uid);
    else if (antiAffinityOf(pod).length > 0) exclusive.set(uid, pod);
  };
  for (const pod of cluster.store.values<Pod>(resources.pods)) count(pod, 1);
  cluster.store.subscribe((event) => {
    if (event.resource !== resources.pods) return;
    if (event.previous !== undefined) count(event.previous, -1);
    if (event.type !== 'DELETED') count(event.object, 1);
  });
  return { of: (node) => used.get(node) ?? {}, exclusive: () => exclusive.values() };
}

function antiAffinityOf(pod: Pod): Term[] {
  return pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function affinityOf(pod: Pod): Term[] {
  return pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function selects(cluster: Cluster, term: Term, owner: Pod, pod: Pod): boolean {
  const { namespaces = [], namespaceSelector } = term;
  const namespace = pod.metadata.namespace ?? '';
  const here =
    namespaces.includes(namespace) ||
    (namespaceSelector === undefined
      ? namespaces.length === 0 && namespace === owner.metadata.namespace
      : matchesLabels(
          namespaceSelector,
          cluster.store.get(resources.namespaces, undefined, namespace)?.metadata.labels ?? {},
        ));
  return here && matchesLabels(term.labelSelector, pod.metadata.labels ?? {});
}

/** What the filters of one pod need to know once, not for every node. */
export interface PodQuestion {
  pod: Pod;
  requests: Resources;
  volumes: NodeSelector[];
  /** Whether CSI drivers can attach its volumes to a node. */
  attachable(node: string): boolean;
  /** Values of a topology key where a pod matching one of its anti-affinity (or affinity) terms runs. */
  repelled: { key: string; values: Set<string> }[];
  attracted: { key: string; values: Set<string> }[];
  /** No pod matches its affinity, but it does itself: the first of a group may go anywhere. */
  first: boolean;
  spreads: Spread[];
  /** Where running pods' anti-affinity keeps it away. */
  unwelcome: { key: string; values: Set<string> }[];
}

export function questionOf(cluster: Cluster, usage: Usage, pod: Pod): PodQuestion {
  const where = (
    key: string,
    terms: readonly Term[],
    candidates: Iterable<Pod>,
  ): { key: string; values: Set<string> } => {
    const values = new Set<string>();
    for (const other of candidates) {
      const node = other.spec?.nodeName;
      if (node === undefined || isFinishedPod(other)) continue;
      if (!terms.every((term) => selects(cluster, term, pod, other))) continue;
      const value = topologyOf(cluster, node, key);
      if (value !== undefined) values.add(value);
    }
    return { key, values };
  };
  // Nearly every term names the VMI the pod belongs to: its pods are at hand.
  const candidates = (term: Term): Iterable<Pod> => {
    const creator = term.labelSelector?.matchLabels?.['kubevirt.io/created-by'];
    return creator === undefined ? cluster.store.values<Pod>(resources.pods) : cluster.podsOf.get(creator);
  };
  const unwelcome: PodQuestion['unwelcome'] = [];
  for (const other of usage.exclusive()) {
    for (const term of antiAffinityOf(other)) {
      if (!selects(cluster, term, other, pod)) continue;
      const value = topologyOf(cluster, other.spec?.nodeName ?? '', term.topologyKey);
      if (value !== undefined) unwelcome.push({ key: term.topologyKey, values: new Set([value]) });
    }
  }
  const affinity = affinityOf(pod);
  // Pods count for which all of the affinity terms speak.
  const attracted = affinity.map(({ topologyKey }) =>
    where(topologyKey, affinity, cluster.store.values<Pod>(resources.pods)),
  );
  const attached = csiVolumesOf(cluster, pod);
  return {
    pod,
    requests: requestsOf(pod),
    volumes: volumeSelectors(cluster, pod),
    attachable: (node) => withinAttachLimits(cluster, attached, node),
    repelled: antiAffinityOf(pod).map((term) => where(term.topologyKey, [term], candidates(term))),
    attracted,
    first:
      attracted.every(({ values }) => values.size === 0) && affinity.every((term) => selects(cluster, term, pod, pod)),
    spreads: spreadsOf(cluster, pod),
    unwelcome,
  };
}

function topologyOf(cluster: Cluster, node: string, key: string): string | undefined {
  return cluster.store.get<Node>(resources.nodes, undefined, node)?.metadata.labels?.[key];
}

/** Node affinity of the volumes behind a pod's bound claims. */
function volumeSelectors(cluster: Cluster, pod: Pod): NodeSelector[] {
  const selectors: NodeSelector[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName === undefined) continue;
    const claim = cluster.store.get<PersistentVolumeClaim>(resources.claims, pod.metadata.namespace, claimName);
    const name = claim?.spec?.volumeName;
    if (name === undefined) continue;
    const bound = cluster.store.get<KubeObject & { spec?: { nodeAffinity?: { required?: NodeSelector } } }>(
      resources.volumes,
      undefined,
      name,
    );
    if (bound?.spec?.nodeAffinity?.required !== undefined) selectors.push(bound.spec.nodeAffinity.required);
  }
  return selectors;
}

/** kube-scheduler's default filters in their order; the first plugin that turns the node down gives its reasons. */
export function reject(usage: Usage, question: PodQuestion, node: Node): Rejection | undefined {
  const { pod, requests } = question;
  const labels = node.metadata.labels ?? {};
  const tolerations = (pod.spec?.tolerations ?? []) as Toleration[];
  const taints = (node.spec?.taints ?? []) as Taint[];
  if (
    node.spec?.unschedulable === true &&
    untoleratedTaint(tolerations, [{ key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' }]) !== undefined
  ) {
    return no('node(s) were unschedulable');
  }
  const taint = untoleratedTaint(tolerations, taints);
  if (taint !== undefined) return no(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
  if (!podMatchesNode(pod, node)) return no("node(s) didn't match Pod's node affinity/selector");
  const short = insufficient(requests, usage.of(node.metadata.name), allocatableOf(node));
  if (short.length > 0) return { reasons: short, unresolvable: false };
  if (!question.attachable(node.metadata.name)) {
    return { reasons: ['node(s) exceed max volume count'], unresolvable: false };
  }
  if (question.volumes.some((selector) => !matchesNode(selector, node))) {
    return no('node(s) had volume node affinity conflict');
  }
  const within = (place: { key: string; values: Set<string> }): boolean => {
    const value = labels[place.key];
    return value !== undefined && place.values.has(value);
  };
  const spread = spreadReason(question.spreads, node);
  if (spread !== undefined) return { reasons: [spread.text], unresolvable: spread.missing };
  const near = question.attracted.every(within);
  const anywhere = question.first && question.attracted.every(({ key }) => labels[key] !== undefined);
  if (!near && !anywhere) return no("node(s) didn't match pod affinity rules");
  if (question.repelled.some(within)) {
    return { reasons: ["node(s) didn't match pod anti-affinity rules"], unresolvable: false };
  }
  if (question.unwelcome.some(within)) {
    return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], unresolvable: false };
  }
  return undefined;
}

function no(reason: string): Rejection {
  return { reasons: [reason], unresolvable: true };
}

const allocatables = new WeakMap<Node, Resources>();

export function allocatableOf(node: Node): Resources {
  let amounts = allocatables.get(node);
  if (amounts === undefined) {
    amounts = amountsOf(node.status?.allocatable);
    allocatables.set(node, amounts);
  }
  return amounts;
}

function insufficient(requests: Resources, used: Resources, allocatable: Resources): string[] {
  const reasons: string[] = [];
  if ((used['pods'] ?? 0) + 1 > (allocatable['pods'] ?? 0)) reasons.push('Too many pods');
  for (const name in requests) {
    const asked = requests[name] ?? 0;
    if (name === 'pods' || asked === 0) continue;
    if ((used[name] ?? 0) + asked > (allocatable[name] ?? 0)) reasons.push(`Insufficient ${name}`);
  }
  return reasons;
}

/**
 * FitError's text, with what comes after filtering: since Kubernetes 1.34, where dynamic resource allocation is always on,
 * its plugin has its say before preemption (recordings, run1).
 */
export function fitError(kubernetes: string, total: number, why: string, preemption: string): string {
  const claims = atLeast(kubernetes, 1, 34) === true ? 'no new claims to deallocate, ' : '';
  return `0/${total} nodes are available: ${why}. ${claims}preemption: 0/${total} nodes are available: ${preemption}.`;
}

export function unschedulableMessage(kubernetes: string, rejections: Rejection[], preempted = false): string {
  const total = rejections.length;
  const histogram = new Map<string, number>();
  for (const { reasons } of rejections) {
    for (const reason of reasons) histogram.set(reason, (histogram.get(reason) ?? 0) + 1);
  }
  const texts = [...histogram].map(([reason, count]) => `${count} ${reason}`).sort();
  if (total === 0) return 'no nodes available to schedule pods';
  // What makes room says no more.
  if (preempted) return `0/${total} nodes are available: ${texts.join(', ')}.`;
  const unresolvable = rejections.filter((rejection) => rejection.unresolvable).length;
  const preemption = [
    ...(total - unresolvable > 0 ? [`${total - unresolvable} No preemption victims found for incoming pod`] : []),
    ...(unresolvable > 0 ? [`${unresolvable} Preemption is not helpful for scheduling`] : []),
  ];
  return fitError(kubernetes, total, texts.join(', '), preemption.join(', '));
}

/** Least-allocated over cpu and memory, 0 to 100, plus preferred node affinity by weight. */
export function score(usage: Usage, question: PodQuestion, node: Node): number {
  const allocatable = allocatableOf(node);
  const used = usage.of(node.metadata.name);
  const free = (name: string): number => {
    const total = allocatable[name] ?? 0;
    if (total === 0) return 0;
    return Math.max(0, (total - (used[name] ?? 0) - (question.requests[name] ?? 0)) / total);
  };
  let points = ((free('cpu') + free('memory')) / 2) * 100;
  for (const preferred of question.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ??
    []) {
    if (matchesNode({ nodeSelectorTerms: [preferred.preference] }, node)) {
      points += preferred.weight;
    }
  }
  for (const taint of (node.spec?.taints ?? []) as Taint[]) {
    if (taint.effect === 'PreferNoSchedule') points -= 100;
  }
  return points;
}
