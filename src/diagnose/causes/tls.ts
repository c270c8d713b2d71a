import type { Cause } from '../cause.ts';
import { failureSaying, lineSaying } from '../said.ts';

const TLS =
  /x509: [^"]*|tls: [^"]*|certificate (?:signed by unknown authority|has expired|is not valid)[^"]*|remote error: tls[^"]*/;

/** virt-handlers speak TLS with each other, and one does not trust the other (facts/kubevirt.md D6). */
export const tls: Cause = {
  id: 'network/tls',
  title: 'The nodes do not trust each other',
  source: 'facts/kubevirt.md D6',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    if (each.phase !== 'Failed') return undefined;
    const said = failureSaying(each, TLS) ?? lineSaying(each.logs, TLS, 'virt-handler');
    if (said === undefined) return undefined;
    return {
      confidence: /^(x509|tls|remote)/.test(said.match[0]) ? 'certain' : 'likely',
      message: `the virt-handlers of ${each.sourceNode ?? 'the source'} and ${each.targetNode ?? 'the target'} could not agree on an encrypted connection: ${said.match[0].trim()}`,
      evidence: [said.evidence],
      remedies: [
        'See whether the clocks of both nodes are right: certificates are valid for a while only.',
        'Restart virt-handler of both nodes: it reads its certificates anew: kubectl delete pod of virt-handler on these nodes, one after the other, while nothing migrates there.',
        'Do not switch encryption off (disableTLS): the memory of guests would cross the network in the clear.',
      ],
    };
  },
  texts: [/x509: /, /tls: (?:handshake|bad certificate|failed)/i],
  meaning: {
    message:
      "The virt-handlers of the two nodes do not accept each other's certificates: expired, signed by another authority, or a clock that is wrong.",
    remedies: ['Compare the clocks of the nodes, then restart virt-handler on both, one after the other.'],
  },
};
