import { evacuatedFrom, unmarking } from '../../model/eviction.ts';
import { nodesOf } from '../../model/nodes.ts';
import { conditionOf } from '../../model/vm.ts';
import { at, atVm, type Check, type Draft, warning } from '../check.ts';
import { versionIn } from '../refused.ts';

/** The mark of an eviction stays until a migration succeeds, also when the drain was given up long ago. */
export const stuckEvacuation: Check = {
  id: 'vm/stuck-evacuation',
  title: 'No old eviction drives the VM',
  source: 'facts/kubevirt.md A3 (evacuationNodeName), B4, C2, I (evacuate/cancel); facts/anchors.md 2 (pain 2)',
  needs: ['virtualMachineInstances', 'migrations', 'nodes'],
  run(vm, snapshot): Draft[] {
    const marked = evacuatedFrom(vm);
    if (marked === undefined || vm.unfinished.length > 0) return [];
    const evidence = [atVm(vm, '.status.evacuationNodeName', marked)];
    const cancel = unmarking(vm, snapshot).join(' ');
    if (marked !== vm.node) {
      return [
        warning(vm, {
          message: `it is marked to be evacuated from ${marked}, but it is on ${vm.node ?? 'no node'}: the mark is of an old drain`,
          evidence: [...evidence, atVm(vm, '.status.nodeName', vm.node)],
          remedy: cancel,
        }),
      ];
    }
    const node = nodesOf(snapshot).get(marked);
    if (conditionOf(vm, 'LiveMigratable')?.status !== 'True') {
      return [
        warning(vm, {
          message: `it is to leave ${marked} (a drain asked for that), but KubeVirt can't migrate it: the drain waits for ever`,
          evidence: [
            ...evidence,
            atVm(vm, '.status.conditions[type=LiveMigratable].status', conditionOf(vm, 'LiveMigratable')?.status),
          ],
          remedy: `Stop the VM, or move it cold, so that the drain can go on; a restart takes the mark off, too.${versionIn(snapshot)?.evacuationCancel === true ? ` If the drain was given up: ${unmarking(vm, snapshot)[0]}` : ''}`,
        }),
      ];
    }
    if (node !== undefined && !node.cordoned) {
      return [
        warning(vm, {
          message: `it is to leave ${marked}, though that node is not cordoned and no migration is under way: KubeVirt goes on trying to move it away until one succeeds`,
          evidence: [...evidence, at(node.object, '.spec.unschedulable', node.object.spec?.unschedulable)],
          remedy: `If the drain was not given up, wait: the next try starts as soon as there is a slot, or once the pause after failed tries is over. Otherwise: ${cancel}`,
        }),
      ];
    }
    return [];
  },
};
