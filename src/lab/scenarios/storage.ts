import type { StorageKind } from './scenario.ts';

/** The storage kinds of the mission's table. */
export const nfs: StorageKind = {
  name: 'ontap-nas',
  provisioner: 'csi.trident.netapp.io',
  parameters: { backendType: 'ontap-nas', nasType: 'nfs' },
  accessModes: ['ReadWriteMany'],
  volumeMode: 'Filesystem',
  isDefault: true,
};

export const smb: StorageKind = {
  name: 'ontap-nas-smb',
  provisioner: 'csi.trident.netapp.io',
  parameters: { backendType: 'ontap-nas', nasType: 'smb' },
  accessModes: ['ReadWriteMany'],
  volumeMode: 'Filesystem',
};

export const iscsiBlock: StorageKind = {
  name: 'ontap-san',
  provisioner: 'csi.trident.netapp.io',
  parameters: { backendType: 'ontap-san', sanType: 'iscsi' },
  accessModes: ['ReadWriteMany'],
  volumeMode: 'Block',
};

/** A file system on iSCSI declared ReadWriteMany: KubeVirt takes the claim's word for it, the storage cannot keep it. */
export const iscsiFilesystem: StorageKind = {
  name: 'ontap-san-fs',
  provisioner: 'csi.trident.netapp.io',
  parameters: { backendType: 'ontap-san', sanType: 'iscsi', fsType: 'ext4' },
  accessModes: ['ReadWriteMany'],
  volumeMode: 'Filesystem',
};

export const local: StorageKind = {
  name: 'lvms-vg1',
  provisioner: 'topolvm.io',
  accessModes: ['ReadWriteOnce'],
  volumeMode: 'Block',
  local: true,
};

export const ebs: StorageKind = {
  name: 'gp3-csi',
  provisioner: 'ebs.csi.aws.com',
  parameters: { type: 'gp3', encrypted: 'true' },
  accessModes: ['ReadWriteOnce'],
  volumeMode: 'Filesystem',
};
