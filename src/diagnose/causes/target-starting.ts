import type { Cause } from '../cause.ts';
import { targetTrouble, waitingReason } from '../target.ts';

/** Seconds in which a launcher pod starts where nothing is wrong, with room for a slow image pull. */
const USUAL = 60;

/** The target pod is bound and does not start, and no event says why (facts/kubevirt.md C1). */
export const targetStarting: Cause = {
  id: 'target/not-starting',
  title: 'The target pod does not start',
  source: 'facts/kubevirt.md C1; facts/anchors.md 6 row 27',
  needs: ['migrations', 'pods'],
  reads: ['events'],
  yieldsTo: ['target'],
  migration(each) {
    const trouble = targetTrouble(each);
    if (trouble?.stage !== 'pending' || (trouble.left !== undefined && trouble.waited < USUAL)) return undefined;
    const waiting = waitingReason(each, /./);
    return {
      confidence: 'likely',
      message: `its target pod ${each.targetPodName ?? ''} ${each.final ? 'did' : 'does'} not start on node ${each.targetNode ?? '(unknown)'}${waiting === undefined ? '' : ` (${String(waiting.value)})`}${trouble.outcome}`,
      evidence: [...(waiting === undefined ? [] : [waiting]), ...trouble.evidence],
      remedies: [
        `Look at the pod's events: kubectl describe pod -n ${each.migration.metadata.namespace ?? ''} ${each.targetPodName ?? 'POD'}.`,
        `See whether the node is well: ferry diagnose node/${each.targetNode ?? 'NODE'}.`,
        'Try another node: ferry move VM --to NODE.',
      ],
    };
  },
  texts: [/pending pod \S+ timeout period exceeded/],
  meaning: {
    message:
      'The pod in which the VM would run after the migration did not start within 900 s: an image, a volume or a network could not be had on that node. The VM goes on running where it is.',
    remedies: ['See what the events of that pod say: ferry diagnose VM.'],
  },
};
