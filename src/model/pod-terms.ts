import { type AttachObjection, attachObjector } from './attach-limits.ts';
import { groupBy, perSnapshot } from './memo.ts';
import { type NodeView, nodesOf } from './nodes.ts';
import type { Pod } from './objects.ts';
import { isFinishedPod } from './pods.ts';
import { matchesSelector } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { type SpreadObjection, spreadObjector } from './spread.ts';
import type { PodTerm, TargetPod } from './target-pod.ts';
import { type BoundVolume, reachObjector } from './volume-reach.ts';

/** How many of the pods a term speaks of are in each domain (value of its topology key). */
type Domains = Map<string, number>;

/** Required anti-affinity that pods on nodes have against others: one term of one namespace, and who has it where. */
interface Standing {
  namespace: string;
  term: PodTerm;
  holders: Map<string, Pod[]>;
}

interface Terms {
  /** Where pods are that all of the terms speak of, by the first one's topology key; of one namespace's pod. */
  domainsOf: (key: string, terms: readonly PodTerm[], namespace: string) => Domains;
  speaksOf: SpeaksOf;
  /** The standing terms that may speak of a pod with these labels; more than those that do. */
  standingAgainst: (labels: Record<string, string>) => Standing[];
}

type SpeaksOf = (term: PodTerm, ownNamespace: string, namespace: string, labels: Record<string, string>) => boolean;

/**
 * Whether a term speaks of a pod. Where the labels of namespaces are not known, a namespaceSelector that is not empty is
 * taken to choose no namespace, and `unevaluated` says so.
 */
function speaking(snapshot: Snapshot): SpeaksOf {
  const labelsOf = new Map(itemsOf(snapshot.lists.namespaces).map(({ metadata }) => [metadata.name, metadata.labels]));
  return (term, ownNamespace, namespace, labels) => {
    const { namespaces = [], namespaceSelector: selector } = term;
    const here =
      namespaces.includes(namespace) ||
      (selector === undefined
        ? namespaces.length === 0 && namespace === ownNamespace
        : isEmpty(selector) || (labelsOf.has(namespace) && matchesSelector(labelsOf.get(namespace) ?? {}, selector)));
    return here && matchesSelector(labels, term.labelSelector);
  };
}

function isEmpty(selector: { matchLabels?: object; matchExpressions?: unknown[] }): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** The VM has a rule that the Snapshot can't decide. */
export function unevaluated(pod: TargetPod, snapshot: Snapshot): boolean {
  if (snapshot.lists.namespaces.known && snapshot.lists.namespaces.onlyNamespaces === undefined) return false;
  return [...pod.affinity, ...pod.antiAffinity].some(
    ({ namespaceSelector }) => namespaceSelector !== undefined && !isEmpty(namespaceSelector),
  );
}

const OWN_PODS = 'kubevirt.io/created-by';

