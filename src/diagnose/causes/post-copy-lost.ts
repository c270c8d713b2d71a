import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';

/** In post-copy the guest runs on the target while part of its memory is still on the source: if the link breaks, neither has all of it (facts/kubevirt.md D1; kubevirt#11479). */
export const postCopyLost: Cause = {
  id: 'vm/lost-in-post-copy',
  title: 'The guest was lost when post-copy broke off',
  source: 'facts/kubevirt.md C1, D1; facts/anchors.md 2 pain 24 (kubevirt#15924, #11479)',
  needs: ['virtualMachineInstances', 'migrations'],
  vm({ vm, vmi }) {
    const state = vmi?.status?.migrationState;
    if (vmi === undefined || state?.mode !== 'PostCopy' || vmi.status?.phase !== 'Failed') return undefined;
    return {
      confidence: 'certain',
      message: `its migration from ${state.sourceNode} to ${state.targetNode} had switched to post-copy, and broke off: part of the guest's memory was on each node, so that neither could go on, and KubeVirt gave the guest up`,
      evidence: [
        atField(vmi, '.status.phase', vmi.status.phase),
        atField(vmi, '.status.migrationState.mode', state.mode),
        ...(state.failureReason === undefined || state.failureReason === ''
          ? []
          : [atField(vmi, '.status.migrationState.failureReason', state.failureReason)]),
      ],
      remedies: [
        `Start it again: virtctl start ${vm.name} -n ${vm.namespace}; with runStrategy Always or RerunOnFailure KubeVirt does it by itself. The disks are as after a power cut.`,
        `Find out what cut the nodes off: ferry diagnose node/${state.sourceNode}, ferry diagnose node/${state.targetNode}.`,
        'Do not allow post-copy where the migration network is not reliable: use allowAutoConverge or a pause (allowWorkloadDisruption) instead.',
      ],
    };
  },
};
