import { drainTaintKey } from '../../../model/eviction.ts';
import { vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';

/** Who keeps VMs off the node, or drives them out. */
export const cordoned: Check = {
  id: 'node/cordoned',
  title: 'The node is open for VMs',
  source: 'mission: CANNOT (cordoned); facts/kubevirt.md A8 (nodeDrainTaintKey), C2',
  needs: ['nodes', 'kubeVirts', 'virtualMachineInstances'],
  runNode(node, snapshot): Draft[] {
    const subject = { kind: 'Node', name: node.name };
    const drafts: Draft[] = [];
    const key = drainTaintKey(snapshot);
    const taint = node.taints.find((each) => each.key === key && each.effect === 'NoSchedule');
    if (taint !== undefined) {
      drafts.push(
        warning(subject, {
          message: `${node.name} has the taint ${key}: KubeVirt moves every VM with the eviction strategy LiveMigrate off it, and again if one comes back`,
          evidence: at(node.object, `.spec.taints[key=${key}]`, taint),
          remedy: `When the maintenance is over, remove it: kubectl taint node ${node.name} ${key}-`,
        }),
      );
    }
    if (!node.cordoned) return drafts;
    const vms = vmsOf(snapshot).filter((vm) => vm.node === node.name);
    const marked = vms.filter((vm) => vm.vmi?.status?.evacuationNodeName === node.name).length;
    const idle = marked === 0 && taint === undefined && vms.length > 0;
    drafts.push(
      info(subject, {
        message: idle
          ? `${node.name} is cordoned: no VM comes to it, but a cordon alone moves none of its ${vms.length} VMs away`
          : `${node.name} is cordoned: no VM comes to it; ${marked} of its ${vms.length} VMs are asked to leave`,
        evidence: at(node.object, '.spec.unschedulable', true),
        remedy: idle
          ? `To empty it, drain it: kubectl drain ${node.name} --ignore-daemonsets --delete-emptydir-data; to use it again: kubectl uncordon ${node.name}.`
          : `When the maintenance is over: kubectl uncordon ${node.name}.`,
      }),
    );
    return drafts;
  },
};
