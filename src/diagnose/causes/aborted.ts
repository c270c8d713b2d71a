import { abortOf } from '../abort.ts';
import type { Cause } from '../cause.ts';

/** KubeVirt 1.9 has one text for every abort, and the launcher's log that tells more is not there (facts/kubevirt.md D2). */
export const aborted: Cause = {
  id: 'migration/aborted',
  title: 'KubeVirt aborted it and does not say why',
  source: 'facts/kubevirt.md D2 (KubeVirt 1.9)',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  yieldsTo: ['node', 'network'],
  migration(each) {
    const abort = abortOf(each);
    if (abort?.why !== 'unknown') return undefined;
    return {
      confidence: abort.confidence,
      message: `it was aborted after ${Number.isNaN(abort.seconds) ? 'some' : abort.seconds} s; this version of KubeVirt says the same whether it was cancelled, timed out or stood still, and neither the times nor the log of the launcher tell which`,
      evidence: abort.evidence,
      remedies: [
        'Ask again and look while it runs: ferry move VM, and ferry diagnose VM beside it.',
        `Look for "Aborting migration" in the log of the launcher: kubectl logs -n ${each.migration.metadata.namespace ?? ''} ${each.state?.sourcePod ?? 'POD'} -c compute.`,
      ],
    };
  },
  texts: [/Live migration has been aborted/],
  meaning: {
    message:
      'What KubeVirt 1.9 says of every migration it aborts: cancelled, out of time, or without progress. Only the log of the launcher says which ("Aborting migration: ...").',
    remedies: ['Let Ferry look at the log and the times: ferry diagnose VM.'],
  },
};
