import { keyOf, perSnapshot } from './memo.ts';
import { type NodeView, nodesOf } from './nodes.ts';
import type { Pod } from './objects.ts';
import { isFinishedPod } from './pods.ts';
import { type LabelSelector, matchesNodeTerms, matchesSelector, tolerates } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import type { TargetPod } from './target-pod.ts';

/** A topology spread constraint with whenUnsatisfiable DoNotSchedule; the others are wishes. */
export interface SpreadConstraint {
  topologyKey: string;
  maxSkew: number;
  labelSelector?: LabelSelector;
  matchLabelKeys?: string[];
  minDomains?: number;
  nodeAffinityPolicy?: string;
  nodeTaintsPolicy?: string;
}

export interface SpreadObjection {
  rule: 'spread';
  constraint: SpreadConstraint;
  /** Pods in the node's domain and in the emptiest one; undefined where the node has no such label. */
  there?: number;
  least?: number;
  ownPodsOnly: boolean;
}

interface Counted {
  pod: Pod;
  node: NodeView;
}

/** Bound pods that count, by namespace: those that are neither finished nor about to go. */
const countedOf = perSnapshot((snapshot: Snapshot): Map<string, Counted[]> => {
  const nodes = nodesOf(snapshot);
  const found = new Map<string, Counted[]>();
  for (const pod of itemsOf(snapshot.lists.pods)) {
    const node = nodes.get(pod.spec?.nodeName ?? '');
    if (node === undefined || isFinishedPod(pod) || pod.metadata.deletionTimestamp !== undefined) continue;
    const namespace = pod.metadata.namespace ?? '';
    const same = found.get(namespace);
    if (same === undefined) found.set(namespace, [{ pod, node }]);
    else same.push({ pod, node });
  }
  return found;
});

function mayUse(pod: TargetPod, node: NodeView, pinnedTo: string | undefined): boolean {
  if (pinnedTo !== undefined && node.name !== pinnedTo) return false;
  for (const selector of [pod.nodeSelector, pod.cpuSelector]) {
    for (const key in selector) if (node.labels[key] !== selector[key]) return false;
  }
  return pod.nodeTerms === undefined || matchesNodeTerms(node.name, node.labels, pod.nodeTerms);
}

function isTainted(pod: TargetPod, { taints, cordoned }: NodeView): boolean {
  const all = cordoned ? [...taints, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] : taints;
  return all.some(
    (taint) => taint.effect !== 'PreferNoSchedule' && !pod.tolerations.some((each) => tolerates(each, taint)),
  );
}

/**
 * A function that tells which topology spread constraint keeps the pod off a node (the scheduler's PodTopologySpread,
 * Kubernetes 1.27 and later: nodes that the pod may not use are not counted). `pinnedTo`: the pod may use that node
 * only, as with addedNodeSelector. `own` are the VM's pods of now.
 */
export function spreadObjector(
  pod: TargetPod,
  own: readonly Pod[],
  snapshot: Snapshot,
  pinnedTo: string | undefined,
): ((node: NodeView) => SpreadObjection | undefined) | undefined {
  if (pod.spread.length === 0) return undefined;
  const nodes = [...nodesOf(snapshot).values()];
  const ownNames = new Set(own.map(({ metadata }) => keyOf(metadata.namespace, metadata.name)));
  const keys = pod.spread.map(({ topologyKey }) => topologyKey);
  const rules = pod.spread.map((constraint) => {
    const { topologyKey, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
    const selector = withLabelKeys(constraint, pod.labels);
    const eligible = new Set(
      nodes.filter(
        (node) =>
          keys.every((key) => node.labels[key] !== undefined) &&
          (nodeAffinityPolicy !== 'Honor' || mayUse(pod, node, pinnedTo)) &&
          (nodeTaintsPolicy !== 'Honor' || !isTainted(pod, node)),
      ),
    );
    const counts = new Map<string, number>();
    const ownCounts = new Map<string, number>();
    for (const { labels } of eligible) counts.set(labels[topologyKey] ?? '', 0);
    for (const { pod: other, node } of countedOf(snapshot).get(pod.namespace) ?? []) {
      if (!eligible.has(node) || !matchesSelector(other.metadata.labels ?? {}, selector)) continue;
      const domain = node.labels[topologyKey] ?? '';
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
      if (ownNames.has(keyOf(other.metadata.namespace, other.metadata.name))) {
        ownCounts.set(domain, (ownCounts.get(domain) ?? 0) + 1);
      }
    }
    const few = (constraint.minDomains ?? 1) > counts.size;
    const leastOf = (less: Map<string, number>): number =>
      few || counts.size === 0 ? 0 : Math.min(...[...counts].map(([name, count]) => count - (less.get(name) ?? 0)));
    return {
      constraint,
      counts,
      ownCounts,
      least: leastOf(new Map()),
      leastWithoutOwn: leastOf(ownCounts),
      self: matchesSelector(pod.labels, selector) ? 1 : 0,
    };
  });
  return (node) => {
    for (const { constraint, counts, ownCounts, self, least, leastWithoutOwn } of rules) {
      const domain = node.labels[constraint.topologyKey];
      if (domain === undefined) return { rule: 'spread', constraint, ownPodsOnly: false };
      // A domain that no node counts for has no pods that do.
      const there = counts.get(domain) ?? 0;
      if (there + self - least <= constraint.maxSkew) continue;
      const without = there - (ownCounts.get(domain) ?? 0);
      const ownPodsOnly = without + self - leastWithoutOwn <= constraint.maxSkew;
      return { rule: 'spread', constraint, there, least, ownPodsOnly };
    }
    return undefined;
  };
}

function withLabelKeys(
  { labelSelector, matchLabelKeys = [] }: SpreadConstraint,
  labels: Record<string, string>,
): LabelSelector | undefined {
  if (labelSelector === undefined || matchLabelKeys.length === 0) return labelSelector;
  const added = matchLabelKeys.flatMap((key) =>
    labels[key] === undefined ? [] : [{ key, operator: 'In', values: [labels[key]] }],
  );
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] };
}
