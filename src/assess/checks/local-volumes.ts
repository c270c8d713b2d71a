import type { Volume } from '../../model/vm.ts';
import { at, blocker, type Check, type Draft, warning } from '../check.ts';

/** Provisioners whose volumes live on one node's disks; each project's documentation says so. */
const localProvisioners = [
  /^kubernetes\.io\/no-provisioner$/,
  /^topolvm\.(io|cybozu\.com)$/, // LVM Storage of OpenShift (LVMS) is TopoLVM
  /^kubevirt(\.io)?[./]hostpath-provisioner$/,
  /^kubevirt\.io\.hostpath-provisioner$/,
  /hostpath/,
  /^rancher\.io\/local-path$/,
  /^(openebs\.io\/local|(local|zfs)\.csi\.openebs\.io)$/,
  /^directpv-min-io$/,
];

/** Whether a volume is of a storage class whose volumes can't leave their node. */
export function isLocal({ storageClass }: Pick<Volume, 'storageClass'>): boolean {
  const provisioner = storageClass?.provisioner;
  return provisioner !== undefined && localProvisioners.some((pattern) => pattern.test(provisioner));
}

/** A volume on a node's own disk keeps the VM there, running or not. */
export const localVolumes: Check = {
  id: 'storage/local-volumes',
  title: "No volume lives on a node's own disk",
  source: 'mission: Supported Storage Types (local storage); facts/kubevirt.md E, F2 (PV nodeAffinity)',
  needs: ['claims', 'storageClasses'],
  run(vm): Draft[] {
    return vm.volumes.filter(isLocal).map((volume) => {
      const { name, claimName, storageClass, accessModes = [] } = volume;
      const evidence = [
        ...(volume.claim === undefined ? [] : [at(volume.claim, '.spec.storageClassName', volume.storageClassName)]),
        ...(storageClass === undefined ? [] : [at(storageClass, '.provisioner', storageClass.provisioner)]),
      ];
      const message = `volume ${name} (claim ${claimName}) is of class ${volume.storageClassName}, whose volumes stay on one node (${storageClass?.provisioner})`;
      if (accessModes.includes('ReadWriteMany')) {
        return warning(vm, {
          message: `${message}, though the claim is ReadWriteMany`,
          evidence,
          remedy: 'Make sure that the volume really can be mounted on other nodes before moving the VM.',
        });
      }
      return blocker(vm, {
        message,
        summary: `volume ${name} stays on one node (class ${volume.storageClassName})`,
        evidence,
        remedy:
          'Copy the volume to shared storage (a volume migration or a clone); until then the VM can run on this node only.',
        allows: 'nothing',
      });
    });
  },
};
