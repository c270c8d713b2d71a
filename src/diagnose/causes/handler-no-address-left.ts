import { atEvent } from '../cause.ts';
import { handlerCause, saidOf } from '../handlers.ts';

const EXHAUSTED = /[Cc]ould not allocate IP in range|no IP addresses available in range|IPAM.*exhausted/;

/** The range of the migration network has fewer addresses than there are virt-handlers (facts/kubevirt.md D7). */
export const handlerNoAddressLeft = handlerCause({
  id: 'handler/no-address-left',
  title: 'virt-handler cannot start: the migration network has no address left',
  source: 'mission: Issue 3; facts/kubevirt.md D7',
  look(pod, each) {
    const said = saidOf(pod, each, EXHAUSTED);
    if (said === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `virt-handler on ${pod.spec?.nodeName} cannot start: the range of the migration network has no free address`,
      evidence: [atEvent(said)],
      remedies: [
        'Widen the range in the NetworkAttachmentDefinition: one address for each node, and one to spare for the roll-out.',
        'Look for addresses that nobody uses any more: kubectl get ippools.whereabouts.cni.cncf.io -A -o yaml.',
      ],
    };
  },
  texts: [EXHAUSTED],
  meaning: {
    message: 'A network that hands out its own addresses (whereabouts, host-local) has none left for another pod.',
    remedies: [
      'Widen its range: one address for each node, and one to spare. See which pods wait: ferry diagnose cluster.',
    ],
  },
});
