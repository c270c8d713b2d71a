import { vmNodesOf } from '../../model/nodes.ts';
import { atVm, blocker, type Check, type Draft, info } from '../check.ts';

const REALTIME = 'kubevirt.io/realtime';

/** A real-time guest, or one that sees its node's NUMA layout, needs a node of the same make. */
export const realtimeAndNuma: Check = {
  id: 'cpu/realtime-and-numa',
  title: 'Real-time and NUMA guests find such a node elsewhere',
  source: 'facts/kubevirt.md E (realtime, NUMA guestMappingPassthrough), F1',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    const { realtime, numa } = vm.spec.domain.cpu ?? {};
    if ((realtime === undefined && numa?.guestMappingPassthrough === undefined) || vm.node === undefined) return [];
    const found: Draft[] = [];
    const others = vmNodesOf(snapshot).filter(({ name }) => name !== vm.node);
    if (realtime !== undefined) {
      const some = others.some(({ labels }) => labels[REALTIME] !== undefined);
      if (!some && others.length > 0) {
        found.push(
          blocker(vm, {
            message: `it is a real-time guest, and no other node is set up for those: none has the label ${REALTIME}`,
            evidence: atVm(vm, '.spec.domain.cpu.realtime', realtime),
            remedy:
              'Set another node up for real-time guests (kernel setting sched_rt_runtime_us=-1; a PerformanceProfile on OpenShift), or remove cpu.realtime from the VM.',
            allows: 'nothing',
          }),
        );
      } else {
        found.push(
          info(vm, {
            message:
              'it is a real-time guest: while its memory is copied, and at the switch to the other node, it misses its deadlines',
            evidence: atVm(vm, '.spec.domain.cpu.realtime', realtime),
            remedy: 'Move it when what runs in it can bear a pause of some hundred milliseconds.',
          }),
        );
      }
    }
    if (numa?.guestMappingPassthrough !== undefined) {
      found.push(
        info(vm, {
          message:
            "it sees its node's NUMA layout, and keeps what it saw at its start: on a node with another layout its memory may be far from its CPUs",
          evidence: atVm(vm, '.spec.domain.cpu.numa.guestMappingPassthrough', numa.guestMappingPassthrough),
          remedy: 'Choose a target with the same sockets and NUMA nodes; a restart lets it see the new layout.',
        }),
      );
    }
    return found;
  },
};
