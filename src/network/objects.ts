import type { NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import type { Link } from './links.ts';
import type { NetworkType } from './request.ts';

const MANAGED = { 'app.kubernetes.io/managed-by': 'ferry' };
/** Of the bridge that types bridge and ovs make. Linux lets names have 15 characters (IFNAMSIZ less the zero byte). */
const BRIDGE = 'br-migration';
const IFNAMSIZ = 15;

/** A request in which nothing is left open. */
export interface Resolved {
  interface: string;
  /** NMState's type of it: `ethernet`, or `bond`. */
  interfaceType: string;
  type: NetworkType;
  vlan?: number;
  cidr: string;
  exclude: string[];
  mtu: number;
  name: string;
  namespace: string;
  nodeSelector: Record<string, string>;
  openshift: boolean;
}

/** The interface of a VLAN: `NIC.ID` as is the custom, `migration.ID` where that would be too long a name. */
function vlanName({ interface: nic, vlan }: Resolved): string | undefined {
  if (vlan === undefined) return undefined;
  const usual = `${nic}.${vlan}`;
  return usual.length <= IFNAMSIZ ? usual : `migration.${vlan}`;
}

/** The NMState policy's interfaces, the NIC first. Each names all that it is to be, and no more. */
export function interfacesOf(request: Resolved): Link[] {
  const { interface: nic, interfaceType, type, vlan, mtu } = request;
  const noAddress = { ipv4: { enabled: false }, ipv6: { enabled: false } };
  const tagged = type === 'ovs' ? undefined : vlanName(request);
  const links: Link[] = [{ name: nic, type: interfaceType, state: 'up', mtu }];
  if (tagged !== undefined) {
    links.push({
      name: tagged,
      type: 'vlan',
      state: 'up',
      mtu,
      ...noAddress,
      vlan: { 'base-iface': nic, id: vlan ?? 0 },
    });
  }
  if (type === 'bridge') {
    const options = { stp: { enabled: false } };
    const bridge = { options, port: [{ name: tagged ?? nic }] };
    links.push({ name: BRIDGE, type: 'linux-bridge', state: 'up', mtu, ...noAddress, bridge });
  }
  if (type === 'ovs') {
    // A trunk to the switch: the VLAN is the attachment's.
    const bridge = { 'allow-extra-patch-ports': true, options: { stp: false }, port: [{ name: nic }] };
    links.push({ name: BRIDGE, type: 'ovs-bridge', state: 'up', bridge });
  }
  return links;
}

/** The host's interface or bridge that the attachment stands on. */
function attachedTo(request: Resolved): string {
  return request.type === 'macvlan' ? (vlanName(request) ?? request.interface) : BRIDGE;
}

function policyName(name: string): string {
  return `${name}-policy`;
}

/** The policy for NMState: the NIC up with its MTU, and the VLAN or bridge on it. */
export function policyOf(request: Resolved): NodeNetworkConfigurationPolicy {
  return {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: policyName(request.name), labels: MANAGED },
    spec: { nodeSelector: request.nodeSelector, desiredState: { interfaces: interfacesOf(request) } },
  };
}

/** The network that virt-handler's pods get an interface of. */
export function attachmentOf(request: Resolved): NetworkAttachmentDefinition {
  const { name, namespace, type, vlan, cidr, exclude, mtu, openshift } = request;
  const ipam = { type: 'whereabouts', range: cidr, ...(exclude.length > 0 && { exclude }) };
  const head = { cniVersion: '0.3.1', name };
  const host = attachedTo(request);
  const config =
    type === 'macvlan'
      ? { ...head, type, master: host, mode: 'bridge', mtu, ipam }
      : type === 'bridge'
        ? // OpenShift Virtualization brings the bridge plugin under a name of its own.
          { ...head, type: openshift ? 'cnv-bridge' : 'bridge', bridge: host, mtu, ipam }
        : { ...head, type, bridge: host, ...(vlan !== undefined && { vlan }), mtu, ipam };
  return {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name, namespace, labels: MANAGED },
    spec: { config: JSON.stringify(config, null, 2) },
  };
}
