import type { Cause } from '../cause.ts';
import { rolloutOf } from '../handlers.ts';

/** A change of KubeVirt, or of the migration network, restarts virt-handler on node after node (facts/kubevirt.md D7). */
export const handlerRollout: Cause = {
  id: 'handler/rollout',
  title: 'virt-handler is being rolled out',
  source: 'mission: Issue 3; facts/kubevirt.md D7',
  needs: ['daemonSets'],
  cluster({ snapshot }) {
    const rollout = rolloutOf(snapshot);
    if (rollout === undefined) return undefined;
    return {
      confidence: 'likely',
      message: `virt-handler is rolled out: ${rollout.updated} of ${rollout.wanted} nodes have the new one. While a node's is restarted, no migration from or to it begins; a few minutes in all`,
      evidence: rollout.evidence,
      remedies: [
        'Wait until it is done before you move VMs: kubectl rollout status daemonset/virt-handler -n openshift-cnv.',
        'If it does not go on for 15 minutes, look at the pod that is not ready: kubectl get pods -n openshift-cnv -l kubevirt.io=virt-handler.',
      ],
    };
  },
  texts: [/VirtHandlerDaemonSetRolloutFailing/, /during virt-handler shutdown/],
  meaning: {
    message:
      'virt-handler is being restarted on the nodes, one after the other; while that of a node is away, no migration from or to it begins.',
    remedies: ['See how far it is, and whether it is stuck: ferry diagnose cluster.'],
  },
};
