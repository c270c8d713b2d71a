import { vmNodesOf } from '../../model/nodes.ts';
import { atVm, type Check, type Draft, warning } from '../check.ts';

/** On a single node nothing can be evacuated, and an alert fires for every VM that asks for it. */
export const evictionStrategy: Check = {
  id: 'vm/eviction-strategy',
  title: 'The eviction strategy suits the cluster',
  source: 'mission: Known Issues (Single Node OpenShift); facts/kubevirt.md A3, G3 (VMCannotBeEvicted)',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    if (!snapshot.lists.nodes.known || vm.spec.evictionStrategy !== 'LiveMigrate') return [];
    if (!vm.running || vmNodesOf(snapshot).length !== 1) return [];
    return [
      warning(vm, {
        message:
          'its eviction strategy is LiveMigrate, but the cluster has one node only: the alert VMCannotBeEvicted fires, and a drain waits for ever',
        evidence: atVm(vm, '.spec.evictionStrategy', vm.spec.evictionStrategy),
        remedy: 'Set evictionStrategy: None on single-node clusters.',
      }),
    ];
  },
};
