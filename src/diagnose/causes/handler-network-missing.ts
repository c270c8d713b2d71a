import { at as atField } from '../../model/finding.ts';
import { settingsOf } from '../../model/settings.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { atEvent, type Cause } from '../cause.ts';
import { handlerCause, saidOf } from '../handlers.ts';

const MISSING = /cannot find a network-attachment-definition \(([^)]+)\) in namespace \(([^)]+)\)/;
const ISOLATED = /pod is in namespace (\S+) but refers to target namespace (\S+)/;

/** virt-handler's new pod wants the migration network, which is not there under that name in its namespace (facts/kubevirt.md D7). */
const trouble = handlerCause({
  id: 'handler/network-missing',
  title: 'virt-handler cannot start: the migration network does not exist',
  source: 'mission: Issue 3; facts/kubevirt.md D7; facts/anchors.md 2 pain 26',
  look(pod, each) {
    const { snapshot } = each;
    const missing = saidOf(pod, each, MISSING);
    const said = missing ?? saidOf(pod, each, ISOLATED);
    if (said === undefined) return undefined;
    const [, name = '', own = ''] = MISSING.exec(missing?.message ?? '') ?? ISOLATED.exec(said.message) ?? [];
    const elsewhere = itemsOf(snapshot.lists.networkAttachments).filter(
      ({ metadata }) => missing !== undefined && metadata.name === name && metadata.namespace !== own,
    );
    const setting = settingsOf(snapshot).network;
    const namespace = pod.metadata.namespace ?? '';
    const what =
      missing === undefined
        ? `the migration network is in another namespace than virt-handler, and this cluster does not let pods use it`
        : `there is no NetworkAttachmentDefinition ${name} in namespace ${own}${elsewhere.length === 0 ? '' : `, only in ${elsewhere.map(({ metadata }) => metadata.namespace).join(', ')}`}`;
    return {
      confidence: 'certain',
      message: `the new virt-handler on ${pod.spec?.nodeName} cannot start: ${what}. The roll-out stands still at this node; the others keep the network they had`,
      evidence: [
        atEvent(said),
        ...(setting.object === undefined || setting.field === undefined
          ? []
          : [{ object: setting.object, field: setting.field, value: setting.raw ?? null }]),
        ...elsewhere.map((object) => atField(object, '.metadata.namespace', object.metadata.namespace)),
      ],
      remedies: [
        `Create the NetworkAttachmentDefinition in ${namespace}, where virt-handler runs: the waiting pod then starts by itself.`,
        'Or name the right one: ferry settings set network=NAME; or none, so that migrations use the pod network: ferry settings set network-. Each change restarts every virt-handler.',
      ],
    };
  },
  texts: [/cannot find a network-attachment-definition/],
  meaning: {
    message:
      'Multus did not find the network that a pod asks for. Of virt-handler it is the migration network, which must be in the namespace that virt-handler runs in.',
    remedies: ['See which pods wait, and for what: ferry diagnose cluster.'],
  },
});

/** Of the cluster, network/attachment-missing says it, from the settings; there remains what only the pod is told. */
export const handlerNetworkMissing: Cause = {
  ...trouble,
  cluster(each) {
    const isolated = each.events.filter(({ message }) => !MISSING.test(message));
    return trouble.cluster?.({ ...each, events: isolated });
  },
};
