import type { NodeNetworkInterface, NodeNetworkState } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { type Cidr, parseCidr } from './addresses.ts';

/** An interface of a node, as NMState shows it. */
export interface Link extends NodeNetworkInterface {
  controller?: string;
  ipv4?: IpConfig;
  ipv6?: IpConfig;
  vlan?: { 'base-iface'?: string; id?: number };
  bridge?: { port?: { name: string; vlan?: { mode?: string; tag?: number } }[] };
  'link-aggregation'?: { port?: string[] };
  'max-mtu'?: number;
}

interface IpConfig {
  enabled?: boolean;
  address?: { ip: string; 'prefix-length': number }[];
}

export interface Route {
  destination: string;
  'next-hop-interface'?: string;
}

/** A node's network: what of its NodeNetworkState matters here. */
export interface NodeNetwork {
  node: string;
  links: Link[];
  routes: Route[];
  /** OVN-Kubernetes: which bridge leads to a physical network. */
  mappings: { localnet: string; bridge?: string }[];
}

/** A node's network; undefined where NMState does not tell. */
export function networkOf(snapshot: Snapshot, node: string): NodeNetwork | undefined {
  const state = itemsOf(snapshot.lists.nodeNetworkStates).find(({ metadata }) => metadata.name === node);
  return state === undefined ? undefined : networkIn(state);
}

export function networkIn({ metadata, status }: NodeNetworkState): NodeNetwork {
  const { interfaces = [], routes, ovn } = status?.currentState ?? {};
  return {
    node: metadata.name,
    links: interfaces,
    routes: (routes as { running?: Route[] } | undefined)?.running ?? [],
    mappings: (ovn as { 'bridge-mappings'?: NodeNetwork['mappings'] } | undefined)?.['bridge-mappings'] ?? [],
  };
}

/** An interface by its name. An OVS bridge has the name of its internal port as a rule; then `kind` tells which is meant. */
export function linkOf({ links }: NodeNetwork, name: string, kind?: string): Link | undefined {
  const found = links.filter((one) => one.name === name && (kind === undefined || one.type === kind));
  return found.find(({ type }) => type !== 'ovs-bridge') ?? found[0];
}

/** The ports of a bridge or bond. */
export function portsOf(link: Link): string[] {
  return [...(link.bridge?.port?.map(({ name }) => name) ?? []), ...(link['link-aggregation']?.port ?? [])];
}

/** What lies under an interface: the base of a VLAN, ports of bridges and bonds, all the way down; itself included. */
export function below(network: NodeNetwork, name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const link of network.links.filter((one) => one.name === name)) {
    const base = link.vlan?.['base-iface'];
    const inner = link.type === 'ovs-interface' && link.controller !== undefined ? [link.controller] : [];
    for (const next of [...(base === undefined ? [] : [base]), ...portsOf(link), ...inner]) below(network, next, seen);
  }
  return seen;
}

const DEFAULT_ROUTES = new Set(['0.0.0.0/0', '::/0']);

/** The interfaces that the default routes leave by. */
export function defaultRouteInterfaces({ routes }: NodeNetwork): string[] {
  const names = routes.flatMap(({ destination, 'next-hop-interface': name }) =>
    DEFAULT_ROUTES.has(destination) && name !== undefined ? [name] : [],
  );
  return [...new Set(names)].sort();
}

/** The networks an interface has addresses of; link-local ones left out. */
export function addressesOf(link: Link | undefined): { text: string; cidr: Cidr }[] {
  return [...(link?.ipv4?.address ?? []), ...(link?.ipv6?.address ?? [])].flatMap(({ ip, 'prefix-length': length }) => {
    const text = `${ip}/${length}`;
    const cidr = parseCidr(text);
    return cidr === undefined || /^(fe80:|169\.254\.)/i.test(ip) ? [] : [{ text, cidr }];
  });
}

/** Networks a node has routes to, the default route left out. */
export function routedNetworks({ routes }: NodeNetwork): { text: string; cidr: Cidr; via: string }[] {
  return routes.flatMap(({ destination, 'next-hop-interface': via = '' }) => {
    const cidr = parseCidr(destination);
    const local = /^(fe80:|169\.254\.|ff)/i.test(destination);
    return cidr === undefined || local || DEFAULT_ROUTES.has(destination) ? [] : [{ text: destination, cidr, via }];
  });
}
