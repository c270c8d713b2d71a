import { z } from 'zod';
import type { Cluster } from '../cluster.ts';
import { linkOf, networkOf } from './nmstate-state.ts';
import { WhereaboutsError } from './whereabouts.ts';
import { contains, parseAddress, parseSubnet } from './whereabouts-addresses.ts';
import { allocate, type Claimant } from './whereabouts-pools.ts';

/** A CNI plugin failed; in its words. */
export class CniError extends Error {}

const plugin = z.looseObject({
  type: z.string().optional(),
  name: z.string().optional(),
  master: z.string().optional(),
  bridge: z.string().optional(),
  device: z.string().optional(),
  mtu: z.number().optional(),
  vlanId: z.number().optional(),
  ipam: z.looseObject({ type: z.string().optional() }).optional(),
});
const list = z.looseObject({ name: z.string().optional(), plugins: z.array(plugin).min(1) });

/** The part of a NetworkAttachmentDefinition that makes the interface. */
export type CniConfig = z.infer<typeof plugin>;

/** Reads a CNI configuration; of a list of plugins, the first makes the interface. Throws CniError. */
export function parseCni(text: string): CniConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CniError(error instanceof Error ? error.message : String(error));
  }
  const many = list.safeParse(json);
  if (many.success) return { ...many.data.plugins[0], name: many.data.name };
  const one = plugin.safeParse(json);
  if (one.success) return one.data;
  throw new CniError(`${one.error.issues[0]?.path.join('.') ?? ''}: ${one.error.issues[0]?.message ?? ''}`);
}

/** The host's interface that a network's interfaces send through. */
export function hostInterface(config: CniConfig): string | undefined {
  return config.master ?? config.device ?? config.bridge;
}

/**
 * CNI ADD of one network on a node (containernetworking/plugins v1.x, ovs-cni): the interface's MTU and addresses in
 * CIDR notation. `busy`: host devices that pods on the node have. Throws CniError.
 */
export function addInterface(
  cluster: Cluster,
  node: string,
  config: CniConfig,
  claimant: Claimant,
  busy: ReadonlySet<string>,
): { mtu: number; ips: string[] } {
  const type = config.type ?? '';
  const fail = (why: string): never => {
    throw new CniError(`plugin type="${type}" failed (add): ${why}`);
  };
  const state = networkOf(cluster, node);
  const host = hostInterface(config);
  const link = host === undefined ? undefined : linkOf(state, host);
  let mtu = config.mtu ?? 0;
  if (type === 'macvlan' || type === 'ipvlan' || type === 'vlan') {
    // Without a master macvlan and ipvlan take the interface of the default route.
    const master =
      host === undefined && type !== 'vlan'
        ? linkOf(
            state,
            state.routes?.running?.find(({ destination }) => destination === '0.0.0.0/0')?.['next-hop-interface'] ?? '',
          )
        : link;
    if (type === 'vlan' && host === undefined) {
      fail('"master" field is required. It specifies the host interface name to create the VLAN for');
    }
    if (master === undefined)
      return fail(type === 'ipvlan' ? `failed to lookup master "${host ?? ''}": Link not found` : 'Link not found');
    const most = master.mtu ?? 1500;
    if (mtu < 0 || mtu > most) fail(`invalid MTU ${mtu}, must be [0, master MTU(${most})]`);
    if (mtu === 0) mtu = most;
  } else if (type === 'host-device') {
    if (host === undefined) fail('specify either "device", "hwaddr", "kernelpath" or "pciBusID"');
    if (link === undefined || busy.has(host ?? '')) return fail('failed to find host device: Link not found');
    mtu = link.mtu ?? 1500;
  } else if (type === 'sriov') {
    // The device plugin has chosen the function, by the pod's resource; the definition names no interface of the host.
    if (mtu === 0) mtu = 1500;
  } else if (type === 'bridge' || type === 'cnv-bridge') {
    // The plugin makes a bridge that is not there; it has no way out then.
    if (mtu === 0) mtu = link?.mtu ?? 1500;
  } else if (type === 'ovs') {
    const bridge = state.interfaces?.find(({ name, type: kind }) => name === host && kind === 'ovs-bridge');
    if (bridge === undefined) fail(`failed to find bridge ${host ?? ''}`);
    if (mtu === 0) mtu = 1500;
  } else {
    throw new CniError(`failed to find plugin "${type}" in path [/opt/multus/bin /var/lib/cni/bin /usr/libexec/cni]`);
  }
  return { mtu, ips: addresses(cluster, node, config, claimant, fail) };
}

const staticIpam = z.looseObject({ addresses: z.array(z.looseObject({ address: z.string() })).optional() });
const localIpam = z.looseObject({
  subnet: z.string().optional(),
  ranges: z.array(z.array(z.looseObject({ subnet: z.string() }))).optional(),
});

function addresses(
  cluster: Cluster,
  node: string,
  { ipam }: CniConfig,
  claimant: Claimant,
  fail: (why: string) => never,
): string[] {
  switch (ipam?.type ?? '') {
    case '':
      return [];
    case 'whereabouts':
      try {
        return allocate(cluster, ipam, claimant);
      } catch (error) {
        if (!(error instanceof WhereaboutsError)) throw error;
        const early = /^(LoadIPAM|invalid)/.test(error.message);
        return fail(early ? error.message : `error at storage engine: ${error.message}`);
      }
    case 'static':
      return (staticIpam.safeParse(ipam).data?.addresses ?? []).map(({ address }) => address);
    case 'host-local':
      return hostLocal(cluster, node, ipam, fail);
    case 'dhcp':
      return fail('error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: no such file or directory');
    default:
      return fail(
        `failed to find plugin "${ipam?.type ?? ''}" in path [/opt/multus/bin /var/lib/cni/bin /usr/libexec/cni]`,
      );
  }
}

/** host-local counts on each node for itself: pods on different nodes get the same addresses. */
function hostLocal(cluster: Cluster, node: string, ipam: unknown, fail: (why: string) => never): string[] {
  const parsed = localIpam.safeParse(ipam).data;
  const subnets = parsed?.ranges?.map(([first]) => first?.subnet ?? '') ?? [parsed?.subnet ?? ''];
  return subnets.map((text) => {
    const subnet = parseSubnet(text);
    if (subnet === undefined) return fail(`invalid CIDR address: ${text}`);
    const taken = new Set(
      cluster.podsOn
        .get(node)
        .flatMap((pod) => statusAddresses(pod.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status'])),
    );
    // The first address is the gateway's.
    for (let value = subnet.first + 2n; value < subnet.last; value++) {
      if (![...taken].some((used) => used.value === value && contains(subnet, used))) {
        const parts = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
        return `${parts}/${subnet.prefix}`;
      }
    }
    return fail(`failed to allocate for range 0: no IP addresses available in range set: ${text}`);
  });
}

function statusAddresses(annotation: string | undefined) {
  if (annotation === undefined) return [];
  const networks = JSON.parse(annotation) as { ips?: string[] }[];
  return networks.flatMap(({ ips = [] }) => ips.flatMap((ip) => parseAddress(ip) ?? []));
}
