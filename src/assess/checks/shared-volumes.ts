import type { Vm, Volume } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';

const remedy = 'Move it cold (a restart), or migrate the volume to a storage class that offers ReadWriteMany.';

/** A volume that only one node can mount at a time keeps the VM where it is. */
export const sharedVolumes: Check = {
  id: 'storage/shared-volumes',
  title: 'All volumes can be used on two nodes at once',
  source: 'mission: Storage Requirements; checklist 1; facts/kubevirt.md E',
  needs: ['claims'],
  run(vm, snapshot): Draft[] {
    return vm.volumes.flatMap((volume) => {
      if (volume.sharedHostDisk === false) {
        return blocker(vm, {
          message: `volume ${volume.name} is a file on the node's own disk (hostDisk that is not shared)`,
          evidence: atVm(
            vm,
            `.spec.volumes[name=${volume.name}].hostDisk.shared`,
            specOf(vm, volume.name)?.hostDisk?.shared,
          ),
          remedy: 'Copy the disk to a PersistentVolumeClaim with ReadWriteMany and use that.',
          allows: 'nothing',
        });
      }
      // KubeVirt asks only PVCs and DataVolumes; the backing of an ephemeral volume has to be mounted on the target too.
      const asked = ['persistentVolumeClaim', 'dataVolume', 'ephemeral'].includes(volume.source);
      if (!asked || volume.migrating) return [];
      const { claimName } = volume;
      if (volume.accessModes === undefined) {
        if (!snapshot.lists.claims.known) return [];
        return blocker(vm, {
          message: `volume ${volume.name} uses claim ${claimName}, which does not exist`,
          evidence: atVm(vm, `.spec.volumes[name=${volume.name}]`, specOf(vm, volume.name)),
          remedy: 'Create the claim or remove the volume; KubeVirt migrates no VM whose claims it cannot see.',
          allows: 'nothing',
        });
      }
      if (volume.accessModes.includes('ReadWriteMany')) return [];
      // What lies under an ephemeral volume is only read; KubeVirt does not ask about it.
      const readable = volume.accessModes.includes('ReadOnlyMany');
      if (readable && volume.source === 'ephemeral') return [];
      return blocker(vm, {
        message: readable
          ? `volume ${volume.name} uses claim ${claimName}, which several nodes can read but only one can write (${volume.accessModes.join(', ')}); KubeVirt asks for ReadWriteMany`
          : `volume ${volume.name} uses claim ${claimName}, which only one ${volume.accessModes.includes('ReadWriteOncePod') ? 'pod' : 'node'} can mount (${volume.accessModes.join(', ') || 'no access mode'})`,
        summary: readable
          ? `volume ${volume.name} is not ReadWriteMany`
          : `volume ${volume.name} can be mounted by one node only`,
        evidence: evidenceOf(vm, volume),
        remedy,
        allows: 'cold',
      });
    });
  },
};

function evidenceOf(vm: Vm, { name, claim, accessModes }: Volume) {
  return claim === undefined
    ? atVm(vm, `.status.volumeStatus[name=${name}].persistentVolumeClaimInfo.accessModes`, accessModes)
    : at(claim, '.spec.accessModes', accessModes);
}

function specOf({ spec }: Vm, name: string) {
  return spec.volumes?.find((volume) => volume.name === name);
}
