import type { Cause } from '../cause.ts';
import { stateAt } from '../said.ts';

/** It was to be cancelled, and libvirt could not (facts/kubevirt.md C1, D2). */
export const abortFailed: Cause = {
  id: 'migration/abort-failed',
  title: 'It cannot be cancelled',
  source: 'facts/kubevirt.md C1, D2',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const { state, final } = each;
    if (final || state === undefined || state.abortStatus !== 'Failed') return undefined;
    const postCopy = state.mode === 'PostCopy';
    return {
      confidence: 'certain',
      message: postCopy
        ? 'it cannot be cancelled: in post-copy the guest runs on the target already, and part of its memory is still at the source; only its end is left'
        : 'it was to be cancelled, and libvirt could not stop it in time; it goes on',
      evidence: [stateAt(each, 'abortStatus'), stateAt(each, 'mode')],
      remedies: [
        'Wait for its end. Do not delete pods, and do not restart either node: in post-copy that loses the guest.',
        ...(postCopy ? [] : ['If it does not end, ask again: ferry cancel VM.']),
      ],
    };
  },
  texts: [/failed to cancel migration/, /FailedAbortMigration/],
  meaning: {
    message:
      'The migration could not be cancelled: it had ended already, or runs in post-copy, where only its end is left.',
    remedies: ['Look where it stands: ferry diagnose VM.'],
  },
};
