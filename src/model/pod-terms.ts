import { groupBy, perSnapshot } from './memo.ts';
import { type NodeView, nodesOf } from './nodes.ts';
import type { Pod } from './objects.ts';
import { isFinishedPod } from './pods.ts';
import { matchesSelector } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import type { PodTerm, TargetPod } from './target-pod.ts';

/** How many of the pods a term speaks of are in each domain (value of its topology key). */
type Domains = Map<string, number>;

/** Required anti-affinity that pods on nodes have against others: one term of one namespace, and who has it where. */
interface Standing {
  namespace: string;
  term: PodTerm;
  holders: Map<string, Pod[]>;
}

interface Terms {
  domainsOf: (term: PodTerm, namespace: string) => Domains;
  /** The standing terms that may speak of a pod with these labels; more than those that do. */
  standingAgainst: (labels: Record<string, string>) => Standing[];
}

/**
 * Whether a term speaks of a pod. Labels of namespaces are not in a Snapshot: a namespaceSelector that is not empty is
 * taken to choose no namespace, and `unevaluated` says so.
 */
function speaksOf(term: PodTerm, ownNamespace: string, namespace: string, labels: Record<string, string>): boolean {
  const named = term.namespaces ?? [];
  const everywhere = term.namespaceSelector !== undefined && isEmpty(term.namespaceSelector);
  const here =
    everywhere ||
    named.includes(namespace) ||
    (named.length === 0 && term.namespaceSelector === undefined && namespace === ownNamespace);
  return here && matchesSelector(labels, term.labelSelector);
}

function isEmpty(selector: { matchLabels?: object; matchExpressions?: unknown[] }): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** The VM has a rule that a Snapshot can't decide. */
export function unevaluated(pod: TargetPod): boolean {
  return [...pod.affinity, ...pod.antiAffinity].some(
    ({ namespaceSelector }) => namespaceSelector !== undefined && !isEmpty(namespaceSelector),
  );
}

const OWN_PODS = 'kubevirt.io/created-by';

const termsOf = perSnapshot((snapshot: Snapshot): Terms => {
  const nodes = nodesOf(snapshot);
  const bound = itemsOf(snapshot.lists.pods).filter(
    (pod) => !isFinishedPod(pod) && nodes.has(pod.spec?.nodeName ?? ''),
  );
  const domainIn = (pod: Pod, key: string): string | undefined => nodes.get(pod.spec?.nodeName ?? '')?.labels[key];
  let labelled: Map<string, Pod[]> | undefined;
  const known = new Map<string, Domains>();
  const standing = new Map<string, Standing>();
  for (const pod of bound) {
    const namespace = pod.metadata.namespace ?? '';
    for (const term of pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
      // virt-controller's own, which keeps a VMI's two pods apart, means no other VM.
      if (term.labelSelector?.matchLabels?.[OWN_PODS] !== undefined) continue;
      const domain = domainIn(pod, term.topologyKey);
      if (domain === undefined) continue;
      const key = JSON.stringify([namespace, term]);
      let entry = standing.get(key);
      if (entry === undefined) standing.set(key, (entry = { namespace, term, holders: new Map() }));
      const holders = entry.holders.get(domain);
      if (holders === undefined) entry.holders.set(domain, [pod]);
      else holders.push(pod);
    }
  }
  const byLabel = groupBy(standing.values(), ({ term }) => labelOf(term) ?? '');
  return {
    standingAgainst: (labels) => {
      if (byLabel.size === 0) return [];
      const found = [...(byLabel.get('') ?? [])];
      for (const key in labels) found.push(...(byLabel.get(`${key}=${labels[key]}`) ?? []));
      return found;
    },
    domainsOf: (term, namespace) => {
      const key = JSON.stringify([namespace, term]);
      let domains = known.get(key);
      if (domains === undefined) {
        domains = new Map();
        const label = labelOf(term);
        labelled ??= byLabels(bound);
        for (const pod of label === undefined ? bound : (labelled.get(label) ?? [])) {
          const domain = domainIn(pod, term.topologyKey);
          if (domain === undefined) continue;
          if (!speaksOf(term, namespace, pod.metadata.namespace ?? '', pod.metadata.labels ?? {})) continue;
          domains.set(domain, (domains.get(domain) ?? 0) + 1);
        }
        known.set(key, domains);
      }
      return domains;
    },
  };
});

