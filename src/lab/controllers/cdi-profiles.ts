import type { KubeObject, StorageClass } from '../../model/objects.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { workqueue } from './workqueue.ts';

export type AccessMode = 'ReadWriteMany' | 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteOncePod';
export type VolumeMode = 'Block' | 'Filesystem';

export interface ClaimPropertySet {
  accessModes: AccessMode[];
  volumeMode: VolumeMode;
}

/** What CDI knows of a StorageClass: which claims it makes well. */
export interface StorageProfile extends KubeObject {
  spec: { claimPropertySets?: ClaimPropertySet[] };
  status: {
    claimPropertySets?: ClaimPropertySet[];
    cloneStrategy?: string;
    dataImportCronSourceFormat?: string;
    provisioner?: string;
    storageClass?: string;
  };
}

const RWX = 'ReadWriteMany';
const RWO = 'ReadWriteOnce';

function set(accessMode: AccessMode, volumeMode: VolumeMode): ClaimPropertySet {
  return { accessModes: [accessMode], volumeMode };
}

/** CDI 1.60 to 1.66, pkg/storagecapabilities: by provisioner, and by what tells its classes apart. The best comes first. */
const capabilities: Record<string, ClaimPropertySet[]> = {
  'csi.trident.netapp.io/ontap-nas': [set(RWX, 'Filesystem'), set(RWO, 'Filesystem')],
  'csi.trident.netapp.io/ontap-san': [set(RWX, 'Block')],
  'topolvm.io': [set(RWO, 'Block'), set(RWO, 'Filesystem')],
  'topolvm.cybozu.com': [set(RWO, 'Block'), set(RWO, 'Filesystem')],
  'ebs.csi.aws.com': [set(RWO, 'Block')],
  'nfs.csi.k8s.io': [set(RWX, 'Filesystem')],
  'openshift-storage.rbd.csi.ceph.com': [set(RWX, 'Block'), set(RWO, 'Block'), set(RWO, 'Filesystem')],
  'rbd.csi.ceph.com': [set(RWX, 'Block'), set(RWO, 'Block'), set(RWO, 'Filesystem')],
  'openshift-storage.cephfs.csi.ceph.com': [set(RWX, 'Filesystem'), set(RWO, 'Filesystem')],
  'csi.vsphere.vmware.com': [set(RWO, 'Block'), set(RWO, 'Filesystem')],
};

function capabilitiesOf({ provisioner, parameters }: StorageClass): ClaimPropertySet[] {
  if (provisioner !== 'csi.trident.netapp.io') return capabilities[provisioner] ?? [];
  const backend = parameters?.['backendType'] ?? '';
  const family = ['ontap-nas', 'ontap-san'].find((prefix) => backend.startsWith(prefix));
  return capabilities[`${provisioner}/${family ?? 'UNKNOWN'}`] ?? [];
}

/** The profile CDI makes of a class; `spec` is what an administrator has set, and wins. Without snapshot classes it clones by copying. */
export function profileOf(storage: StorageClass, spec: StorageProfile['spec'] = {}): StorageProfile {
  const sets = spec.claimPropertySets ?? capabilitiesOf(storage);
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'StorageProfile',
    metadata: {
      name: storage.metadata.name,
      labels: { app: 'containerized-data-importer', ...cdiLabels, 'cdi.kubevirt.io': '' },
      ...(storage.metadata.creationTimestamp === undefined
        ? {}
        : { creationTimestamp: storage.metadata.creationTimestamp }),
    },
    spec,
    status: {
      ...(sets.length === 0 ? {} : { claimPropertySets: sets }),
      cloneStrategy: 'copy',
      dataImportCronSourceFormat: 'pvc',
      provisioner: storage.provisioner,
      storageClass: storage.metadata.name,
    },
  };
}

/** Labels on what CDI makes, as its operator and HyperConverged hand them down. */
export const cdiLabels = {
  'app.kubernetes.io/component': 'storage',
  'app.kubernetes.io/managed-by': 'cdi-controller',
  'app.kubernetes.io/part-of': 'hyperconverged-cluster',
};

/** CDI's storage profile controller: a StorageProfile for each StorageClass. */
export function storageProfiles(cluster: Cluster): Controller {
  const { store } = cluster;
  const queue = workqueue(cluster, 'cdi-profiles', { from: 50, to: 200 }, (name) => {
    const storage = store.get<StorageClass>(resources.storageClasses, undefined, name);
    const profile = store.get<StorageProfile>(resources.storageProfiles, undefined, name);
    if (storage === undefined) {
      if (profile !== undefined) store.delete(resources.storageProfiles, undefined, name);
      return undefined;
    }
    if (profile === undefined) {
      const { creationTimestamp: _created, ...metadata } = profileOf(storage).metadata;
      store.create(resources.storageProfiles, { ...profileOf(storage), metadata });
      return undefined;
    }
    const { status } = profileOf(storage, profile.spec);
    if (JSON.stringify(status) === JSON.stringify(profile.status)) return undefined;
    modify<StorageProfile>(cluster, resources.storageProfiles, profile, (draft) => {
      draft.status = status;
    });
    return undefined;
  });
  return {
    start: () => {
      for (const { metadata } of store.values<StorageClass>(resources.storageClasses)) {
        if (store.get(resources.storageProfiles, undefined, metadata.name) === undefined) queue.add(metadata.name);
      }
      store.subscribe(({ resource, object }) => {
        if (resource === resources.storageClasses || resource === resources.storageProfiles) {
          queue.add(object.metadata.name);
        }
      });
    },
  };
}
