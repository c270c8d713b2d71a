import { readCni, textOf } from './cni.ts';
import { keyOf, perSnapshot } from './memo.ts';
import { type NodeView, nodesOf } from './nodes.ts';
import type { NetworkAttachmentDefinition } from './objects.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import type { Vm } from './vm.ts';

/** What a secondary network of a VM needs of the node's own network. */
export interface NetworkNeed {
  /** The NetworkAttachmentDefinition, as `namespace/name`. */
  attachment: string;
  /** An interface or bridge of the host, or a physical network that OVN-Kubernetes maps to a bridge. */
  what: 'interface' | 'bridge' | 'localnet';
  name: string;
}

const attachmentsOf = perSnapshot(
  (snapshot: Snapshot): Map<string, NetworkAttachmentDefinition> =>
    new Map(
      itemsOf(snapshot.lists.networkAttachments).map((each) => [
        keyOf(each.metadata.namespace, each.metadata.name),
        each,
      ]),
    ),
);

/** The NetworkAttachmentDefinition a VM of the namespace means by `name` or `namespace/name`. */
export function attachmentOf(
  name: string,
  namespace: string,
  snapshot: Snapshot,
): NetworkAttachmentDefinition | undefined {
  return attachmentsOf(snapshot).get(name.includes('/') ? name : `${namespace}/${name}`);
}

/** What the network's CNI plugin looks for on the host; undefined if nothing, or nothing that can be told. */
function needOf(attachment: NetworkAttachmentDefinition): NetworkNeed | undefined {
  const { plugin } = readCni(attachment);
  const own = keyOf(attachment.metadata.namespace, attachment.metadata.name);
  const need = (what: NetworkNeed['what'], value: unknown): NetworkNeed | undefined => {
    const name = textOf(value);
    return name === undefined ? undefined : { attachment: own, what, name };
  };
  switch (plugin['type']) {
    // The bridge plugin makes a bridge that is not there; it leads nowhere then.
    case 'bridge':
    case 'cnv-bridge':
    case 'ovs':
      return need('bridge', plugin['bridge']);
    case 'macvlan':
    case 'ipvlan':
    case 'vlan':
      return need('interface', plugin['master']);
    case 'host-device':
      return need('interface', plugin['device']);
    case 'ovn-k8s-cni-overlay':
      return plugin['topology'] === 'localnet'
        ? need('localnet', plugin['physicalNetworkName'] ?? plugin['name'])
        : undefined;
    default:
      return undefined;
  }
}

/** Whether a node has what a network needs; undefined where NMState does not tell. */
export function hasNetwork({ network }: NodeView, { what, name }: NetworkNeed): boolean | undefined {
  if (network === undefined) return undefined;
  return what === 'localnet' ? network.localnets.has(name) : network.interfaces.has(name);
}

/**
 * What a VM's secondary networks need of a node. What its own node does not seem to have either is left out: then it
 * is there under a name that can't be told.
 */
export function networkNeedsOf(vm: Vm, snapshot: Snapshot): NetworkNeed[] {
  const needs: NetworkNeed[] = [];
  for (const { multus } of vm.spec.networks ?? []) {
    if (multus === undefined) continue;
    const attachment = attachmentOf(multus.networkName, vm.namespace, snapshot);
    const need = attachment === undefined ? undefined : needOf(attachment);
    if (need === undefined) continue;
    const here = vm.node === undefined ? undefined : nodesOf(snapshot).get(vm.node);
    if (here === undefined || hasNetwork(here, need) === true) needs.push(need);
  }
  return needs;
}
