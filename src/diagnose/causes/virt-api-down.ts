import { at as atField } from '../../model/finding.ts';
import { isReadyPod } from '../../model/pods.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { atEvent, type Cause } from '../cause.ts';
import { isRecent } from '../said.ts';

/** Not for its certificate: that is kubevirt/certificates. */
const WEBHOOK = /failed calling webhook "[^"]*kubevirt\.io"(?!.*x509)|no endpoints available for service "virt-api"/;

/**
 * virt-api admits every change of KubeVirt's objects, also those of virt-controller and virt-handler, and every eviction
 * of a launcher. Its webhooks fail closed; that on evictions only from 1.5 on, before a disruption budget stands behind
 * it (KubeVirt pkg/virt-operator/resource/generate/components/webhooks.go).
 */
export const virtApiDown: Cause = {
  id: 'kubevirt/virt-api-down',
  title: 'virt-api does not answer',
  source: 'facts/kubevirt.md B, B4, G3 (VirtAPIDown)',
  needs: ['pods'],
  reads: ['events'],
  cluster({ snapshot, events, now }) {
    const pods = itemsOf(snapshot.lists.pods).filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-api');
    const said = events.findLast((event) => WEBHOOK.test(event.message) && isRecent(event, now));
    const ready = pods.filter(isReadyPod).length;
    if (pods.length === 0 || (ready > 0 && said === undefined)) return undefined;
    return {
      confidence: ready === 0 ? 'certain' : 'likely',
      message: `virt-api does not answer (${ready} of its ${pods.length} pods ready): no VM and no migration can be created or changed, those that run are not finished, and evictions are refused: a drain waits. Running VMs go on`,
      evidence: [
        ...pods
          .filter((pod) => !isReadyPod(pod))
          .map((pod) =>
            atField(
              pod,
              '.status.conditions[type=Ready].status',
              pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
            ),
          ),
        ...(said === undefined ? [] : [atEvent(said)]),
      ],
      remedies: [
        'Do not force a drain meanwhile: whoever deletes the pods of VMs shuts the VMs down.',
        `Look at its pods: kubectl describe pods -n ${pods[0]?.metadata.namespace} -l kubevirt.io=virt-api, and their logs.`,
        'If they are ready, look at what is between them and the API server: certificates, network policies, the service virt-api.',
      ],
    };
  },
  texts: [WEBHOOK, /VirtAPIDown/],
  meaning: {
    message:
      'The API server could not ask virt-api, which admits all changes of VMs and migrations, and evictions of VMs; without it they are refused.',
    remedies: ['See what is wrong with it: ferry diagnose cluster. Then do again what was refused.'],
  },
};
