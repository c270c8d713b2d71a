import type { KubeObject, NodeNetworkInterface } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

// A node's network as `nmstatectl show` prints it; NodeNetworkState carries it.

export interface IpConfig {
  enabled?: boolean;
  dhcp?: boolean;
  address?: { ip: string; 'prefix-length': number }[];
}

export interface Interface extends NodeNetworkInterface {
  type: string;
  state: string;
  controller?: string;
  ethernet?: { speed?: number; [field: string]: unknown };
  ipv4?: IpConfig;
  ipv6?: IpConfig;
  vlan?: { 'base-iface'?: string; id?: number };
  bridge?: { port?: { name: string; [field: string]: unknown }[]; [field: string]: unknown };
  'link-aggregation'?: { mode?: string; port?: string[]; [field: string]: unknown };
  'max-mtu'?: number;
  'min-mtu'?: number;
  'mac-address'?: string;
}

export interface Route {
  destination: string;
  'next-hop-interface': string;
  'next-hop-address'?: string;
  'table-id'?: number;
  metric?: number;
  state?: string;
}

interface Dns {
  server?: string[];
  search?: string[];
}

/** What a node has, and (with less in it) what a policy wants. */
export interface NetworkState {
  interfaces?: Interface[];
  routes?: { running?: Route[]; config?: Route[] };
  'dns-resolver'?: { running?: Dns; config?: Dns };
  ovn?: { 'bridge-mappings'?: { localnet: string; bridge?: string; state?: string }[] };
}

export interface NetworkStateObject extends KubeObject {
  status?: {
    currentState?: NetworkState;
    handlerNmstateVersion?: string;
    hostNetworkManagerVersion?: string;
    lastSuccessfulUpdateTime?: string;
  };
}

/** The network of a node; empty if nothing is known of it. */
export function networkOf(cluster: Pick<Cluster, 'store'>, node: string): NetworkState {
  const object = cluster.store.get<NetworkStateObject>(resources.nodeNetworkStates, undefined, node);
  return object?.status?.currentState ?? {};
}

/** An interface that is up, by its name; what the kernel knows (an OVS bridge itself it does not). */
export function linkOf(state: NetworkState, name: string): Interface | undefined {
  return state.interfaces?.find((one) => one.name === name && one.state === 'up' && one.type !== 'ovs-bridge');
}

/** The ports of a bridge or bond. */
export function portsOf(one: Interface): string[] {
  return [...(one.bridge?.port?.map(({ name }) => name) ?? []), ...(one['link-aggregation']?.port ?? [])];
}

/** The hardware an interface sends through. */
export interface Uplink {
  /** The physical interface, or the bond that joins several: what traffic shares. */
  name: string;
  /** Mbit/s; 0: there is no carrier. */
  speed: number;
}

/**
 * What an interface sends through in the end: a VLAN through its base, an interface of an OVS bridge and a bridge
 * through the port that leads out, a bond through its ports: their sum, except in modes that use one at a time.
 */
export function uplinkOf(state: NetworkState, name: string, seen: readonly string[] = []): Uplink | undefined {
  const found = state.interfaces?.filter((one) => one.name === name && one.state === 'up') ?? [];
  for (const one of found) {
    const key = `${one.type}/${one.name}`;
    if (seen.includes(key)) continue;
    const next = (below: string): Uplink | undefined => uplinkOf(state, below, [...seen, key]);
    if (one.type === 'ethernet') return { name, speed: one.ethernet?.speed ?? 0 };
    if (one.type === 'bond') {
      const speeds = portsOf(one).map((port) => next(port)?.speed ?? 0);
      const single = ['active-backup', 'broadcast'].includes(one['link-aggregation']?.mode ?? '');
      return { name, speed: single ? Math.max(0, ...speeds) : speeds.reduce((sum, speed) => sum + speed, 0) };
    }
    const below =
      one.type === 'ovs-interface' && one.controller !== undefined
        ? [one.controller]
        : [...(one.vlan?.['base-iface'] === undefined ? [] : [one.vlan['base-iface']]), ...portsOf(one)];
    for (const name of below) {
      const uplink = next(name);
      if (uplink !== undefined) return uplink;
    }
  }
  return undefined;
}
