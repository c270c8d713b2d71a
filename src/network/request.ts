/** How virt-handler's interfaces reach the wire: straight from the NIC or its VLAN, or through a bridge of their own. */
export type NetworkType = 'macvlan' | 'bridge' | 'ovs';

/** What somebody wants of a dedicated migration network. */
export interface NetworkRequest {
  interface: string;
  type: NetworkType;
  /** Of the VLAN; undefined: untagged. */
  vlan?: number;
  /** Undefined: the first of some private networks that is free. */
  cidr?: string;
  /** Networks and addresses in it that nobody is to get. */
  exclude: string[];
  /** Bytes; undefined: what the NICs have now. */
  mtu?: number;
  /** Of the NetworkAttachmentDefinition; the policy has it with `-policy` behind it. */
  name: string;
  /** Nodes that virt-handler runs on; undefined: a label that they and no others have. */
  nodeSelector?: Record<string, string>;
}

/** What is known of the cluster's own networks besides the Snapshot. */
export interface KnownNetworks {
  /** What each is, and its CIDR. */
  networks: { what: string; cidr: string }[];
  /** What could not be read, a sentence each. */
  unknown: string[];
}

/** How virt-handler may be attached. */
export const NETWORK_TYPES = ['macvlan', 'bridge', 'ovs'] as const satisfies readonly NetworkType[];

/** Of a network that nobody named. */
export const DEFAULT_NAME = 'migration-network';

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** A policy's name is a label's value as well, and has `-policy` at its end. */
export const LONGEST_NAME = 63 - '-policy'.length;

export function isNetworkName(text: string): boolean {
  return NAME.test(text) && text.length <= LONGEST_NAME;
}

/** Labels as `KEY=VALUE`, several with commas between them; undefined if they are not. */
export function parseLabels(text: string): Record<string, string> | undefined {
  const pairs = text.split(',').map((pair) => /^([^=]+)=(.*)$/.exec(pair));
  if (pairs.includes(null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
}
