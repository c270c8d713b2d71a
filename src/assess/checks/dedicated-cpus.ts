import { vmNodesOf } from '../../model/nodes.ts';
import { atVm, blocker, type Check, type Draft, info } from '../check.ts';
import { versionIn } from '../refused.ts';

/** CPUs of its own: the target needs as many free ones, and from 1.9 on the copying gets slower. */
export const dedicatedCpus: Check = {
  id: 'cpu/dedicated',
  title: 'Dedicated CPUs are to be had elsewhere, and do not slow the migration',
  source:
    'facts/kubevirt.md D4, E (dedicatedCpuPlacement), F1; facts/anchors.md 6 rows 12, 13; mission: Best Practice 1',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    if (vm.spec.domain.cpu?.dedicatedCpuPlacement !== true || vm.node === undefined) return [];
    const version = versionIn(snapshot);
    const label = version?.labels.selectsCpuManager ?? 'cpumanager';
    const evidence = atVm(vm, '.spec.domain.cpu.dedicatedCpuPlacement', true);
    const found: Draft[] = [];
    const others = vmNodesOf(snapshot).filter(({ name }) => name !== vm.node);
    if (others.length > 0 && !others.some(({ labels }) => labels[label] === 'true')) {
      found.push(
        blocker(vm, {
          message: `it has CPUs of its own, and no other node gives those out: none has the label ${label}=true`,
          evidence,
          remedy:
            'Give another node the static CPU manager policy (a KubeletConfig on OpenShift), or remove dedicatedCpuPlacement from the VM, which needs a restart.',
          allows: 'nothing',
        }),
      );
    }
    if (version?.multifd.notWith.includes('dedicated-cpu') === true) {
      found.push(
        info(vm, {
          message: `it has CPUs of its own: KubeVirt ${version.name} then copies memory over one connection instead of ${version.multifd.threads}, so that the migration takes longer on a fast network`,
          evidence,
          remedy:
            'Weigh it: dedicated CPUs make the guest faster and steadier, not its migration. Without them up to 8 connections share the copying.',
        }),
      );
    }
    return found;
  },
};
