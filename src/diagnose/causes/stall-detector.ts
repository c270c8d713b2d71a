import { abortOf } from '../abort.ts';
import type { Cause } from '../cause.ts';
import { sampleLine } from '../load.ts';

/** The stall detector of v1.9 found that it would not converge, and may not disturb the guest (facts/kubevirt.md D5). */
export const stallDetector: Cause = {
  id: 'migration/stalled',
  title: 'It would not have ended without disturbing the guest',
  source: 'facts/kubevirt.md D5 (KubeVirt 1.9, gate MigrationStallDetection)',
  needs: ['migrations', 'virtualMachineInstances', 'kubeVirts'],
  reads: ['logs'],
  migration(each) {
    const abort = abortOf(each);
    if (abort?.why !== 'stall') return undefined;
    return {
      confidence: abort.confidence,
      message: `KubeVirt's stall detector (gate MigrationStallDetection) gave it up after ${abort.seconds} s: rounds did not get shorter, and the pause the last copy would have needed was longer than maxDowntimeMs allows`,
      evidence: [...abort.evidence, ...sampleLine(each)],
      remedies: [
        'Allow this VM a longer pause in a MigrationPolicy (maxDowntimeMs), or allowWorkloadDisruption with allowPostCopy.',
        'Or move it when the guest writes less.',
        'Or move it cold (a restart): virtctl restart VM.',
      ],
    };
  },
};
