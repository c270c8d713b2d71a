import { compareText } from '../model/memo.ts';
import type { HyperConverged, KubeVirt, Node, Pod } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';

/** virt-handler's interface on a dedicated migration network (KubeVirt's MigrationInterfaceName, facts/kubevirt.md D7). */
export const MIGRATION_INTERFACE = 'migration0';

export const NETWORKS = 'k8s.v1.cni.cncf.io/networks';
const NETWORK_STATUS = 'k8s.v1.cni.cncf.io/network-status';

/** The object that holds the cluster's live-migration settings, and where in it the migration network stands. */
export interface SettingHolder {
  apiVersion: string;
  kind: 'HyperConverged' | 'KubeVirt';
  namespace: string;
  name: string;
  /** From `spec` on. */
  path: string[];
  /** What stands there; undefined: nothing. */
  value: string | undefined;
}

/**
 * Where the migration network is set: HyperConverged, which writes it into KubeVirt's CR, in the version the cluster
 * serves (facts/kubevirt.md A10); without one KubeVirt's CR. Undefined where neither could be read.
 */
export function holderOf(snapshot: Snapshot): SettingHolder | undefined {
  const [hyperConverged] = itemsOf(snapshot.lists.hyperConvergeds);
  if (hyperConverged !== undefined) return ofHyperConverged(hyperConverged);
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
  return kubeVirt === undefined ? undefined : ofKubeVirt(kubeVirt);
}

function ofHyperConverged(object: HyperConverged): SettingHolder {
  const outer = object.apiVersion.endsWith('/v1') ? ['spec', 'virtualization'] : ['spec'];
  const path = [...outer, 'liveMigrationConfig', 'network'];
  return { ...head(object), kind: 'HyperConverged', path, value: valueIn(object, path) };
}

export function ofKubeVirt(object: KubeVirt): SettingHolder {
  const path = ['spec', 'configuration', 'migrations', 'network'];
  return { ...head(object), kind: 'KubeVirt', path, value: valueIn(object, path) };
}

function head({ apiVersion, metadata }: HyperConverged | KubeVirt): Omit<SettingHolder, 'kind' | 'path' | 'value'> {
  return { apiVersion, namespace: metadata.namespace ?? '', name: metadata.name };
}

/** The text at a path of an object; undefined if there is none, or an empty one: both mean the pod network. */
function valueIn(object: object, path: readonly string[]): string | undefined {
  let value: unknown = object;
  for (const key of path) value = (value as Record<string, unknown> | undefined | null)?.[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Where virt-handler runs, and so where the NetworkAttachmentDefinition has to be: KubeVirt's own namespace (facts/anchors.md 6, row 20). */
export function installNamespace(snapshot: Snapshot): string | undefined {
  const handlers = itemsOf(snapshot.lists.daemonSets).map(({ metadata }) => metadata.namespace);
  return itemsOf(snapshot.lists.kubeVirts)[0]?.metadata.namespace ?? handlers[0] ?? holderOf(snapshot)?.namespace;
}

export function isHandler(pod: Pod): boolean {
  return pod.metadata.labels?.['kubevirt.io'] === 'virt-handler';
}

/** The virt-handler pods that stay, one a node, by node. */
export function handlersOf(pods: readonly Pod[]): { node: string; pod: Pod }[] {
  return pods
    .filter((pod) => isHandler(pod) && pod.metadata.deletionTimestamp === undefined)
    .flatMap((pod) => (pod.spec?.nodeName === undefined ? [] : [{ node: pod.spec.nodeName, pod }]))
    .sort((a, b) => compareText(a.node, b.node));
}

/** The nodes that virt-handler runs on; where pods are unknown, those that say that it does. */
export function handlerNodes(snapshot: Snapshot): string[] {
  const running = handlersOf(itemsOf(snapshot.lists.pods)).map(({ node }) => node);
  const labelled = itemsOf(snapshot.lists.nodes)
    .filter(({ metadata }) => metadata.labels?.['kubevirt.io/schedulable'] !== undefined)
    .map(({ metadata }) => metadata.name);
  return [...new Set(running.length > 0 ? running : labelled)].sort(compareText);
}

/** An entry of Multus's annotation on a pod. */
export interface NetworkStatus {
  name?: string;
  interface?: string;
  ips?: string[];
  mtu?: number;
}

/** What a virt-handler has on the migration network; undefined if it is not on one. */
export function migrationInterface({ metadata }: Pod): NetworkStatus | undefined {
  const text = metadata.annotations?.[NETWORK_STATUS];
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as NetworkStatus[]).find((one) => one.interface === MIGRATION_INTERFACE);
  } catch {
    return undefined;
  }
}

export function isReadyNode({ status }: Node): boolean {
  return (status?.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');
}
