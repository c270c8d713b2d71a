import { strategyOf } from '../../../model/eviction.ts';
import { vmNodesOf } from '../../../model/nodes.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, warning } from '../../check.ts';
import { counted } from '../../text.ts';

/** With one node there is nowhere to go; a strategy that waits for a migration then waits for ever. */
export const singleNode: Check = {
  id: 'node/single',
  title: 'There is more than one node for VMs',
  source: 'mission: Known Issues (Single Node OpenShift); facts/kubevirt.md A3, G3 (VMCannotBeEvicted)',
  needs: ['nodes', 'kubeVirts', 'virtualMachineInstances'],
  runNode: (node, snapshot) => (vmNodesOf(snapshot).some(({ name }) => name === node.name) ? said(snapshot) : []),
  advise: (snapshot) => said(snapshot),
};

function said(snapshot: Snapshot): Draft[] {
  const [only, ...others] = vmNodesOf(snapshot);
  if (only === undefined || others.length > 0) return [];
  const waiting = vmsOf(snapshot).filter((vm) => vm.running && strategyOf(vm, snapshot).value === 'LiveMigrate');
  const [first] = waiting;
  const strategy = first === undefined ? undefined : strategyOf(first, snapshot);
  const many =
    waiting.length === 0
      ? ''
      : `; ${counted(waiting.length, 'VM')} would keep a drain waiting for a migration that can't be (eviction strategy LiveMigrate), and the alert VMCannotBeEvicted fires for those that are not live-migratable`;
  return [
    warning(
      { kind: 'Node', name: only.name },
      {
        message: `${only.name} is the only node that runs VMs: nothing can move anywhere${many}`,
        evidence: [
          at(only.object, '.metadata.labels["kubevirt.io/schedulable"]', only.labels['kubevirt.io/schedulable']),
          ...(strategy?.evidence ?? []),
        ],
        remedy:
          waiting.length === 0
            ? 'Before maintenance, stop the VMs; for live migrations add a second node.'
            : 'Set evictionStrategy: None on single-node clusters (HyperConverged and the VMs), so that maintenance shuts the VMs down; or add a second node.',
      },
    ),
  ];
}
