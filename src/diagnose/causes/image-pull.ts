import type { Cause } from '../cause.ts';
import { targetPodSaying, targetTrouble, waitingReason } from '../target.ts';

const FAILED = /Failed to pull image "([^"]+)".*|Back-off pulling image "([^"]+)".*|ErrImagePull|ImagePullBackOff/s;

/** The target node can't get an image (facts/kubevirt.md C1). */
export const imagePull: Cause = {
  id: 'target/image-pull',
  title: 'The target node cannot pull an image',
  source: 'facts/kubevirt.md C1',
  needs: ['migrations', 'pods'],
  reads: ['events'],
  migration(each) {
    const trouble = targetTrouble(each);
    if (trouble?.stage !== 'pending') return undefined;
    const said = targetPodSaying(each, FAILED);
    const waiting = waitingReason(each, /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ImageInspectError)$/);
    if (said === undefined && waiting === undefined) return undefined;
    const image = said?.match[1] ?? said?.match[2];
    return {
      confidence: 'certain',
      message: `node ${each.targetNode ?? ''} cannot pull ${image === undefined ? 'an image of its target pod' : `image ${image}`}${trouble.outcome}`,
      evidence: [
        ...(waiting === undefined ? [] : [waiting]),
        ...(said === undefined ? [] : [said.evidence]),
        ...trouble.evidence,
      ],
      remedies: [
        'The event says why: the registry, its credentials, or the network of that node.',
        'Move it to a node that has the image already: ferry move VM --to NODE.',
      ],
    };
  },
  texts: [/Failed to pull image/, /ErrImagePull|ImagePullBackOff/],
  meaning: {
    message:
      'The target node cannot pull an image that the target pod needs (the launcher, or a container disk). KubeVirt gives the migration up after 900 s; the VM goes on running where it is.',
    remedies: ['See why in the events of the target pod: ferry diagnose VM.'],
  },
};
