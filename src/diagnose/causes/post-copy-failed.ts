import type { Cause } from '../cause.ts';
import { stateAt } from '../said.ts';

/** A migration that failed in post-copy: the guest's memory is on two nodes (facts/kubevirt.md D1; pain 24). */
export const postCopyFailed: Cause = {
  id: 'migration/post-copy-failed',
  title: 'It failed in post-copy',
  source: 'facts/kubevirt.md D1, C1; facts/anchors.md 2 pain 24',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const { state, phase, vmi } = each;
    if (phase !== 'Failed' || state?.mode !== 'PostCopy') return undefined;
    return {
      confidence: 'certain',
      message:
        'it failed after it had been switched to post-copy, when the guest already ran on the target and part of its memory was still at the source: such a guest cannot go on, on either side',
      evidence: [stateAt(each, 'mode'), ...(state.failureReason === undefined ? [] : [stateAt(each, 'failureReason')])],
      remedies: [
        `See whether the VM runs (its phase is ${vmi?.status?.phase ?? 'unknown'}), and restart it if it does not: virtctl restart VM. What was not on its disks is lost.`,
        'Find out why the connection broke before you allow post-copy again.',
        'For this VM forbid post-copy in a MigrationPolicy (allowPostCopy: false).',
      ],
    };
  },
};
