import { at as atField } from '../../model/finding.ts';
import { atEvent } from '../cause.ts';
import { handlerCause, saidOf } from '../handlers.ts';

/** The image of the new virt-handler is not to be had. */
export const handlerImagePull = handlerCause({
  id: 'handler/image-pull',
  title: 'virt-handler cannot start: its image cannot be pulled',
  source: 'facts/kubevirt.md D7 (roll-out)',
  look(pod, each) {
    const waiting = (pod.status?.containerStatuses ?? []).find(({ state }) =>
      ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'].includes(state?.waiting?.reason ?? ''),
    );
    if (waiting === undefined) return undefined;
    const said = saidOf(pod, each, /[Ff]ailed to pull image/);
    return {
      confidence: 'certain',
      message: `virt-handler on ${pod.spec?.nodeName} cannot start: its image cannot be pulled`,
      evidence: [
        atField(
          pod,
          `.status.containerStatuses[name=${waiting.name}].state.waiting.reason`,
          waiting.state?.waiting?.reason,
        ),
        ...(said === undefined ? [] : [atEvent(said)]),
      ],
      remedies: [
        'Look at the registry, the mirror and the pull secret: the event tells which image, and why not.',
        'In a cluster without access to the internet, mirror the images of the new version first.',
      ],
    };
  },
});