const termsOf = perSnapshot((snapshot: Snapshot): Terms => {
  const nodes = nodesOf(snapshot);
  const speaksOf = speaking(snapshot);
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
    speaksOf,
    domainsOf: (topologyKey, terms, namespace) => {
      const key = JSON.stringify([topologyKey, namespace, terms]);
      let domains = known.get(key);
      if (domains === undefined) {
        domains = new Map();
        const label = terms[0] === undefined ? undefined : labelOf(terms[0]);
        labelled ??= byLabels(bound);
        for (const pod of label === undefined ? bound : (labelled.get(label) ?? [])) {
          const domain = domainIn(pod, topologyKey);
          if (domain === undefined) continue;
          const { namespace: its = '', labels = {} } = pod.metadata;
          if (!terms.every((term) => speaksOf(term, namespace, its, labels))) continue;
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

interface AffinityObjection {
  rule: 'affinity' | 'anti-affinity';
  term: PodTerm;
  /** The pod whose rule it is, when it is not the VM's own. */
  of?: Pod;
  /** Only the VM's own pods stand in the way, which are gone once it is stopped. */
  ownPodsOnly: boolean;
}

interface VolumeObjection extends BoundVolume {
  rule: 'volume';
  ownPodsOnly: false;
}

/** Why a node is no place for a pod, for a reason of the single VM rather than of its kind. */
export type TermObjection = AffinityObjection | SpreadObjection | VolumeObjection | AttachObjection;

/**
 * A function that tells why required pod (anti-)affinity, topology spread or a volume keeps the pod off a node;
 * undefined where no such rule concerns it. `own` are the VM's pods of now; `pinnedTo`: the pod may use that node only.
 */
export function termObjector(
  pod: TargetPod,
  own: Pod[],
  snapshot: Snapshot,
  pinnedTo?: string,
): ((node: NodeView) => TermObjection | undefined) | undefined {
  const rules = [
    pod.volumes.length === 0 ? undefined : volumeObjector(pod.volumes, snapshot),
    pod.attached.length === 0 ? undefined : attachObjector(pod.attached, snapshot),
    affinityObjector(pod, own, snapshot),
    spreadObjector(pod, own, snapshot, pinnedTo),
  ].filter((rule) => rule !== undefined);
  if (rules.length <= 1) return rules[0];
  return (node) => {
    let first: TermObjection | undefined;
    for (const rule of rules) {
      const found = rule(node);
      // One that a restart would not overcome counts more.
      if (found?.ownPodsOnly === false) return found;
      first ??= found;
    }
    return first;
  };
}

function volumeObjector(
  volumes: readonly BoundVolume[],
  snapshot: Snapshot,
): (node: NodeView) => VolumeObjection | undefined {
  const reach = reachObjector(volumes, snapshot);
  return (node) => {
    const volume = reach(node);
    return volume === undefined ? undefined : { rule: 'volume', ...volume, ownPodsOnly: false };
  };
}

/** The scheduler's InterPodAffinity. */
function affinityObjector(
  pod: TargetPod,
  own: Pod[],
  snapshot: Snapshot,
): ((node: NodeView) => AffinityObjection | undefined) | undefined {
  const { standingAgainst, domainsOf, speaksOf } = termsOf(snapshot);
  const against = standingAgainst(pod.labels).filter(({ namespace, term }) =>
    speaksOf(term, namespace, pod.namespace, pod.labels),
  );
  if (against.length + pod.antiAffinity.length + pod.affinity.length === 0) return undefined;
  const ownNames = new Set(own.map(({ metadata }) => metadata.name));
  const nodes = nodesOf(snapshot);
  // How many of the VM's own pods in a domain the terms speak of.
  const ownIn = (key: string, terms: readonly PodTerm[], domain: string | undefined): number =>
    own.filter(
      (mine) =>
        (domain === undefined || nodes.get(mine.spec?.nodeName ?? '')?.labels[key] === domain) &&
        terms.every((term) => speaksOf(term, pod.namespace, mine.metadata.namespace ?? '', mine.metadata.labels ?? {})),
    ).length;
  const repelled = pod.antiAffinity.map((term) => ({
    term,
    domains: domainsOf(term.topologyKey, [term], pod.namespace),
  }));
  // Of several affinity terms, pods count for which all of them speak; a group's first member may go anywhere.
  const attracted = pod.affinity.map(({ topologyKey }) => domainsOf(topologyKey, pod.affinity, pod.namespace));
  const ownGroup = pod.affinity.every((term) => speaksOf(term, pod.namespace, pod.namespace, pod.labels));
  const isFirst = (withoutOwn: boolean): boolean => {
    if (!ownGroup) return false;
    return attracted.every((domains, index) => {
      const total = [...domains.values()].reduce((sum, count) => sum + count, 0);
      return total - (withoutOwn ? ownIn(pod.affinity[index]?.topologyKey ?? '', pod.affinity, undefined) : 0) <= 0;
    });
  };
  const first = pod.affinity.length > 0 && isFirst(false);
  const firstOnceStopped = pod.affinity.length > 0 && isFirst(true);
  return (node) => {
    let mildest: AffinityObjection | undefined;
    for (const found of objections(node)) {
      // One that a restart would not overcome counts more.
      if (!found.ownPodsOnly) return found;
      mildest ??= found;
    }
    return mildest;
  };

  function* objections(node: NodeView): Generator<AffinityObjection> {
    for (const { term, domains } of repelled) {
      const domain = node.labels[term.topologyKey];
      const there = domain === undefined ? 0 : (domains.get(domain) ?? 0);
      if (there > 0) {
        yield { rule: 'anti-affinity', term, ownPodsOnly: there <= ownIn(term.topologyKey, [term], domain) };
      }
    }
    for (const [index, term] of pod.affinity.entries()) {
      const domain = node.labels[term.topologyKey];
      if (domain === undefined) yield { rule: 'affinity', term, ownPodsOnly: false };
      else if ((attracted[index]?.get(domain) ?? 0) === 0 && !first) {
        yield { rule: 'affinity', term, ownPodsOnly: firstOnceStopped };
      }
    }
    for (const { term, holders, namespace } of against) {
      const there = holders.get(node.labels[term.topologyKey] ?? '') ?? [];
      const others = there.filter(({ metadata }) => namespace !== pod.namespace || !ownNames.has(metadata.name));
      const of = others[0] ?? there[0];
      if (of !== undefined) yield { rule: 'anti-affinity', term, of, ownPodsOnly: others.length === 0 };
    }
  }
}
