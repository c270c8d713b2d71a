import type { Cause } from '../cause.ts';
import { eventSaying, isWaiting } from '../said.ts';

const REFUSED = /^Error creating pod: (.*)$/s;
const KNOWN_OTHERWISE =
  /exceeded quota|PodSecurity|privileged namespace|image digest|SELinux context|host cpu model|host-model|no PDB protecting/i;

/** The API server refused the target pod for something that no other cause knows: a webhook, a LimitRange, a policy. */
export const targetPodRefused: Cause = {
  id: 'queue/target-pod-refused',
  title: 'The target pod was refused',
  source: 'facts/kubevirt.md C1, G4',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const said = isWaiting(each) ? eventSaying(each.events, REFUSED, 'VirtualMachineInstance') : undefined;
    const why = said?.match[1] ?? '';
    if (said === undefined || KNOWN_OTHERWISE.test(why)) return undefined;
    return {
      confidence: 'certain',
      message: `it waits: the API server refuses its target pod: ${why}`,
      evidence: [said.evidence],
      remedies: [
        'The text names what refuses it (an admission webhook, a LimitRange, a policy): change that, and the migration starts by itself.',
        'Try the same without changing anything: ferry move VM --dry-run=server says what KubeVirt itself has against it.',
      ],
    };
  },
  texts: [/Error creating pod: /],
  meaning: {
    message:
      'virt-controller could not create the target pod; the text after it says who refused it. The migration stays Pending and is tried again.',
    remedies: ['Change what the text names; then the migration starts by itself.'],
  },
};
