import { at as atField } from '../../model/finding.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cause } from '../cause.ts';
import { isWaiting } from '../said.ts';

/** virt-controller makes no target pod while the VMI has more than one pod that has not ended (facts/kubevirt.md C1; pain 20). */
export const previousSourcePod: Cause = {
  id: 'queue/previous-pod',
  title: 'A pod of the last migration has not ended',
  source: 'facts/kubevirt.md C1; facts/anchors.md 2 pain 20',
  needs: ['migrations', 'virtualMachineInstances', 'pods'],
  migration(each) {
    const { vm } = each;
    if (!isWaiting(each) || vm === undefined) return undefined;
    const alive = vm.launchers.filter((pod) => !isFinishedPod(pod));
    const left = alive.filter((pod) => pod !== vm.launcher);
    if (alive.length < 2 || left.length === 0) return undefined;
    return {
      confidence: 'certain',
      message: `it waits: besides the pod it runs in, ${vm.name} still has ${left.map(({ metadata, spec }) => `${metadata.name} on ${spec?.nodeName ?? 'no node'}`).join(', ')}; KubeVirt starts no migration before it has ended`,
      evidence: left.flatMap((pod) => [
        atField(pod, '.status.phase', pod.status?.phase),
        ...(pod.metadata.deletionTimestamp === undefined
          ? []
          : [atField(pod, '.metadata.deletionTimestamp', pod.metadata.deletionTimestamp)]),
      ]),
      remedies: [
        'If it was left only seconds ago, wait: the kubelet ends it.',
        `If its node does not answer, look at the node first: ferry diagnose node/${left[0]?.spec?.nodeName ?? 'NODE'}.`,
        `If nothing of the VM runs in it any more (it is not on ${vm.node ?? 'the node of the VMI'}), delete that pod, never the one the VM runs in: kubectl delete pod -n ${vm.namespace} ${left[0]?.metadata.name ?? 'POD'}.`,
      ],
    };
  },
};
