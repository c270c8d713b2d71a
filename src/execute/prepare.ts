import { FerryError } from '../model/errors.ts';
import { nodesOf } from '../model/nodes.ts';
import { settingsOf } from '../model/settings.ts';
import { itemsOf, type Listing, type Snapshot } from '../model/snapshot.ts';
import { takesTarget } from '../model/versions/index.ts';
import type { Vm } from '../model/vm.ts';
import type { MovePlan } from './run.ts';

/** Ferry's own limit of migrations into one node; KubeVirt has none (facts/kubevirt.md C1). */
const INBOUND = 2;

const HOSTNAME = 'kubernetes.io/hostname';

/** KubeVirt's own defaults, for clusters whose settings may not be read (facts/kubevirt.md A8). KubeVirt enforces the real ones. */
const usual = { cluster: 5, outbound: 2 };

/**
 * The moves of running VMs, in the given order, to `target` or wherever the scheduler puts them. The VMs have been
 * checked. Throws FERRY_E_NOT_FOUND for an unknown target, FERRY_E_REFUSED where KubeVirt can't be told a target.
 */
export function prepareMoves(snapshot: Snapshot, vms: readonly Vm[], target?: string): MovePlan {
  const chosen = target === undefined ? undefined : targetOf(snapshot, target);
  const settings = settingsOf(snapshot);
  const nodes = nodesOf(snapshot);
  const { pods, migrations, virtualMachineInstances } = snapshot.lists;
  return {
    orders: vms.map((vm) => ({
      vm: { namespace: vm.namespace, name: vm.name },
      vmiUid: vm.vmi?.metadata.uid ?? '',
      source: vm.node ?? '',
      ...(chosen !== undefined && { target: chosen }),
    })),
    budgets: {
      cluster: settings.parallelMigrationsPerCluster.value ?? usual.cluster,
      outbound: settings.parallelOutboundMigrationsPerNode.value ?? usual.outbound,
      inbound: INBOUND,
    },
    lastNode: new Map(
      itemsOf(virtualMachineInstances).map((vmi) => [
        `${vmi.metadata.namespace}/${vmi.metadata.name}`,
        vmi.status?.nodeName ?? '',
      ]),
    ),
    hostnames: new Map([...nodes.values()].map((node) => [node.labels[HOSTNAME] ?? node.name, node.name])),
    everywhere: { migrations: isWhole(migrations), vmis: isWhole(virtualMachineInstances) },
    handlers: itemsOf(pods).filter((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler'),
  };
}

function targetOf(snapshot: Snapshot, name: string): { node: string; selector: Record<string, string> } {
  const node = nodesOf(snapshot).get(name);
  if (snapshot.lists.nodes.known && node === undefined) {
    throw new FerryError('FERRY_E_NOT_FOUND', `there is no node ${name}`, '`kubectl get nodes` lists the nodes.');
  }
  // addedNodeSelector came with KubeVirt 1.6; older ones drop the field silently and would choose the node themselves.
  if (takesTarget(snapshot.versions.kubevirt) !== true) {
    const version = snapshot.versions.kubevirt ?? 'of unknown version';
    throw new FerryError(
      'FERRY_E_REFUSED',
      `--to needs KubeVirt 1.6 (OpenShift Virtualization 4.20) or newer, and this cluster has KubeVirt ${version}`,
      'Leave --to out and let the scheduler choose the node, or cordon the nodes the VM must not go to.',
    );
  }
  // The label, not the name, is what the scheduler compares; they may differ.
  const value = node?.labels[HOSTNAME];
  if (value === undefined) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      node === undefined ? 'the nodes of this cluster may not be read' : `node ${name} has no label ${HOSTNAME}`,
      'A move to a chosen node is made by that label. Leave --to out and let the scheduler choose.',
    );
  }
  return { node: name, selector: { [HOSTNAME]: value } };
}

function isWhole(listing: Listing<unknown>): boolean {
  return listing.known && listing.onlyNamespaces === undefined;
}
