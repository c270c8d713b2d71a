import type { Pod } from '../../model/objects.ts';
import { fault } from './fault.ts';
import { isTarget } from './target-pods.ts';

/** Claims say ReadWriteMany, and the storage does not keep to it (facts/kubevirt.md C1, E): the target pod stays ContainerCreating. */
export const volumeAttach = fault({
  name: 'volume-attach',
  summary: 'the storage driver attaches the volumes of target pods to no second node: FailedAttachVolume, FailedMount',
  parameters: { vm: 'optional', node: 'optional' },
  start: ({ cluster: { broken } }, given) => {
    const concerns = (pod: Pod): boolean => isTarget(pod, given);
    broken.unattachable.add(concerns);
    return () => broken.unattachable.delete(concerns);
  },
});
