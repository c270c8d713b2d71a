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
