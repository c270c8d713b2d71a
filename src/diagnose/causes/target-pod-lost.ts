import { at as atField } from '../../model/finding.ts';
import type { Cause } from '../cause.ts';
import { eventSaying, failureSaying, type Said } from '../said.ts';
import { targetPodSaying, targetTrouble } from '../target.ts';

const REMOVED = /^Migration target pod was removed during active migration\.$|Target pod is down/;
const ENDED = /^Migration failed because target pod shutdown during migration$/;
const WHO =
  /Marking for deletion Pod|Preempted by|Evict(?:ed|ion)|evicted|low on resource|DisruptionTarget|Stopping container/;

/** Somebody deleted or ended the target pod (facts/kubevirt.md C4, G4). */
export const targetPodLost: Cause = {
  id: 'target/pod-lost',
  title: 'The target pod was lost',
  source: 'facts/kubevirt.md C4, D2, G4',
  needs: ['migrations', 'pods'],
  reads: ['events'],
  migration(each) {
    if (each.phase !== 'Failed' || targetTrouble(each) !== undefined) return undefined;
    const { events, targetPod } = each;
    const ended = eventSaying(events, ENDED);
    const removed = failureSaying(each, REMOVED);
    // A migration that failed at the source ends its target pod, too.
    if (each.state?.failureReason !== undefined && !REMOVED.test(each.state.failureReason)) return undefined;
    const said: Said | undefined = removed ?? ended;
    if (said === undefined) return undefined;
    const who = targetPodSaying(each, WHO);
    const status = targetPod?.status?.containerStatuses?.find(({ state }) => state?.terminated !== undefined);
    const why = status?.state?.terminated?.reason;
    const pod = each.targetPodName ?? 'its target pod';
    return {
      confidence: 'certain',
      message:
        ended !== undefined && removed === undefined
          ? `${pod} ended while the VM was being moved into it${why === undefined ? '' : ` (${why})`}`
          : `${pod} was deleted while the VM was being moved into it${who === undefined ? ', and nothing tells by whom' : ''}`,
      evidence: [
        said.evidence,
        ...(who === undefined ? [] : [who.evidence]),
        ...(targetPod === undefined || why === undefined
          ? []
          : [atField(targetPod, `.status.containerStatuses[name=${status?.name ?? ''}].state.terminated.reason`, why)]),
      ],
      remedies: [
        ...(why === 'OOMKilled'
          ? [
              'The launcher ran out of its memory limit: raise memory overhead (additionalGuestMemoryOverheadRatio in KubeVirt), or take the limit away.',
            ]
          : []),
        `See whether the target node is well: ferry diagnose node/${each.targetNode ?? 'NODE'}; a node under pressure, a taint or a preemption removes pods.`,
        'Nothing is lost, the VM runs where it was. Ask again: ferry move VM.',
      ],
    };
  },
  texts: [
    /Target pod is down/i,
    /Migration target pod was removed during active migration/,
    /target pod shutdown during migration/,
  ],
  meaning: {
    message:
      'The pod in which the VM would run after the migration was deleted, evicted or ended before the end. KubeVirt also says so after it has deleted that pod itself, because it did not start in time.',
    remedies: ['See which of these it was: ferry diagnose VM.', 'The VM runs where it was; ask again: ferry move VM.'],
  },
};
