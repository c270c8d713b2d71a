import type { NetworkAttachmentDefinition, Pod } from '../../model/objects.ts';
import type { Cluster, Controller } from '../cluster.ts';
import { type Network, type Nics, payloadShare } from '../hypervisor/network.ts';
import { resources } from '../resources.ts';
import { handlerPod, isHandler, MIGRATION_INTERFACE } from './handler-pods.ts';
import { CniError, hostInterface, parseCni } from './multus-plugins.ts';
import { networkStatusOf } from './multus-selection.ts';
import { linkOf, networkOf, uplinkOf } from './nmstate-state.ts';

/** The interface of the cluster network on OpenShift's nodes. */
const CLUSTER_INTERFACE = 'br-ex';

/** Keeps the NICs that migrations go over true to what NodeNetworkStates and virt-handler's networks say. */
export function migrationLinks(cluster: Cluster, network: Pick<Network, 'setNics'>): Controller {
  const { store } = cluster;
  const known = new Map<string, string>();
  const look = (node: string): void => {
    const nics = nicsOfNode(cluster, node);
    const text = JSON.stringify(nics);
    if (nics === undefined || known.get(node) === text) return;
    known.set(node, text);
    network.setNics(node, nics);
  };
  return {
    start: () => {
      for (const state of store.values(resources.nodeNetworkStates)) look(state.metadata.name);
      store.subscribe(({ resource, object }) => {
        if (resource === resources.nodeNetworkStates) look(object.metadata.name);
        else if (resource === resources.pods && isHandler(object)) look((object as Pod).spec?.nodeName ?? '');
      });
    },
  };
}

/**
 * What carries a node's migrations: speed of the hardware under br-ex and under the master of virt-handler's migration0,
 * less what Ethernet and TCP take at the MTU of each. Undefined where NMState does not say.
 */
export function nicsOfNode(cluster: Cluster, node: string): Nics | undefined {
  const state = networkOf(cluster, node);
  const uplink = uplinkOf(state, CLUSTER_INTERFACE);
  if (uplink === undefined) return undefined;
  const carries = (mbps: number, mtu: number): number => ((mbps * 1e6) / 8) * payloadShare(mtu);
  const mtuOf = (name: string): number => linkOf(state, name)?.mtu ?? 1500;
  const speeds = { [uplink.name]: carries(uplink.speed, mtuOf(CLUSTER_INTERFACE)) };
  // What pods send is wrapped, and fits.
  const pod = { size: mtuOf(CLUSTER_INTERFACE), carried: mtuOf(CLUSTER_INTERFACE) };
  const joined = networkStatusOf(handlerPod(cluster, node)).find((one) => one.interface === MIGRATION_INTERFACE);
  if (joined === undefined) return { speeds, pod: uplink.name, frames: { pod } };
  const host = masterOf(cluster, joined.name);
  const dedicated = host === undefined ? undefined : uplinkOf(state, host);
  // A bridge without a way out carries nothing.
  const name = dedicated?.name ?? `${MIGRATION_INTERFACE} without uplink`;
  const own = carries(dedicated?.speed ?? 0, joined.mtu ?? 1500);
  const size = joined.mtu ?? 1500;
  const carried = dedicated === undefined ? size : Math.min(mtuOf(dedicated.name), mtuOf(host ?? dedicated.name));
  return {
    speeds: { [name]: own, ...(name === uplink.name ? {} : speeds) },
    pod: uplink.name,
    migration: name,
    frames: { pod, migration: { size, carried } },
  };
}

function masterOf(cluster: Cluster, key: string): string | undefined {
  const [namespace = '', name = ''] = key.split('/');
  const definition = cluster.store.get<NetworkAttachmentDefinition>(resources.networkAttachments, namespace, name);
  try {
    return hostInterface(parseCni(definition?.spec?.config ?? ''));
  } catch (error) {
    if (error instanceof CniError) return undefined;
    throw error;
  }
}
