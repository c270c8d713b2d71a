import type { Volume } from '../../model/vm.ts';
import { at, blocker, type Check, type Draft } from '../check.ts';

/** A shared file system on a block device that two nodes mount at once does not survive; such devices must be raw. */
export const rawBlock: Check = {
  id: 'storage/raw-block',
  title: 'Shared block storage is used as raw block',
  source: 'mission: Supported Storage Types (iSCSI/FC: RWX raw block mode only)',
  needs: ['claims', 'storageClasses'],
  run(vm): Draft[] {
    return vm.volumes.flatMap((volume) => {
      const { name, claim, claimName, storageClass, volumeMode = 'Filesystem' } = volume;
      if (claim === undefined || storageClass === undefined || volumeMode === 'Block') return [];
      if (volume.accessModes?.includes('ReadWriteMany') !== true || !isBlockStorage(volume)) return [];
      return blocker(vm, {
        message: `volume ${name} (claim ${claimName}) puts a file system that several nodes mount on block storage of class ${storageClass.metadata.name}, which can be shared as raw block only`,
        summary: `volume ${name} is a shared file system on block storage`,
        evidence: [
          at(claim, '.spec.volumeMode', claim.spec?.volumeMode),
          at(storageClass, '.provisioner', storageClass.provisioner),
          ...backend(volume).map((value) => at(storageClass, '.parameters.backendType', value)),
        ],
        remedy: 'Move it cold (a restart), or migrate the volume to a claim with volumeMode: Block.',
        allows: 'cold',
      });
    });
  },
};

function backend({ storageClass }: Pick<Volume, 'storageClass'>): string[] {
  const value = storageClass?.parameters?.['backendType'];
  return value === undefined ? [] : [value];
}

// Trident names its SAN drivers in backendType (ontap-san, ontap-san-economy, solidfire-san).
/** Whether a class hands out block devices, which nodes can share as raw block only. */
export function isBlockStorage(volume: Pick<Volume, 'storageClass'>): boolean {
  const provisioner = volume.storageClass?.provisioner ?? '';
  return backend(volume).some((type) => /(^|-)san(-|$)/.test(type)) || /iscsi|fibre|\brbd\b|\bebs\b/i.test(provisioner);
}
