import type { Node, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { matchesLabels, podMatchesNode, type Taint, untoleratedTaint } from './selectors.ts';

// kube-scheduler's plugin PodTopologySpread, its filter (Kubernetes 1.27 and later). Not shared with model/ on purpose.

type Constraint = NonNullable<NonNullable<Pod['spec']>['topologySpreadConstraints']>[number];

/** What is counted once for a pod: matching pods by value of the topology key, over the nodes that count. */
export interface Spread {
  constraint: Constraint;
  pods: Map<string, number>;
  self: 0 | 1;
}

export function spreadsOf(cluster: Cluster, pod: Pod): Spread[] {
  const hard = (pod.spec?.topologySpreadConstraints ?? []).filter(
    (constraint) => constraint.whenUnsatisfiable === 'DoNotSchedule',
  );
  if (hard.length === 0) return [];
  const nodes = cluster.store.list<Node>(resources.nodes);
  const bound = cluster.store
    .list<Pod>(resources.pods)
    .filter(({ metadata }) => metadata.namespace === pod.metadata.namespace && metadata.deletionTimestamp === undefined)
    .filter((each) => !isFinishedPod(each));
  return hard.map((constraint) => {
    const labels = pod.metadata.labels ?? {};
    const matches = (other: Record<string, string>): boolean =>
      matchesLabels(constraint.labelSelector, other) &&
      (constraint.matchLabelKeys ?? []).every((key) => labels[key] === undefined || labels[key] === other[key]);
    const pods = new Map<string, number>();
    for (const node of nodes) {
      if (!counts(node, pod, constraint, hard)) continue;
      const here = bound.filter(
        (each) => each.spec?.nodeName === node.metadata.name && matches(each.metadata.labels ?? {}),
      );
      const domain = node.metadata.labels?.[constraint.topologyKey] ?? '';
      pods.set(domain, (pods.get(domain) ?? 0) + here.length);
    }
    return { constraint, pods, self: matches(labels) ? 1 : 0 };
  });
}

function counts(node: Node, pod: Pod, constraint: Constraint, hard: Constraint[]): boolean {
  if (hard.some(({ topologyKey }) => node.metadata.labels?.[topologyKey] === undefined)) return false;
  if (constraint.nodeAffinityPolicy !== 'Ignore' && !podMatchesNode(pod, node)) return false;
  if (constraint.nodeTaintsPolicy !== 'Honor') return true;
  const taints = (node.spec?.taints ?? []) as Taint[];
  return untoleratedTaint(pod.spec?.tolerations ?? [], taints) === undefined;
}

/** Why a node would break one of them; undefined if none. */
export function spreadReason(spreads: readonly Spread[], node: Node): { text: string; missing: boolean } | undefined {
  const text = "node(s) didn't match pod topology spread constraints";
  for (const { constraint, pods, self } of spreads) {
    const domain = node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined) return { text: `${text} (missing required label)`, missing: true };
    if (pods.size === 0) continue;
    const fewest = pods.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...pods.values());
    if ((pods.get(domain) ?? 0) + self - fewest > constraint.maxSkew) return { text, missing: false };
  }
  return undefined;
}
