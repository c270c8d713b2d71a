import type { KubeObject, PersistentVolumeClaim, StorageClass } from '../../model/objects.ts';
import { bytesOf, formatQuantity, quantityOf } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { type ClaimPropertySet, cdiLabels, type StorageProfile, type VolumeMode } from './cdi-profiles.ts';
import { defaultClass, PVC_PROTECTION } from './pvc-binding.ts';

const MiB = 2 ** 20;
const VIRT_DEFAULT = 'storageclass.kubevirt.io/is-default-virt-class';

type ClaimSpec = NonNullable<PersistentVolumeClaim['spec']>;

/** Where a DataVolume's data comes from; exactly one is set. */
export interface DataVolumeSource {
  blank?: object;
  pvc?: { namespace?: string; name: string };
  http?: { url: string };
  s3?: { url: string };
  gcs?: { url: string };
  registry?: { url?: string; imageStream?: string };
  upload?: object;
  snapshot?: { namespace?: string; name: string };
  imageio?: { url: string };
  vddk?: { url?: string };
}

export interface DataVolumeCondition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastTransitionTime?: string;
  lastHeartbeatTime?: string;
}

export interface DataVolume extends KubeObject {
  spec: {
    source?: DataVolumeSource;
    pvc?: ClaimSpec;
    storage?: ClaimSpec;
    contentType?: string;
    preallocation?: boolean;
  };
  status?: {
    phase?: string;
    progress?: string;
    claimName?: string;
    restartCount?: number;
    conditions?: DataVolumeCondition[];
  };
}

/** CDI cannot make a claim of a DataVolume; `event`: what it says about it there, besides its log. */
export class InvalidClaim extends Error {
  readonly event: string | undefined;
  constructor(message: string, event?: string) {
    super(message);
    this.event = event;
  }
}

/** The claim's spec: `pvc` as it is, or `storage` with what the class's StorageProfile says is missing. Throws InvalidClaim (CDI 1.63, datavolume/util.go). */
function claimSpec(cluster: Pick<Cluster, 'store'>, volume: DataVolume): ClaimSpec {
  const { pvc, storage, source } = volume.spec;
  if (pvc !== undefined) return structuredClone(pvc);
  if (storage === undefined) throw new InvalidClaim('datavolume one of {pvc, storage} field is required');
  const spec = withProfile(cluster, structuredClone(storage));
  const requested = spec.resources?.requests?.['storage'];
  if (requested === undefined) {
    const from = source?.pvc;
    const copied =
      from === undefined
        ? undefined
        : cluster.store.get<PersistentVolumeClaim>(
            resources.claims,
            from.namespace ?? volume.metadata.namespace,
            from.name,
          );
    const size = copied?.status?.capacity?.['storage'];
    if (size === undefined) throw new InvalidClaim('PVC Spec is not valid - missing storage size');
    return { ...spec, resources: { ...spec.resources, requests: { ...spec.resources?.requests, storage: size } } };
  }
  const bytes = bytesOf(requested);
  if (bytes < MiB) throw new InvalidClaim('PVC Spec is not valid - storage size should be at least 1MiB');
  const size = spec.volumeMode === 'Block' ? bytes : withFilesystemOverhead(bytes);
  const storageSize = size === bytes ? requested : formatQuantity(quantityOf(size, 'DecimalSI'));
  return { ...spec, resources: { ...spec.resources, requests: { ...spec.resources?.requests, storage: storageSize } } };
}

/** Room for a disk image in a file system: CDI's default overhead (common.go DefaultGlobalOverhead), 6 % over whole MiB. */
function withFilesystemOverhead(bytes: number): number {
  return Math.ceil(Math.ceil(bytes / MiB) * MiB * 1.06);
}

