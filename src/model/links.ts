import { hostInterfaceOf, readCni } from './cni.ts';
import type { KubeVirt } from './objects.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';

/** Assumed where nothing tells the speed of a node's NIC, Gbit/s. */
export const ASSUMED_GBPS = 10;

interface Interface {
  name?: string;
  type?: string;
  state?: string;
  controller?: string;
  ethernet?: { speed?: number };
  vlan?: { 'base-iface'?: string };
  bridge?: { port?: { name?: string }[] };
  'link-aggregation'?: { port?: string[] };
}

/**
 * How fast the NIC is that carries the migrations of each node, Gbit/s, as NMState reports it: that of the dedicated
 * migration network if one is set, else of the cluster network (the port of br-ex), else the fastest that is up.
 * Nodes of which nothing is known are left out.
 */
export function linkSpeeds(snapshot: Snapshot): Map<string, number> {
  const master = migrationMaster(snapshot);
  const speeds = new Map<string, number>();
  for (const state of itemsOf(snapshot.lists.nodeNetworkStates)) {
    const interfaces = (state.status?.currentState?.interfaces ?? []) as Interface[];
    const speed = speedOf(interfaces, master ?? 'br-ex') ?? fastest(interfaces);
    if (speed !== undefined) speeds.set(state.metadata.name, speed);
  }
  return speeds;
}

/** The interface on the nodes under KubeVirt's migration network. */
function migrationMaster(snapshot: Snapshot): string | undefined {
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts) as [KubeVirt?];
  const network = kubeVirt?.spec?.configuration?.migrations?.network;
  if (network === undefined) return undefined;
  const attachment = itemsOf(snapshot.lists.networkAttachments).find(
    ({ metadata }) => metadata.name === network && metadata.namespace === kubeVirt?.metadata.namespace,
  );
  return attachment && hostInterfaceOf(readCni(attachment));
}

/** The speed of an interface, or of what it stands on: a VLAN's base, a bond's or a bridge's ports. */
function speedOf(interfaces: Interface[], name: string, depth = 0): number | undefined {
  const found = interfaces.filter((each) => each.name === name);
  const own = found.map(gbps).find((speed) => speed !== undefined);
  if (own !== undefined || depth > 4) return own;
  const below = found.flatMap((each) => [
    ...(each.vlan?.['base-iface'] === undefined ? [] : [each.vlan['base-iface']]),
    ...(each['link-aggregation']?.port ?? []),
    ...(each.bridge?.port ?? []).flatMap((port) => (port.name === undefined || port.name === name ? [] : [port.name])),
  ]);
  const ports = interfaces.flatMap((each) => (each.controller === name && each.name ? [each.name] : []));
  const speeds = [...below, ...ports].map((port) => speedOf(interfaces, port, depth + 1) ?? 0);
  const total = found.some((each) => each['link-aggregation'] !== undefined)
    ? speeds.reduce((sum, speed) => sum + speed, 0)
    : Math.max(0, ...speeds);
  return total > 0 ? total : undefined;
}

function fastest(interfaces: Interface[]): number | undefined {
  const speeds = interfaces.filter(({ state }) => state === 'up').flatMap((each) => gbps(each) ?? []);
  return speeds.length === 0 ? undefined : Math.max(...speeds);
}

function gbps({ type, ethernet }: Interface): number | undefined {
  const speed = ethernet?.speed;
  return type === 'ethernet' && speed !== undefined && speed > 0 ? speed / 1000 : undefined;
}
