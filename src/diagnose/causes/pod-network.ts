import type { Cause } from '../cause.ts';
import { targetPodSaying, targetTrouble } from '../target.ts';

const NAD_MISSING = /cannot find a network-attachment-definition \(([^)]+)\) in namespace \(([^)]+)\)/;
const SANDBOX = /Failed to create pod sandbox: .*/s;

/** A network of the VM can't be made on the target node (facts/kubevirt.md C1, E). */
export const podNetwork: Cause = {
  id: 'target/pod-network',
  title: 'A network cannot be set up on the target node',
  source: 'facts/kubevirt.md C1, E',
  needs: ['migrations', 'pods'],
  reads: ['events'],
  migration(each) {
    const trouble = targetTrouble(each);
    if (trouble?.stage !== 'pending') return undefined;
    const missing = targetPodSaying(each, NAD_MISSING);
    const said = missing ?? targetPodSaying(each, SANDBOX);
    if (said === undefined) return undefined;
    const what =
      missing === undefined
        ? `${each.targetNode === undefined ? 'its target node' : `node ${each.targetNode}`} cannot set up the networks of its target pod`
        : `its network attachment ${missing.match[2] ?? ''}/${missing.match[1] ?? ''} does not exist any more`;
    return {
      confidence: 'certain',
      message: `${what}${trouble.outcome}`,
      evidence: [said.evidence, ...trouble.evidence],
      remedies:
        missing === undefined
          ? [
              'The event says which plugin failed: on that node look at the bridge or NIC the network attachment names, at free addresses, at the pods of Multus and of the CNI.',
              'Move it to a node that has the network: ferry move VM --to NODE.',
            ]
          : [
              `Create the NetworkAttachmentDefinition ${missing.match[1] ?? ''} in namespace ${missing.match[2] ?? ''} again; the target pod then starts within seconds.`,
              'Or take the network out of the VM.',
            ],
    };
  },
  texts: [/cannot find a network-attachment-definition/, /Failed to create pod sandbox/, /FailedCreatePodSandBox/],
  meaning: {
    message:
      'The target node cannot set up the network of the pod: a network attachment that does not exist, a bridge or NIC that the node lacks, no free address, or a CNI that does not answer.',
    remedies: [
      'See the event of the target pod: ferry diagnose VM.',
      'Compare the networks of the VM with what the nodes have: ferry check VM.',
    ],
  },
};
