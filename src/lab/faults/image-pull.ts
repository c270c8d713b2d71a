import type { Pod } from '../../model/objects.ts';
import { fault } from './fault.ts';
import { isTarget } from './target-pods.ts';

/** A node does not have the images of the pods that start on it, e.g. a new release's, or since its kubelet cleaned up. */
export const imagePull = fault({
  name: 'image-pull',
  summary:
    'pods find no image on their node, and the registry does not answer (ErrImagePull, ImagePullBackOff); with a delay it does, but slowly. With a VM: its target pods only',
  parameters: { vm: 'optional', node: 'optional', delay: 'optional' },
  start: ({ cluster: { broken } }, { vm, node, delay }) => {
    const concerns = (pod: Pod): boolean =>
      vm === undefined
        ? node === undefined || pod.spec?.nodeName === node
        : isTarget(pod, { vm, ...(node !== undefined && { node }) });
    const trouble = { concerns, ...(delay !== undefined && { takes: delay }) };
    broken.images.add(trouble);
    return () => broken.images.delete(trouble);
  },
});
