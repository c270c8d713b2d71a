import type { Cause } from '../cause.ts';
import { eventSaying, failureSaying, lineSaying } from '../said.ts';

export const LOST =
  /Lost connection to destination host|End of file while reading data|[Cc]onnection reset by peer|[Bb]roken pipe|unexpected EOF|client socket is closed|Unable to write to socket/;
const PROXY = /error encountered copying data (?:to|into)/;

/** The connection broke while it copied (facts/kubevirt.md D2, D6). */
export const connectionLost: Cause = {
  id: 'network/connection-lost',
  title: 'The connection to the target broke',
  source: 'facts/kubevirt.md D2, D6',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const said = failureSaying(each, LOST);
    if (said === undefined || /Failed to connect to remote libvirt/.test(each.state?.failureReason ?? ''))
      return undefined;
    const proxy = lineSaying(each.logs, PROXY, 'virt-handler');
    const ended = eventSaying(each.events, /target pod shutdown during migration/);
    return {
      confidence: 'certain',
      message:
        ended === undefined
          ? `the connection from ${each.sourceNode ?? 'the source'} to ${each.targetNode ?? 'the target'} broke while memory was copied: the link failed, or the other end (QEMU, the pod, the node) went away`
          : `the connection broke while memory was copied, because the target pod ${each.targetPodName ?? ''} ended on ${each.targetNode ?? 'the target'}`,
      evidence: [
        said.evidence,
        ...(proxy === undefined ? [] : [proxy.evidence]),
        ...(ended === undefined ? [] : [ended.evidence]),
      ],
      remedies: [
        `See whether the target node and its pod are well (out of memory, restarted): ferry diagnose node/${each.targetNode ?? 'NODE'}, and the log of the target pod.`,
        'Look for errors and drops on the NICs of both nodes at that moment.',
        'The VM runs where it was; ask again: ferry move VM.',
      ],
    };
  },
  texts: [LOST, PROXY],
  meaning: {
    message:
      'The connection broke while memory was copied: the link failed, or the target (QEMU, its pod, the node) went away. The VM runs where it was.',
    remedies: ['See which of these it was: ferry diagnose VM.'],
  },
};
