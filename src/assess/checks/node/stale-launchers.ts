import type { NodeView } from '../../../model/nodes.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { hasJustMoved, staleLaunchersOf } from '../../../model/stale-launchers.ts';
import { vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, warning } from '../../check.ts';

/** As long as a VM has two pods, KubeVirt does not begin another migration of it. */
export const staleLaunchers: Check = {
  id: 'node/stale-launchers',
  title: 'No finished migration has left a pod behind',
  source: 'facts/kubevirt.md C1 (more than one active pod); facts/anchors.md 2 (pain 20)',
  needs: ['pods', 'virtualMachineInstances', 'migrations'],
  runNode: (node, snapshot) => said(snapshot, node),
  advise: (snapshot) => said(snapshot),
};

function said(snapshot: Snapshot, node?: NodeView): Draft[] {
  const now = Date.parse(snapshot.takenAt);
  return vmsOf(snapshot)
    .flatMap((vm) =>
      // With another migration of it under way, the report on that tells more.
      vm.unfinished.length > 0 || hasJustMoved(vm, now) ? [] : staleLaunchersOf(vm).map((pod) => ({ vm, pod })),
    )
    .filter(({ pod }) => node === undefined || pod.spec?.nodeName === node.name)
    .map(({ vm, pod }) =>
      warning(vm, {
        message: `pod ${pod.metadata.name} of VM ${vm.namespace}/${vm.name} is left on ${pod.spec?.nodeName || 'no node'}, though the VM runs on ${vm.node}: the next migration of the VM would stay Pending until it is gone`,
        evidence: [
          at(pod, '.spec.nodeName', pod.spec?.nodeName),
          at(
            { kind: 'VirtualMachineInstance', namespace: vm.namespace, name: vm.name },
            '.status.nodeName',
            vm.vmi?.status?.nodeName,
          ),
        ],
        remedy: `See why it does not end (kubectl describe pod -n ${vm.namespace} ${pod.metadata.name}); if no guest runs in it any more, delete it. Then the VM can migrate again.`,
      }),
    );
}
