import { atLog } from '../cause.ts';
import { handlerCause } from '../handlers.ts';

const PANIC = /no IP found on migration0/;

/** virt-handler looks for its address on migration0 once, and panics without (facts/kubevirt.md D7). */
export const handlerNoAddress = handlerCause({
  id: 'handler/no-address',
  title: 'virt-handler crashes: its migration interface has no address',
  source: 'facts/kubevirt.md D7',
  look(pod, each) {
    const log = each.logs.find(
      ({ pod: name, namespace }) => name === pod.metadata.name && namespace === pod.metadata.namespace,
    );
    const line = log?.lines.findLast((text) => PANIC.test(text));
    if (log === undefined || line === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `virt-handler on ${pod.spec?.nodeName} crashes at each start: it is attached to the migration network, which gives it no address`,
      evidence: [atLog(log, line)],
      remedies: [
        'Give the NetworkAttachmentDefinition an "ipam" section (whereabouts, or static addresses): without one interfaces have none.',
        'Until then use the pod network, so that virt-handler starts: ferry settings set network-.',
      ],
    };
  },
  texts: [PANIC],
  meaning: {
    message: 'virt-handler was given the migration interface migration0 without an address on it, and does not start.',
    remedies: ['Give the NetworkAttachmentDefinition of the migration network an "ipam" section.'],
  },
});
