import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { isFinishedPod, isReadyPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { addressOf, isDown } from './kubelet.ts';
import { networkStatusOf } from './multus-selection.ts';
import { isGlobalUnicast, parseAddress } from './whereabouts-addresses.ts';

/** The interface of virt-handler's pod on a dedicated migration network (KubeVirt's MigrationInterfaceName). */
export const MIGRATION_INTERFACE = 'migration0';

/** The virt-handler pod of a node; while one replaces the other, the one that stays. */
export function handlerPod(cluster: Cluster, node: string): Pod | undefined {
  const pods = cluster.podsOn.get(node).filter((pod) => isHandler(pod) && !isFinishedPod(pod));
  return pods.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? pods[0];
}

export function isHandler(pod: KubeObject): boolean {
  return pod.metadata.labels?.['kubevirt.io'] === 'virt-handler';
}

/** Whether virt-handler works on a node: its pod is ready and the node is on. */
export function handlerWorks(cluster: Cluster, node: string | undefined): boolean {
  if (node === undefined || isDown(cluster, node)) return false;
  const pod = handlerPod(cluster, node);
  return pod !== undefined && isReadyPod(pod);
}

/** Whether virt-handler of a node still tells how its migrations fare: it works, or is asked to end and waits for them. */
export function handlerReports(cluster: Cluster, node: string): boolean {
  if (handlerWorks(cluster, node)) return true;
  const ending = (pod: Pod): boolean => isHandler(pod) && pod.metadata.deletionTimestamp !== undefined;
  return (
    !isDown(cluster, node) && cluster.podsOn.get(node).some((pod) => ending(pod) && pod.status?.phase === 'Running')
  );
}

/** Where a target virt-handler listens: its migration0 interface if it has one, its pod address otherwise (facts/kubevirt.md D7). */
export function migrationAddress(cluster: Cluster, node: string): string {
  const pod = handlerPod(cluster, node);
  return (
    dedicatedAddress(pod) ?? pod?.status?.podIP ?? addressOf(cluster.store.get<Node>(resources.nodes, undefined, node))
  );
}

/** The address a virt-handler has on the dedicated network: the first of migration0 that is a global unicast address. */
export function dedicatedAddress(pod: Pod | undefined): string | undefined {
  const network = networkStatusOf(pod).find((one) => one.interface === MIGRATION_INTERFACE);
  return network?.ips?.find((ip) => {
    const address = parseAddress(ip);
    return address !== undefined && isGlobalUnicast(address);
  });
}

/** What a virt-handler dies of at its start: migration0 is there and has no address (facts/kubevirt.md D7). */
export function handlerPanic(pod: Pod): string | undefined {
  const joined = networkStatusOf(pod).some((one) => one.interface === MIGRATION_INTERFACE);
  return joined && dedicatedAddress(pod) === undefined ? `no IP found on ${MIGRATION_INTERFACE}` : undefined;
}

/**
 * Over which network a migration goes, by the address its target listens on: the dedicated one, or the pod network.
 * Undefined: the source's virt-handler is not on the network the target listens on, and can't reach it (facts/kubevirt.md
 * D7: during a roll-out).
 */
export function migrationWay(
  cluster: Cluster,
  { source, target, address }: { source: string; target: string; address: string | undefined },
): 'pod' | 'migration' | undefined {
  const dedicated = cluster.podsOn.get(target).some((pod) => isHandler(pod) && dedicatedAddress(pod) === address);
  if (address === undefined || !dedicated) return 'pod';
  return dedicatedAddress(handlerPod(cluster, source)) === undefined ? undefined : 'migration';
}

/** virt-handler of a node, as the source of events. */
export function handlerSource(node: string | undefined): { component: string; host: string } {
  return { component: 'virt-handler', host: node ?? '' };
}