/** Pods by each of their labels, as `key=value`. */
function byLabels(pods: Pod[]): Map<string, Pod[]> {
  const found = new Map<string, Pod[]>();
  for (const pod of pods) {
    const { labels } = pod.metadata;
    for (const key in labels) {
      const label = `${key}=${labels[key]}`;
      const same = found.get(label);
      if (same === undefined) found.set(label, [pod]);
      else same.push(pod);
    }
  }
  return found;
}

/** A label that every pod a term speaks of must have, as `key=value`; undefined where the term asks for none. */
function labelOf(term: PodTerm): string | undefined {
  const first = Object.entries(term.labelSelector?.matchLabels ?? {})[0];
  return first === undefined ? undefined : `${first[0]}=${first[1]}`;
}

export interface TermObjection {
  rule: 'affinity' | 'anti-affinity';
  term: PodTerm;
  /** The pod whose rule it is, when it is not the VM's own. */
  of?: Pod;
  /** Only the VM's own pods stand in the way, which are gone once it is stopped. */
  ownPodsOnly: boolean;
}

/**
 * A function that tells why required pod (anti-)affinity keeps the pod off a node; undefined where no such rule
 * concerns it. `own` are the VM's pods of now.
 */
export function termObjector(
  pod: TargetPod,
  own: Pod[],
  snapshot: Snapshot,
): ((node: NodeView) => TermObjection | undefined) | undefined {
  const { standingAgainst, domainsOf } = termsOf(snapshot);
  const against = standingAgainst(pod.labels).filter(({ namespace, term }) =>
    speaksOf(term, namespace, pod.namespace, pod.labels),
  );
  if (against.length + pod.antiAffinity.length + pod.affinity.length === 0) return undefined;
  const ownNames = new Set(own.map(({ metadata }) => metadata.name));
  const nodes = nodesOf(snapshot);
  const ownIn = (term: PodTerm, domain: string): number =>
    own.filter(
      (mine) =>
        nodes.get(mine.spec?.nodeName ?? '')?.labels[term.topologyKey] === domain &&
        speaksOf(term, pod.namespace, mine.metadata.namespace ?? '', mine.metadata.labels ?? {}),
    ).length;
  return (node) => {
    for (const term of pod.antiAffinity) {
      const domain = node.labels[term.topologyKey];
      const there = domain === undefined ? 0 : (domainsOf(term, pod.namespace).get(domain) ?? 0);
      if (there > 0) return { rule: 'anti-affinity', term, ownPodsOnly: there <= ownIn(term, domain ?? '') };
    }
    for (const term of pod.affinity) {
      const domain = node.labels[term.topologyKey];
      const domains = domainsOf(term, pod.namespace);
      if (domain !== undefined && (domains.get(domain) ?? 0) > 0) continue;
      // The first of a group that is attracted to itself may go anywhere.
      const first = domains.size === 0 && speaksOf(term, pod.namespace, pod.namespace, pod.labels);
      if (!first || domain === undefined) return { rule: 'affinity', term, ownPodsOnly: false };
    }
    for (const { term, holders, namespace } of against) {
      const there = holders.get(node.labels[term.topologyKey] ?? '') ?? [];
      const others = there.filter(({ metadata }) => namespace !== pod.namespace || !ownNames.has(metadata.name));
      const of = others[0] ?? there[0];
      if (of !== undefined) return { rule: 'anti-affinity', term, of, ownPodsOnly: others.length === 0 };
    }
    return undefined;
  };
}
