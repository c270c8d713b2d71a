import { nodesOf } from '../../model/nodes.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';

/** The source of a live migration has to be alive: it sends the memory. */
export const sourceNode: Check = {
  id: 'nodes/source-ready',
  title: "The VM's node is Ready",
  source: 'mission: checklist 2 (all nodes network-accessible); facts/kubevirt.md C4',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    if (vm.node === undefined || !snapshot.lists.nodes.known) return [];
    const node = nodesOf(snapshot).get(vm.node);
    if (node === undefined) {
      return [
        blocker(vm, {
          message: `its node ${vm.node} does not exist any more`,
          evidence: atVm(vm, '.status.nodeName', vm.node),
          remedy: 'Find out what became of the node before the VM is started anywhere else.',
          allows: 'nothing',
        }),
      ];
    }
    if (node.ready) return [];
    return [
      blocker(vm, {
        message: `its node ${node.name} is NotReady: ${node.notReadyBecause}`,
        evidence: at(node.object, '.status.conditions[type=Ready].status', node.readyStatus),
        remedy:
          'Bring the node back, or fence it: Kubernetes starts the VM elsewhere only once the old pod is known to be gone.',
        allows: 'nothing',
      }),
    ];
  },
};
