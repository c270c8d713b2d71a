import { atVm, blocker, type Check, type Draft } from '../check.ts';
import { refuses } from '../refused.ts';

/** Windows with re-enlightenment counts time by the processor's clock, which ticks the same only on certain nodes. */
export const tscFrequency: Check = {
  id: 'vm/tsc-frequency',
  title: "The guest's clock ticks the same on the other nodes",
  source: 'facts/kubevirt.md A4 (NoTSCFrequencyNotLiveMigratable), E, F1',
  needs: ['virtualMachineInstances'],
  run(vm, snapshot): Draft[] {
    const { hyperv } = vm.spec.domain.features ?? {};
    if (hyperv?.reenlightenment === undefined || hyperv.reenlightenment.enabled === false) return [];
    if (!vm.running || vm.vmi?.status?.topologyHints?.tscFrequency !== undefined) return [];
    if (!refuses('tsc-frequency', vm, snapshot)) return [];
    return [
      blocker(vm, {
        message:
          "it uses Hyper-V re-enlightenment, but no frequency of the processor's clock (TSC) is known for it: its time could jump on another node",
        evidence: [
          atVm(vm, '.spec.domain.features.hyperv.reenlightenment', hyperv.reenlightenment),
          atVm(vm, '.status.topologyHints.tscFrequency', undefined),
        ],
        remedy:
          'Move it cold (a restart). It gets a frequency at its next start if nodes tell theirs (label cpu-timer.node.kubevirt.io/tsc-frequency), which needs a processor with an invariant, scalable TSC; or remove hyperv.reenlightenment.',
        allows: 'cold',
      }),
    ];
  },
};
