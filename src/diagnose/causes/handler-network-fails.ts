import { atEvent } from '../cause.ts';
import { handlerCause, saidOf } from '../handlers.ts';

const FAILS = /error adding container to network "?([^":]+)"?: (.*)/;
const OTHERS = /allocate IP|no IP addresses available/;

/** The network exists, and its plugin cannot attach the pod on this node: no such interface, an MTU it does not have (facts/kubevirt.md D7). */
export const handlerNetworkFails = handlerCause({
  id: 'handler/network-fails',
  title: 'virt-handler cannot start: the node cannot attach it to the migration network',
  source: 'mission: Issue 3, MTU Differences; facts/kubevirt.md D7',
  look(pod, each) {
    const said = saidOf(pod, each, FAILS);
    if (said === undefined || OTHERS.test(said.message)) return undefined;
    const [, network, why] = FAILS.exec(said.message) ?? [];
    const node = pod.spec?.nodeName ?? '';
    return {
      confidence: 'certain',
      message: `virt-handler on ${node} cannot start: attaching it to network ${network} fails there: ${why}`,
      evidence: [atEvent(said)],
      remedies: [
        `Compare the NetworkAttachmentDefinition with what the node has: master interface, bridge, MTU (kubectl get nns ${node} -o yaml).`,
        'Make the interface on every node with a NodeNetworkConfigurationPolicy, and look whether it was applied: kubectl get nncp,nnce.',
      ],
    };
  },
});
