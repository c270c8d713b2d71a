import { ApiError } from '../kube/errors.ts';
import type { KubeClient, Resource, StoredObject } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { HyperConverged, KubeVirt } from '../model/objects.ts';
import {
  API_VERSION,
  itemsOf,
  type Listing,
  type Snapshot,
  type SnapshotList,
  type SnapshotLists,
} from '../model/snapshot.ts';
import { apiVersionOf, type KindOfResource, resources } from './resources.ts';
import { slim } from './slim.ts';
import { type Share, sharing } from './slim-fields.ts';

export interface ReadOptions {
  /** Namespaces whose VMs are wanted; none: all. */
  namespaces?: string[];
  signal?: AbortSignal;
}

// Capacity and limits are about the whole cluster, whichever namespaces the VMs in question are in.
const wholeCluster = new Set<SnapshotList>([
  'pods',
  'virtualMachineInstances',
  'migrations',
  'daemonSets',
  'kubeVirts',
  'hyperConvergeds',
  'deschedulers',
]);

// Of those, what is worth having for some namespaces where the whole cluster may not be read.
const partly = new Set<SnapshotList>(['pods', 'virtualMachineInstances', 'migrations']);

/**
 * Objects a page, half of kubectl's: a page is whole until it has been cut down, so pages decide how much memory a
 * reading takes (10,000 VMs: 330 MiB instead of 380).
 */
const PAGE = 250;

const fieldSelectors: Partial<Record<SnapshotList, string>> = {
  // Pods that have ended hold no resources.
  pods: 'status.phase!=Succeeded,status.phase!=Failed',
  daemonSets: 'metadata.name=virt-handler',
};

/**
 * Reads the cluster once: one paged LIST a kind, all at the same time, each object cut down as its page arrives. A kind
 * that is not served, that we may not read or whose LIST fails becomes an unknown list; a server that can't be reached
 * or does not know us ends the reading with the client's KubeError.
 */
export async function readSnapshot(client: KubeClient, options: ReadOptions = {}): Promise<Snapshot> {
  const namespaces = [...new Set(options.namespaces)].sort();
  const abort = new AbortController();
  const signal = options.signal === undefined ? abort.signal : AbortSignal.any([abort.signal, options.signal]);
  try {
    const [kubernetes, groups] = await Promise.all([readVersion(client, signal), readGroups(client, signal)]);
    const takenAt = new Date(client.serverNow()).toISOString();
    const names = Object.keys(resources) as SnapshotList[];
    const reading = { client, namespaces, groups, share: sharing(), signal };
    const found = await Promise.all(names.map(async (name) => [name, await readList(name, reading)] as const));
    const lists = Object.fromEntries(found) as Snapshot['lists'];
    const versions = { ...(kubernetes !== undefined && { kubernetes }), ...versionsOf(lists, groups) };
    if (versions.kubevirt === undefined && groups?.has('subresources.kubevirt.io') !== false) {
      const kubevirt = await readKubeVirtVersion(client, signal);
      if (kubevirt !== undefined) versions.kubevirt = kubevirt;
    }
    return { apiVersion: API_VERSION, kind: 'Snapshot', takenAt, namespaces, versions, lists };
  } finally {
    // One LIST that ends the reading ends the others.
    abort.abort();
  }
}

/** Throws FERRY_E_NO_KUBEVIRT if the cluster does not serve KubeVirt's API. */
export function requireKubeVirt(snapshot: Snapshot): void {
  const listing = snapshot.lists.virtualMachineInstances;
  if (listing.known || listing.why !== 'missing') return;
  throw new FerryError(
    'FERRY_E_NO_KUBEVIRT',
    'This cluster does not serve KubeVirt: it has no resource virtualmachineinstances.kubevirt.io.',
    'Choose a cluster with OpenShift Virtualization or KubeVirt (--context), or start the lab: ferry lab start.',
  );
}

function readVersion(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  return gitVersionAt(client, '/version', signal);
}

/** KubeVirt's own word; any authenticated user may ask (facts/kubevirt.md 0), also those who may not list KubeVirt's CR. */
function readKubeVirtVersion(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  return gitVersionAt(client, '/apis/subresources.kubevirt.io/v1/version', signal);
}

async function gitVersionAt(client: KubeClient, path: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await client.raw('GET', path, { signal }).catch(unlessFatal);
  const version = answer === undefined ? undefined : (parsed(answer.text) as { gitVersion?: string } | undefined);
  return version?.gitVersion;
}

interface Group {
  name: string;
  versions: { version: string }[];
}

