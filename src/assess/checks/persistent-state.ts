import { stateClaimOf } from '../../model/state-claim.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';
import { refuses } from '../refused.ts';

/** A TPM's or UEFI's persistent state is on a claim of its own; until v1.3 both nodes had to mount the same. */
export const persistentState: Check = {
  id: 'storage/persistent-state',
  title: 'The state of TPM and UEFI can follow the VM',
  source: 'facts/kubevirt.md A4 (Backend storage PVC is not RWX), C1 (target pod, 8), E (backend storage)',
  needs: ['claims'],
  run(vm, snapshot): Draft[] {
    const { devices, firmware } = vm.spec.domain;
    const tpm = devices.tpm?.persistent === true;
    const efi = firmware?.bootloader?.efi?.persistent === true;
    if ((!tpm && !efi) || !refuses('backend-storage', vm, snapshot)) return [];
    const state = stateClaimOf(vm, snapshot);
    if (state === undefined || state.accessModes.includes('ReadWriteMany')) return [];
    const { name, claim, accessModes: modes } = state;
    const what = tpm && efi ? 'TPM and UEFI' : tpm ? 'TPM' : 'UEFI';
    return [
      blocker(vm, {
        message: `the state of its ${what} is on claim ${name}, which only one node can mount (${modes.join(', ')}); this KubeVirt needs ReadWriteMany`,
        summary: `the state of its ${what} can be mounted by one node only`,
        evidence:
          claim === undefined
            ? atVm(vm, `.status.volumeStatus[name=${name}].persistentVolumeClaimInfo.accessModes`, modes)
            : at(claim, '.spec.accessModes', modes),
        remedy:
          'Move it cold (a restart). New VMs get a shared claim if vmStateStorageClass names a class that offers ReadWriteMany; from OpenShift Virtualization 4.18 on (KubeVirt 1.4) any class will do.',
        allows: 'cold',
      }),
    ];
  },
};