function withProfile(cluster: Pick<Cluster, 'store'>, spec: ClaimSpec): ClaimSpec {
  const storage = classFor(cluster, spec.storageClassName);
  const modes = spec.accessModes ?? [];
  if (storage === undefined) {
    if (modes.length === 0) {
      const message = 'PVC spec is missing accessMode and no storageClass to choose profile';
      throw new InvalidClaim(message, message);
    }
    return spec;
  }
  const { name } = storage.metadata;
  const sets =
    cluster.store.get<StorageProfile>(resources.storageProfiles, undefined, name)?.status.claimPropertySets ?? [];
  const rendered: ClaimSpec = { ...spec, storageClassName: name };
  if (modes.length === 0) {
    const fitting = spec.volumeMode === undefined ? sets[0] : sets.find((set) => set.volumeMode === spec.volumeMode);
    if (fitting === undefined) {
      const missing = spec.volumeMode === undefined ? 'accessMode and volumeMode, cannot' : 'accessMode and cannot';
      throw new InvalidClaim(
        `no accessMode specified in StorageProfile ${name}`,
        `Spec is missing ${missing} get access mode from StorageProfile ${name}`,
      );
    }
    return { ...rendered, ...fitting };
  }
  if (spec.volumeMode !== undefined) return rendered;
  const volumeMode: VolumeMode | undefined = sets.find((set: ClaimPropertySet) =>
    set.accessModes.some((mode) => modes.includes(mode)),
  )?.volumeMode;
  return volumeMode === undefined ? rendered : { ...rendered, volumeMode };
}

/** The named class, else the default class for virtual machines, else the cluster's. */
export function classFor(cluster: Pick<Cluster, 'store'>, name: string | undefined): StorageClass | undefined {
  const { store } = cluster;
  if (name !== undefined) return store.get<StorageClass>(resources.storageClasses, undefined, name);
  const forVirt = store
    .list<StorageClass>(resources.storageClasses)
    .find(({ metadata }) => metadata.annotations?.[VIRT_DEFAULT] === 'true');
  return forVirt ?? defaultClass(cluster);
}

/** The kind of CDI's population source, which names its populator. */
function sourceKind(source: DataVolumeSource | undefined): { kind: string; prefix: string } {
  if (source?.pvc !== undefined || source?.snapshot !== undefined) {
    return { kind: 'VolumeCloneSource', prefix: 'volume-clone-source' };
  }
  if (source?.upload !== undefined) return { kind: 'VolumeUploadSource', prefix: 'volume-upload-source' };
  return { kind: 'VolumeImportSource', prefix: 'volume-import-source' };
}

/** The claim CDI creates for a DataVolume (CDI 1.63, newPersistentVolumeClaim and updatePVCForPopulation). */
export function claimOf(cluster: Pick<Cluster, 'store'>, volume: DataVolume): PersistentVolumeClaim {
  const spec = claimSpec(cluster, volume);
  const { name, namespace, uid = '', labels, annotations } = volume.metadata;
  const { kind, prefix } = sourceKind(volume.spec.source);
  const reference = { apiGroup: 'cdi.kubevirt.io', kind, name: `${prefix}-${uid}` };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        app: 'containerized-data-importer',
        ...cdiLabels,
        ...(spec.volumeMode === 'Block' ? {} : { 'alerts.k8s.io/KubePersistentVolumeFillingUp': 'disabled' }),
        ...labels,
      },
      annotations: {
        ...annotations,
        'cdi.kubevirt.io/createdForDataVolume': uid,
        'cdi.kubevirt.io/storage.contentType': volume.spec.contentType ?? 'kubevirt',
        'cdi.kubevirt.io/storage.pod.restarts': '0',
        'cdi.kubevirt.io/storage.preallocation.requested': String(volume.spec.preallocation ?? false),
        'cdi.kubevirt.io/storage.usePopulator': 'true',
      },
      finalizers: [PVC_PROTECTION],
      ownerReferences: [
        { apiVersion: volume.apiVersion, kind: 'DataVolume', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { ...spec, volumeMode: spec.volumeMode ?? 'Filesystem', dataSource: reference, dataSourceRef: reference },
    status: { phase: 'Pending' },
  };
}
