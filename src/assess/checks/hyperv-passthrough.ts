import { atVm, blocker, type Check, type Draft } from '../check.ts';
import { refuses } from '../refused.ts';

/** All Hyper-V features that this node happens to have are shown to the guest; another node may have others. */
export const hypervPassthrough: Check = {
  id: 'vm/hyperv-passthrough',
  title: "The guest does not see its node's Hyper-V features as they are",
  source: 'facts/kubevirt.md A4 (HypervPassthroughNotLiveMigratable), E',
  needs: [],
  run(vm, snapshot): Draft[] {
    if (vm.spec.domain.features?.hypervPassthrough?.enabled !== true) return [];
    if (!refuses('hyperv-passthrough', vm, snapshot)) return [];
    return [
      blocker(vm, {
        message: 'it is shown all Hyper-V features of its node (hypervPassthrough), which need not be those of another',
        evidence: atVm(vm, '.spec.domain.features.hypervPassthrough.enabled', true),
        remedy:
          'Move it cold (a restart). To make it migratable, list the features it needs under features.hyperv instead of hypervPassthrough.',
        allows: 'cold',
      }),
    ];
  },
};