/** The served API groups, or undefined where they can't be read. */
async function readGroups(client: KubeClient, signal: AbortSignal): Promise<Map<string, Set<string>> | undefined> {
  const answer = await client
    .raw('GET', '/apis', { signal, headers: { accept: 'application/json' } })
    .catch(unlessFatal);
  const list = answer === undefined ? undefined : (parsed(answer.text) as { groups?: Group[] } | undefined);
  if (!Array.isArray(list?.groups)) return undefined;
  return new Map(list.groups.map((group) => [group.name, new Set(group.versions.map(({ version }) => version))]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lets answers of the API server pass as "unknown", and everything that ends the reading through. */
function unlessFatal(error: unknown): undefined {
  if (error instanceof ApiError && error.status !== 401) return undefined;
  throw error;
}

interface Reading {
  client: KubeClient;
  namespaces: string[];
  groups: Map<string, Set<string>> | undefined;
  share: Share;
  signal: AbortSignal;
}

async function readList<K extends SnapshotList>(name: K, reading: Reading): Promise<Listing<SnapshotLists[K]>> {
  const { namespaces, groups } = reading;
  const kind = servedAs(resources[name], groups);
  if (kind === undefined) {
    const { group, plural } = resources[name];
    return { known: false, why: 'missing', message: `the cluster does not serve ${plural}.${group}` };
  }
  const read = (namespace?: string): Promise<SnapshotLists[K][]> => listOf(name, kind, namespace, reading);
  try {
    if (!kind.namespaced || namespaces.length === 0 || wholeCluster.has(name)) {
      return { known: true, items: await read() };
    }
    return { known: true, items: (await Promise.all(namespaces.map(read))).flat() };
  } catch (error) {
    const reason = whyUnknown(error, kind);
    if (reason.why !== 'forbidden' || namespaces.length === 0 || !partly.has(name)) return reason;
    try {
      const items = (await Promise.all(namespaces.map(read))).flat();
      return {
        known: true,
        items,
        onlyNamespaces: namespaces,
        ...(reason.rule !== undefined && { rule: reason.rule }),
      };
    } catch (second) {
      return whyUnknown(second, kind);
    }
  }
}

/** The resource in a version the cluster serves; undefined if it serves none that Ferry knows. */
function servedAs(kind: KindOfResource, groups: Map<string, Set<string>> | undefined): KindOfResource | undefined {
  if (kind.group === '' || groups === undefined) return kind;
  const served = groups.get(kind.group);
  if (served === undefined) return undefined;
  // HyperConverged has v1 since 1.18 and keeps serving v1beta1 (facts/kubevirt.md A10); NMState's kinds differ as well.
  const version = [kind.version, 'v1', 'v1beta1'].find((candidate) => served.has(candidate));
  return version === undefined ? undefined : { ...kind, version };
}

async function listOf<K extends SnapshotList>(
  name: K,
  kind: KindOfResource,
  namespace: string | undefined,
  { client, share, signal }: Reading,
): Promise<SnapshotLists[K][]> {
  const head = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  const fieldSelector = fieldSelectors[name];
  const resource: Resource = {
    group: kind.group,
    version: kind.version,
    plural: kind.plural,
    namespaced: kind.namespaced,
  };
  const { items } = await client.list<SnapshotLists[K] & StoredObject, SnapshotLists[K]>(resource, {
    signal,
    limit: PAGE,
    ...(namespace !== undefined && { namespace }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    map: (object) => ({ ...head, ...slim[name](object, share) }) as unknown as SnapshotLists[K],
  });
  return items;
}

function whyUnknown(error: unknown, kind: KindOfResource): Extract<Listing<never>, { known: false }> {
  if (!(error instanceof ApiError) || error.status === 401) throw error;
  const message = error.message;
  if (error.status === 404) return { known: false, why: 'missing', message };
  if (error.status !== 403) return { known: false, why: 'failed', message };
  const rule = { apiGroup: kind.group, resource: kind.plural, verb: 'list' as const };
  return { known: false, why: 'forbidden', message, rule };
}

function versionsOf(lists: Snapshot['lists'], groups: Map<string, Set<string>> | undefined): Snapshot['versions'] {
  const kubeVirts: KubeVirt[] = itemsOf(lists.kubeVirts);
  const hyperConvergeds: HyperConverged[] = itemsOf(lists.hyperConvergeds);
  const kubevirt = kubeVirts
    .map(({ status }) => status?.observedKubeVirtVersion)
    .find((version) => version !== undefined);
  const versions = hyperConvergeds.flatMap(({ status }) => status?.versions ?? []);
  const hyperConverged = (versions.find(({ name }) => name === 'operator') ?? versions[0])?.version;
  // Only OpenShift serves this group, and only OpenShift Virtualization uses this namespace.
  const openshift =
    groups?.has('config.openshift.io') === true ||
    [...kubeVirts, ...hyperConvergeds].some(({ metadata }) => metadata.namespace === 'openshift-cnv');
  return {
    ...(kubevirt !== undefined && { kubevirt }),
    ...(hyperConverged !== undefined && { hyperConverged }),
    openshift,
  };
}
