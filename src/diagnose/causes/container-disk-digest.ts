import type { Cause } from '../cause.ts';
import { isWaiting, noTargetBecause } from '../said.ts';

const NO_DIGEST = /no reproducible image digest can be detected/;

/** The target must run the very image of the source, and the source pod does not say which that is (facts/kubevirt.md C1, item 7). */
export const containerDiskDigest: Cause = {
  id: 'queue/container-disk-digest',
  title: 'The image of a container disk is not known by its digest',
  source: 'facts/kubevirt.md C1',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events', 'logs'],
  migration(each) {
    const said = isWaiting(each) ? noTargetBecause(each, NO_DIGEST) : undefined;
    if (said === undefined) return undefined;
    return {
      confidence: 'certain',
      message:
        'it waits: the VM boots from a container image, the target must get the very same one, and the source pod does not say its digest',
      evidence: [said.evidence],
      remedies: [
        'Name the image by digest (image@sha256:...) in the VM; it takes effect at its next restart.',
        'Until then the VM moves cold only (a restart): virtctl restart VM.',
      ],
    };
  },
  texts: [NO_DIGEST],
  meaning: {
    message:
      'A container disk of the VM is named by tag, and KubeVirt cannot tell which image the running one is, so it makes no target pod.',
    remedies: ['Name the image by digest in the VM and restart it once.'],
  },
};
