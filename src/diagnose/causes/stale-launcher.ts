import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import { hasJustMoved, staleLaunchersOf } from '../../model/stale-launchers.ts';
import { type Cause } from '../cause.ts';

/** virt-controller starts no migration while the VMI has a second pod (facts/kubevirt.md C1); one that should have ended keeps it waiting. */
export const staleLauncher: Cause = {
  id: 'vm/stale-launcher',
  title: 'A pod of an earlier migration has not ended',
  source: 'facts/kubevirt.md C1; facts/anchors.md 2 pain 20 (kubevirt#18320, #12773)',
  needs: ['nodes', 'pods', 'virtualMachineInstances', 'migrations'],
  vm({ vm, vmi, snapshot, now }) {
    const pod = staleLaunchersOf(vm).find(({ spec }) => spec?.nodeName !== undefined && spec.nodeName !== vm.node);
    if (vmi === undefined || pod === undefined || hasJustMoved(vm, now)) return undefined;
    const on = pod.spec?.nodeName ?? '';
    const node = nodesOf(snapshot).get(on);
    const lost = node !== undefined && !node.ready;
    return {
      confidence: 'certain',
      message: `it runs on ${vm.node}, but pod ${pod.metadata.name} of it is still there on ${on}${lost ? ', a node that is not ready' : ''}: no migration of it starts before that pod has ended`,
      evidence: [
        atField(vmi, '.status.nodeName', vm.node),
        atField(pod, '.spec.nodeName', on),
        atField(pod, '.status.phase', pod.status?.phase),
      ],
      remedies: [
        `Look whether QEMU still runs in it: kubectl logs -n ${vm.namespace} ${pod.metadata.name} -c compute. Two running guests would destroy their disk.`,
        lost
          ? `Bring ${on} back, or make sure that it is off, before you delete the pod by force.`
          : `Delete the pod: kubectl delete pod -n ${vm.namespace} ${pod.metadata.name}.`,
      ],
    };
  },
};
