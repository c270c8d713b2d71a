import type { KubeObject } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { type AddressRange, assignAddress, parseWhereabouts } from './whereabouts.ts';
import { type Address, formatAddress, formatSubnet, parseSubnet } from './whereabouts-addresses.ts';

/** Where OpenShift's whereabouts keeps its objects. */
const NAMESPACE = 'openshift-multus';

export interface IpPool extends KubeObject {
  spec: {
    /** In CIDR notation. */
    range: string;
    /** By the offset from the network address. */
    allocations: Record<string, { id: string; podref: string; ifname: string }>;
  };
}

interface Reservation extends KubeObject {
  spec: { podref: string; ifname: string; containerid: string };
}

/** For whom an address is: a pod's interface. */
export interface Claimant {
  containerId: string;
  /** `namespace/name`. */
  podRef: string;
  interface: string;
}

/**
 * CNI ADD of whereabouts: one address of each range, in CIDR notation, recorded in the range's IPPool and as
 * OverlappingRangeIPReservation. Throws WhereaboutsError; then nothing is kept.
 */
export function allocate(cluster: Cluster, ipam: unknown, claimant: Claimant): string[] {
  const { ranges, networkName, overlappingRanges } = parseWhereabouts(ipam);
  const given: string[] = [];
  try {
    for (const range of ranges) {
      const address = allocateIn(cluster, range, networkName, overlappingRanges, claimant);
      given.push(`${formatAddress(address)}/${range.subnet.prefix}`);
    }
  } catch (error) {
    release(cluster, claimant.containerId);
    throw error;
  }
  return given;
}

function allocateIn(
  cluster: Cluster,
  range: AddressRange,
  networkName: string,
  overlapping: boolean,
  claimant: Claimant,
): Address {
  const { store } = cluster;
  const { subnet } = range;
  const poolName = `${networkName === '' ? '' : `${networkName}-`}${nameOf(formatSubnet(subnet)).replace('/', '-')}`;
  const entry = { id: claimant.containerId, podref: claimant.podRef, ifname: claimant.interface };
  const pool = poolOf(cluster, poolName, formatSubnet(subnet));
  const reserved = new Set(Object.keys(pool.spec.allocations).map((offset) => subnet.first + BigInt(offset)));
  const own = Object.entries(pool.spec.allocations).find(
    ([, { podref, ifname }]) => podref === entry.podref && ifname === entry.ifname,
  );
  const elsewhere = (address: Address): Reservation | undefined =>
    overlapping
      ? store.get<Reservation>(resources.ipReservations, NAMESPACE, reservationName(address, networkName))
      : undefined;
  let address: Address | undefined =
    own === undefined ? undefined : { value: subnet.first + BigInt(own[0]), bits: subnet.bits };
  while (address === undefined) {
    const next = assignAddress(range, reserved);
    const taken = elsewhere(next);
    if (taken === undefined || taken.spec.podref === entry.podref) address = next;
    else reserved.add(next.value);
  }
  store.update<IpPool>(resources.ipPools, {
    ...pool,
    spec: { ...pool.spec, allocations: { ...pool.spec.allocations, [String(address.value - subnet.first)]: entry } },
  });
  if (overlapping && elsewhere(address) === undefined) {
    store.create<Reservation>(resources.ipReservations, {
      apiVersion: 'whereabouts.cni.cncf.io/v1alpha1',
      kind: 'OverlappingRangeIPReservation',
      metadata: { name: reservationName(address, networkName), namespace: NAMESPACE },
      spec: { containerid: entry.id, podref: entry.podref, ifname: entry.ifname },
    });
  }
  return address;
}

/** CNI DEL of whereabouts: what a sandbox had is free again. */
export function release(cluster: Cluster, containerId: string): void {
  const { store } = cluster;
  for (const pool of store.list<IpPool>(resources.ipPools, NAMESPACE)) {
    const all = Object.entries(pool.spec.allocations);
    const kept = all.filter(([, { id }]) => id !== containerId);
    if (kept.length === all.length) continue;
    store.update<IpPool>(resources.ipPools, {
      ...pool,
      spec: { ...pool.spec, allocations: Object.fromEntries(kept) },
    });
    const subnet = parseSubnet(pool.spec.range);
    if (subnet === undefined) continue;
    const base = nameOf(pool.spec.range).replace('/', '-');
    const networkName = pool.metadata.name === base ? '' : pool.metadata.name.slice(0, -base.length - 1);
    for (const [offset, { id }] of all) {
      if (id !== containerId) continue;
      const name = reservationName({ value: subnet.first + BigInt(offset), bits: subnet.bits }, networkName);
      const reservation = store.get<Reservation>(resources.ipReservations, NAMESPACE, name);
      if (reservation !== undefined) store.delete(resources.ipReservations, NAMESPACE, name);
    }
  }
}

function poolOf(cluster: Cluster, name: string, range: string): IpPool {
  const found = cluster.store.get<IpPool>(resources.ipPools, NAMESPACE, name);
  if (found !== undefined) return found;
  return cluster.store.create<IpPool>(resources.ipPools, {
    apiVersion: 'whereabouts.cni.cncf.io/v1alpha1',
    kind: 'IPPool',
    metadata: { name, namespace: NAMESPACE },
    spec: { range, allocations: {} },
  });
}

/** IPv6 has colons, which names can't have. */
function nameOf(text: string): string {
  return text.replace(/:$/, ':0').replaceAll(':', '-');
}

function reservationName(address: Address, networkName: string): string {
  const name = nameOf(formatAddress(address));
  return networkName === '' ? name : `${networkName}-${name}`;
}
