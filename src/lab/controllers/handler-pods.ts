import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { migrationSettings } from './config.ts';
import { addressOf, isDown } from './kubelet.ts';

/** The virt-handler pod of a node. */
export function handlerPod(cluster: Cluster, node: string): Pod | undefined {
  return cluster.podsOn.get(node).find((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler');
}

/** Whether virt-handler works on a node: its pod is ready and the node is on. */
export function handlerWorks(cluster: Cluster, node: string | undefined): boolean {
  if (node === undefined || isDown(cluster, node)) return false;
  const pod = handlerPod(cluster, node);
  return pod !== undefined && isReadyPod(pod);
}

/** Where a target virt-handler listens: its migration0 interface if it has one, its pod address otherwise (facts/kubevirt.md D7). */
export function migrationAddress(cluster: Cluster, node: string): string {
  const pod = handlerPod(cluster, node);
  const dedicated = migrationSettings(cluster).network === undefined ? undefined : migrationInterface(pod);
  return dedicated ?? pod?.status?.podIP ?? addressOf(cluster.store.get<Node>(resources.nodes, undefined, node));
}

function migrationInterface(pod: KubeObject | undefined): string | undefined {
  const text = pod?.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status'];
  if (text === undefined) return undefined;
  const networks = JSON.parse(text) as { interface?: string; ips?: string[] }[];
  return networks.find((network) => network.interface === 'migration0')?.ips?.[0];
}

/** virt-handler of a node, as the source of events. */
export function handlerSource(node: string | undefined): { component: string; host: string } {
  return { component: 'virt-handler', host: node ?? '' };
}
