import { at as atField } from '../../model/finding.ts';
import { isReadyPod } from '../../model/pods.ts';
import { atEvent, type Cause } from '../cause.ts';
import { heartbeatAge } from '../handlers.ts';

/** virt-controller gives a virt-handler up that has been silent for so long, s (facts/kubevirt.md C4). */
const SILENCE = 300;

/** Its pod looks well, and yet it does not report. */
export const handlerSilent: Cause = {
  id: 'handler/silent',
  title: 'virt-handler has gone silent',
  source: 'facts/kubevirt.md C4, F1',
  needs: ['nodes', 'pods'],
  reads: ['events'],
  node(node, { now, events }) {
    const age = heartbeatAge(node, now);
    if (age === undefined || age <= SILENCE || !node.ready || node.handler === undefined || !isReadyPod(node.handler)) {
      return undefined;
    }
    const said = events.findLast(
      ({ about, reason }) => about.kind === 'Node' && about.name === node.name && reason === 'NodeUnresponsive',
    );
    const heartbeat = 'kubevirt.io/heartbeat';
    return {
      confidence: 'certain',
      message: `virt-handler on ${node.name} is ready, but has not reported for ${Math.round(age / 60)} min: after 5 min KubeVirt takes the node for unresponsive, and gives up the VMs on it whose pods have ended`,
      evidence: [
        atField(node.object, `.metadata.annotations["${heartbeat}"]`, node.object.metadata.annotations?.[heartbeat]),
        ...(said === undefined ? [] : [atEvent(said)]),
      ],
      remedies: [
        `Compare the clocks: a node whose clock is behind reports the past (chronyc tracking on ${node.name}).`,
        `Look what it does: kubectl logs -n ${node.handler.metadata.namespace} ${node.handler.metadata.name}. Delete the pod if it hangs: VMs run on.`,
      ],
    };
  },
  texts: [/virt-handler is not responsive, marking node as unresponsive/, /is not responsive, marking VMI as failed/],
  meaning: {
    message:
      'virt-handler of a node has not reported for 5 minutes. KubeVirt starts no VMs there, and gives up those whose pods have ended.',
    remedies: ['See which node, and why: ferry diagnose node/NODE.'],
  },
};
