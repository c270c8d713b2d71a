import { vmNodesOf } from '../../model/nodes.ts';
import { amountText } from '../../model/objections.ts';
import { amountOf } from '../../model/pods.ts';
import { bytesOf } from '../../model/quantity.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';

/** Huge pages are set aside when a node starts: a node without them has no place for the guest, however empty it is. */
export const hugepages: Check = {
  id: 'memory/hugepages',
  title: 'Another node has the huge pages the VM needs',
  source: 'facts/kubevirt.md E (hugepages), F3',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    const pageSize = vm.spec.domain.memory?.hugepages?.pageSize;
    if (pageSize === undefined || vm.node === undefined || vm.memoryBytes === undefined) return [];
    const guest = vm.spec.domain.memory?.guest;
    const needed = guest === undefined ? vm.memoryBytes : bytesOf(guest);
    const resource = `hugepages-${pageSize}`;
    const others = vmNodesOf(snapshot).filter(({ name }) => name !== vm.node);
    if (others.length === 0 || others.some(({ allocatable }) => (allocatable[resource] ?? 0) >= needed)) return [];
    const best = others.toSorted((a, b) => (b.allocatable[resource] ?? 0) - (a.allocatable[resource] ?? 0))[0];
    const most = best?.object.status?.allocatable?.[resource];
    return [
      blocker(vm, {
        message: `its memory is in huge pages of ${pageSize}; it needs ${amountText('memory', needed).replace(' memory', '')} of them, and ${
          most === undefined || amountOf(resource, most) === 0
            ? 'no other node has any'
            : `no other node has more than ${most} in all (${best?.name})`
        }`,
        summary: `no other node has the huge pages (${pageSize}) it needs`,
        evidence: [
          atVm(vm, '.spec.domain.memory.hugepages.pageSize', pageSize),
          ...(best === undefined || most === undefined
            ? []
            : [at(best.object, `.status.allocatable["${resource}"]`, most)]),
        ],
        remedy:
          'Reserve as many huge pages on another node (kernel arguments; a MachineConfig or PerformanceProfile on OpenShift), or remove hugepages from the VM, which needs a restart.',
        allows: 'nothing',
      }),
    ];
  },
};
