import type { KubeObject, NetworkAttachmentDefinition, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster, Controller } from '../cluster.ts';
import { resources } from '../resources.ts';
import { addInterface, CniError, hostInterface, parseCni } from './multus-plugins.ts';
import {
  NETWORK_STATUS,
  type NetworkStatus,
  type Selection,
  SelectionError,
  selectionsOf,
} from './multus-selection.ts';
import { release } from './whereabouts-pools.ts';

/** Namespaces whose networks pods of any namespace may use (OpenShift's cluster-network-operator: globalNamespaces). */
const GLOBAL = ['default', 'openshift-multus', 'openshift-sriov-network-operator', 'openshift-cnv'];
const SOURCE = { component: 'multus' };

/** The pod's networks, or why its sandbox can't be made: the kubelet's text for event FailedCreatePodSandBox. */
export type Attached = { networks: NetworkStatus[] } | { failure: string };

/**
 * What Multus does when the kubelet makes a pod's sandbox: an interface and addresses for every network its annotation
 * asks for. Addresses are taken; nothing is kept of a pod that fails. The pod must be bound to a node.
 */
export function attachNetworks(cluster: Cluster, pod: Pod): Attached {
  const id = containerOf(pod);
  const networks: NetworkStatus[] = [];
  try {
    const asked = selectionsOf(pod).map((selection) => ({
      selection,
      definition: definitionOf(cluster, pod, selection),
    }));
    for (const { selection, definition } of asked) networks.push(attach(cluster, pod, id, selection, definition));
  } catch (error) {
    release(cluster, id);
    if (error instanceof CniError) return { failure: sandboxError(pod, error.message) };
    if (!(error instanceof SelectionError)) throw error;
    return {
      failure: sandboxError(
        pod,
        `Multus: [${pathOf(pod)}]: error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: ${error.message}`,
      ),
    };
  }
  return { networks };
}

function attach(
  cluster: Cluster,
  pod: Pod,
  containerId: string,
  selection: Selection,
  definition: NetworkAttachmentDefinition,
): NetworkStatus {
  const key = `${selection.namespace}/${selection.name}`;
  let network = selection.name;
  try {
    const config = parseCni(definition.spec?.config ?? '');
    network = config.name || selection.name;
    const claimant = {
      containerId,
      podRef: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
      interface: selection.interface,
    };
    const { mtu, ips } = addInterface(cluster, pod.spec?.nodeName ?? '', config, claimant, devicesOn(cluster, pod));
    cluster.events.normal(pod, SOURCE, 'AddedInterface', `Add ${selection.interface} [${ips.join(' ')}] from ${key}`);
    return {
      name: key,
      interface: selection.interface,
      ...(ips.length === 0 ? {} : { ips: ips.map((ip) => ip.split('/')[0] ?? ip) }),
      mac: selection.mac ?? macOf(`${pod.metadata.uid ?? ''}/${selection.interface}`),
      mtu,
      dns: {},
    };
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CniError(`[${pathOf(pod)}:${network}]: error adding container to network "${network}": ${error.message}`);
  }
}

function definitionOf(cluster: Cluster, pod: Pod, { namespace, name }: Selection): NetworkAttachmentDefinition {
  if (namespace !== pod.metadata.namespace && !GLOBAL.includes(namespace)) {
    throw new SelectionError(
      `GetNetworkDelegates: namespace isolation enabled, annotation violates permission, pod is in namespace ${pod.metadata.namespace ?? ''} but refers to target namespace ${namespace}`,
    );
  }
  const definition = cluster.store.get<NetworkAttachmentDefinition>(resources.networkAttachments, namespace, name);
  if (definition !== undefined) return definition;
  const missing = `cannot find a network-attachment-definition (${name}) in namespace (${namespace}): network-attachment-definitions.k8s.cni.cncf.io "${name}" not found`;
  cluster.events.warning(pod, SOURCE, 'NoNetworkFound', missing);
  throw new SelectionError(`GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: ${missing}`);
}

/** Host devices that other pods of the node have. */
function devicesOn(cluster: Cluster, pod: Pod): Set<string> {
  const devices = new Set<string>();
  for (const other of cluster.podsOn.get(pod.spec?.nodeName ?? '')) {
    const has = other.metadata.annotations?.[NETWORK_STATUS] !== undefined;
    if (!has || other.metadata.uid === pod.metadata.uid || isFinishedPod(other)) continue;
    for (const { namespace, name } of selectionsOf(other)) {
      const definition = cluster.store.get<NetworkAttachmentDefinition>(resources.networkAttachments, namespace, name);
      if (definition === undefined) continue;
      const config = parseCni(definition.spec?.config ?? '');
      if (config.type === 'host-device') devices.add(hostInterface(config) ?? '');
    }
  }
  return devices;
}

/** The annotations of a pod that has its networks: the cluster network (ovn-kubernetes) first. */
export function withNetworkStatus(pod: KubeObject, podIP: string, networks: NetworkStatus[]): Record<string, string> {
  const octets = podIP.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  const status: NetworkStatus[] = [
    {
      name: 'ovn-kubernetes',
      interface: 'eth0',
      ips: [podIP],
      mac: ['0a', '58', ...octets].join(':'),
      default: true,
      dns: {},
    },
    ...networks,
  ];
  return { ...pod.metadata.annotations, [NETWORK_STATUS]: JSON.stringify(status, undefined, 4) };
}

/** Frees the addresses of pods that are gone or have ended. */
export function multus(cluster: Cluster): Controller {
  return {
    start: () => {
      cluster.store.subscribe(({ resource, type, object }) => {
        if (resource !== resources.pods || object.metadata.annotations?.[NETWORK_STATUS] === undefined) return;
        const pod = object as Pod;
        if (type === 'DELETED' || isFinishedPod(pod)) release(cluster, containerOf(pod));
      });
    },
  };
}

/** The ID of a pod's sandbox. The real one is another at each attempt; events would pile up. */
function containerOf(pod: Pod): string {
  const hex = (pod.metadata.uid ?? '').replaceAll('-', '');
  return hex + hex;
}

function macOf(seed: string): string {
  let hash = 0x811c9dc5;
  for (const char of seed) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  const bytes = [24, 16, 8, 0].map((shift) => ((hash >>> shift) & 255).toString(16).padStart(2, '0'));
  return ['02', '4c', ...bytes].join(':');
}

function pathOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}/${metadata.uid ?? ''}`;
}

/** As the kubelet passes on what CRI-O and multus-shim say (without the configuration in StdinData). */
function sandboxError(pod: Pod, cause: string): string {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const id = containerOf(pod);
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_INFRA_CONTAINER_ID=${id};K8S_POD_UID=${uid}`;
  return (
    `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_${name}_${namespace}_${uid}_0(${id}): ` +
    `error adding pod ${namespace}_${name} to CNI network "multus-cni-network": plugin type="multus-shim" name="multus-cni-network" failed (add): ` +
    `CmdAdd (shim): CNI request failed with status 400: 'ContainerID:"${id}" Netns:"/var/run/netns/${uid}" IfName:"eth0" Args:"${args}" Path:"" ` +
    `ERRORED: error configuring pod [${namespace}/${name}] networking: ${cause}'`
  );
}
