import type { Vm } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft, warning } from '../check.ts';

const HOSTNAME = 'kubernetes.io/hostname';

/** A VM that asks for its node by name can be nowhere else. */
export const pinned: Check = {
  id: 'placement/pinned',
  title: 'The VM is not tied to a node by name',
  source: 'facts/kubevirt.md C1 (the rendered selector wins over addedNodeSelector), K (retargeting recipes)',
  needs: [],
  run(vm): Draft[] {
    const drafts = ownPin(vm);
    const written = vm.vm?.spec.template.spec?.nodeSelector?.[HOSTNAME];
    if (vm.running && vm.vm !== undefined && written !== vm.spec.nodeSelector?.[HOSTNAME] && vm.node !== undefined) {
      drafts.push(
        warning(vm, {
          message:
            written === undefined
              ? 'its VirtualMachine is not tied to a node by name any more, but the running instance still is'
              : `its VirtualMachine asks for node ${written}, but the running instance does not yet`,
          evidence: [
            at(vm.vm, `.spec.template.spec.nodeSelector["${HOSTNAME}"]`, written),
            atVm(vm, `.spec.nodeSelector["${HOSTNAME}"]`, vm.spec.nodeSelector?.[HOSTNAME]),
          ],
          remedy:
            'Wait a moment: KubeVirt copies node selectors to running VMs. If it stays so, a change that needs a restart (condition RestartRequired) holds it back.',
        }),
      );
    }
    return drafts;
  },
};

function ownPin(vm: Vm): Draft[] {
  const by = vm.spec.nodeSelector?.[HOSTNAME];
  if (by === undefined) return [];
  if (vm.node !== undefined && by !== vm.node) {
    return [
      warning(vm, {
        message: `it asks for node ${by} by name, and that is where it would migrate to`,
        evidence: atVm(vm, `.spec.nodeSelector["${HOSTNAME}"]`, by),
        remedy: `Nothing is needed if ${by} is where it should be; otherwise remove the node selector from the VM.`,
      }),
    ];
  }
  if (vm.node === undefined) return [];
  return [
    blocker(vm, {
      message: `it is tied to its node ${by} by name (nodeSelector ${HOSTNAME}): no other node will do`,
      summary: `it is tied to node ${by} by name`,
      evidence: atVm(vm, `.spec.nodeSelector["${HOSTNAME}"]`, by),
      remedy: `Remove the node selector from the VM; that needs no restart: kubectl patch vm ${vm.name} -n ${vm.namespace} --type=json -p '[{"op":"remove","path":"/spec/template/spec/nodeSelector/kubernetes.io~1hostname"}]'.`,
      allows: 'nothing',
    }),
  ];
}
