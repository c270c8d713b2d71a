import { strategyOf } from '../../model/eviction.ts';
import { at as atField } from '../../model/finding.ts';
import { vmNodesOf } from '../../model/nodes.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { vmsOf } from '../../model/vm.ts';
import { type Cause } from '../cause.ts';

/** With a single node for VMs nothing can ever move, and a drain that waits for it never ends (mission: Known Issues). */
export const singleNode: Cause = {
  id: 'cluster/single-node',
  title: 'There is only one node for VMs',
  source: 'mission: Known Issues, Single Node OpenShift; facts/kubevirt.md A3',
  needs: ['nodes', 'virtualMachineInstances', 'kubeVirts'],
  cluster({ snapshot }) {
    const nodes = vmNodesOf(snapshot);
    const [only] = nodes;
    if (only === undefined || nodes.length !== 1) return undefined;
    const waiting = vmsOf(snapshot).filter((vm) => vm.running && strategyOf(vm, snapshot).value === 'LiveMigrate');
    const [first] = waiting;
    if (first === undefined) return undefined;
    const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
    return {
      confidence: 'certain',
      message: `${only.name} is the only node for VMs, and ${waiting.length} VM${waiting.length === 1 ? '' : 's'} (${first.namespace}/${first.name}${waiting.length > 1 ? ', ...' : ''}) must be migrated off a node that is drained: a drain of it never ends, and the alert VMCannotBeEvicted fires`,
      evidence: [
        atField(only.object, '.metadata.labels["kubevirt.io/schedulable"]', only.labels['kubevirt.io/schedulable']),
        ...strategyOf(first, snapshot).evidence,
        ...(kubeVirt === undefined
          ? []
          : [
              atField(kubeVirt, '.spec.configuration.evictionStrategy', kubeVirt.spec?.configuration?.evictionStrategy),
            ]),
      ],
      remedies: [
        'Set evictionStrategy: None in the templates of the VMs, and in the HyperConverged (spec.evictionStrategy): a drain then shuts them down.',
        'Or add a second node for VMs.',
      ],
    };
  },
};
