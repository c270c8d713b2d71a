import { at as atField } from '../../model/finding.ts';
import { isReadyPod } from '../../model/pods.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

/** Only the leader among virt-controller's pods works; without one every migration stays as it is (facts/kubevirt.md C). */
export const virtControllerDown: Cause = {
  id: 'kubevirt/virt-controller-down',
  title: 'No virt-controller works',
  source: 'facts/kubevirt.md C, G3 (NoReadyVirtController); facts/anchors.md 5.1',
  needs: ['pods', 'migrations'],
  cluster({ snapshot }) {
    const pods = itemsOf(snapshot.lists.pods).filter(
      ({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-controller',
    );
    if (pods.length === 0 || pods.some(isReadyPod)) return undefined;
    return {
      confidence: 'certain',
      message: `none of the ${pods.length} pods of virt-controller is ready: no migration begins, ends or is cancelled, no VM starts, no evacuation is acted on. Running VMs go on`,
      evidence: pods.map((pod) =>
        atField(
          pod,
          '.status.conditions[type=Ready].status',
          pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
        ),
      ),
      remedies: [
        `Look at its pods: kubectl describe pods -n ${pods[0]?.metadata.namespace} -l kubevirt.io=virt-controller, and their logs.`,
        'Migrations that run go on copying, and are finished when it is back.',
      ],
    };
  },
  texts: [/NoReadyVirtController|VirtControllerDown|NoLeadingVirtController/],
  meaning: {
    message: 'virt-controller, which carries out migrations and evacuations, does not work: nothing begins or ends.',
    remedies: ['See its state: ferry diagnose cluster.'],
  },
};
