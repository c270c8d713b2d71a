import { keyOf } from './memo.ts';
import { storageOf } from './nodes.ts';
import type { PersistentVolumeClaim } from './objects.ts';
import type { Snapshot } from './snapshot.ts';
import type { Vm } from './vm.ts';

/** The claim with the state of a VM's TPM and UEFI. */
export interface StateClaim {
  name: string;
  /** Absent where claims could not be read. */
  claim?: PersistentVolumeClaim;
  accessModes: string[];
}

/**
 * The claim on which the state of a TPM or of UEFI outlives the VM, undefined where there is none. A running VM names it
 * among its volumes; its name is generated from KubeVirt 1.4 on (KubeVirt pkg/storage/backend-storage, CurrentPVCName;
 * facts/kubevirt.md C1, 8 and E).
 */
export function stateClaimOf({ spec, name, namespace, vmi }: Vm, snapshot: Snapshot): StateClaim | undefined {
  const { devices, firmware } = spec.domain;
  if (devices.tpm?.persistent !== true && firmware?.bootloader?.efi?.persistent !== true) return undefined;
  const prefix = `persistent-state-for-${name}`;
  const seen = vmi?.status?.volumeStatus?.find((volume) => volume.name.startsWith(prefix));
  const claimName = seen?.persistentVolumeClaimInfo?.claimName ?? seen?.name ?? prefix;
  const claim = storageOf(snapshot).claims.get(keyOf(namespace, claimName));
  const accessModes: string[] | undefined = claim?.spec?.accessModes ?? seen?.persistentVolumeClaimInfo?.accessModes;
  return accessModes && { name: claimName, ...(claim !== undefined && { claim }), accessModes };
}
