import type { Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const DOWN = /target attachment pod shutdown during migration/;

/** The pod that carries hot-plugged volumes to the target ended (facts/kubevirt.md G4). */
export const attachmentPod: Cause = {
  id: 'target/attachment-pod',
  title: 'The pod for hot-plugged volumes was lost',
  source: 'facts/kubevirt.md C1, E, G4',
  needs: ['migrations', 'pods'],
  reads: ['events'],
  migration(each) {
    const said = each.phase === 'Failed' ? eventSaying(each.events, DOWN) : undefined;
    if (said === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `the pod hp-volume-... that attaches the hot-plugged volumes on ${each.targetNode ?? 'the target node'} ended before the VM had moved`,
      evidence: [said.evidence],
      remedies: [
        `See whether the node is well, and whether the volumes can be attached there: ferry diagnose node/${each.targetNode ?? 'NODE'}.`,
        'Ask again, or for another node: ferry move VM --to NODE.',
      ],
    };
  },
  texts: [DOWN],
  meaning: {
    message:
      'Hot-plugged volumes are attached on the target by a pod of their own (hp-volume-...), and that pod ended.',
    remedies: ['See its events, and ask again: ferry move VM.'],
  },
};
