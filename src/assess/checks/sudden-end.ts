import { runStrategyOf } from '../../model/eviction.ts';
import { perSnapshot } from '../../model/memo.ts';
import { itemsOf } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atVm, type Check, type Draft, info } from '../check.ts';

/** Priorities from here on are Kubernetes' own (system-cluster-critical). */
const SYSTEM = 2e9;

/** The highest priority of any VM's pod, and one that has it. */
const highestOf = perSnapshot((snapshot) => {
  let highest: { priority: number; name: string } | undefined;
  for (const { metadata, spec } of itemsOf(snapshot.lists.pods)) {
    const priority = spec?.priority ?? 0;
    if (priority >= SYSTEM || metadata.labels?.['kubevirt.io'] !== 'virt-launcher') continue;
    if (highest === undefined || priority > highest.priority) highest = { priority, name: metadata.name };
  }
  return highest;
});

/** What follows once the VM's instance has ended, as half a sentence. */
export function startsAgain(vm: Vm): string {
  const strategy = runStrategyOf(vm);
  if (strategy === undefined) return 'nothing starts it again, for it has no VirtualMachine';
  if (strategy === 'Always') return 'it is started again, on whatever node has room';
  if (strategy === 'RerunOnFailure') return 'it is started again only if that counts as a failure';
  return `it stays off (run strategy ${strategy})`;
}

/** What ends a VM without asking: nothing migrates it away from a pod of higher priority, or from a node that is gone. */
export const suddenEnd: Check = {
  id: 'vm/preemption-and-node-loss',
  title: 'The VM comes back after a loss of its node, and nothing pushes it aside',
  source: 'facts/kubevirt.md A2, C4 (node NotReady); facts/anchors.md 2 (pain 28)',
  needs: ['virtualMachines', 'pods'],
  run(vm, snapshot): Draft[] {
    if (!vm.running || vm.phase !== 'Running') return [];
    const found: Draft[] = [];
    const strategy = runStrategyOf(vm);
    if (snapshot.lists.virtualMachines.known && strategy !== 'Always' && strategy !== 'RerunOnFailure') {
      found.push(
        info(vm, {
          message: `if its node is lost, ${startsAgain(vm)}`,
          evidence:
            vm.vm === undefined
              ? atVm(vm, '.metadata.ownerReferences', vm.vmi?.metadata.ownerReferences)
              : at(vm.vm, '.spec.runStrategy', vm.vm.spec.runStrategy),
          remedy:
            'Nothing is needed if that is meant so. Otherwise give the VM runStrategy: Always; where a node is lost, Kubernetes also has to be sure that the old pod is gone (fencing).',
        }),
      );
    }
    const highest = highestOf(snapshot);
    const own = vm.launcher?.spec?.priority ?? 0;
    if (vm.launcher !== undefined && highest !== undefined && own < highest.priority) {
      found.push(
        info(vm, {
          message: `VMs of higher priority (${highest.priority}, for example of pod ${highest.name}; its own is ${own}) may push it off its node when room is short: Kubernetes then ends it at once, whatever its eviction strategy says; ${startsAgain(vm)}`,
          evidence: at(vm.launcher, '.spec.priority', vm.launcher.spec?.priority),
          remedy:
            'Give it a priorityClassName as high as theirs if it must not be pushed aside, or keep room for one more VM on the nodes.',
        }),
      );
    }
    return found;
  },
};
