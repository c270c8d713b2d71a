import type { KubeObject, PersistentVolumeClaim, StorageClass } from '../../model/objects.ts';
import { type Cluster, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import type { NodeSelector } from './selectors.ts';

export const PVC_PROTECTION = 'kubernetes.io/pvc-protection';

/** Set by kube-scheduler on a claim that waits for its first consumer: the node that consumer will run on. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export interface PersistentVolume extends KubeObject {
  spec: {
    accessModes: string[];
    capacity: { storage: string };
    claimRef?: { namespace?: string; name: string; uid?: string };
    nodeAffinity?: { required?: NodeSelector };
    persistentVolumeReclaimPolicy?: string;
    storageClassName?: string;
    volumeMode?: string;
    [source: string]: unknown;
  };
  status?: { phase?: string };
}

export function defaultClass(cluster: Pick<Cluster, 'store'>): StorageClass | undefined {
  return cluster.store
    .list<StorageClass>(resources.storageClasses)
    .find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
}

/** The class a claim names, or the default class if it names none. */
export function classOf(cluster: Pick<Cluster, 'store'>, claim: PersistentVolumeClaim): StorageClass | undefined {
  const name = claim.spec?.storageClassName;
  return name === undefined
    ? defaultClass(cluster)
    : cluster.store.get<StorageClass>(resources.storageClasses, undefined, name);
}

export function waitsForConsumer(storage: StorageClass | undefined): boolean {
  return storage?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Filled by one of CDI's populators, which binds it when its data is there; the storage's own provisioner keeps away. */
export function isPopulated(claim: PersistentVolumeClaim): boolean {
  return claim.spec?.dataSourceRef?.apiGroup === 'cdi.kubevirt.io';
}

export function isBound(claim: PersistentVolumeClaim): boolean {
  return claim.spec?.volumeName !== undefined;
}

/** The volume behind a claim as its CSI driver makes it; `node`: of storage that exists on one node only. */
export function volumeFor(
  claim: PersistentVolumeClaim,
  storage: { name: string; provisioner: string; reclaimPolicy?: string },
  name: string,
  node: string | undefined,
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { 'pv.kubernetes.io/provisioned-by': storage.provisioner },
      finalizers: ['external-provisioner.volume.kubernetes.io/finalizer', 'kubernetes.io/pv-protection'],
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '1Gi' },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        ...(claim.metadata.namespace === undefined ? {} : { namespace: claim.metadata.namespace }),
        name: claim.metadata.name,
        ...(claim.metadata.uid === undefined ? {} : { uid: claim.metadata.uid }),
      } as NonNullable<PersistentVolume['spec']['claimRef']>,
      csi: { driver: storage.provisioner, volumeHandle: name },
      ...(node === undefined ? {} : { nodeAffinity: { required: onlyOn(node) } }),
      persistentVolumeReclaimPolicy: storage.reclaimPolicy ?? 'Delete',
      storageClassName: storage.name,
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
    },
    status: { phase: 'Bound' },
  };
}

function onlyOn(node: string): NodeSelector {
  return {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
  };
}

/** Makes a claim's volume and binds the two. `node` is where its consumer runs, if the class waits for one. */
export function bind(
  cluster: Cluster,
  claim: PersistentVolumeClaim,
  storage: StorageClass,
  name: string,
  node: string | undefined,
): void {
  const { metadata, provisioner, reclaimPolicy } = storage;
  const volume = volumeFor(
    claim,
    { name: metadata.name, provisioner, ...(reclaimPolicy === undefined ? {} : { reclaimPolicy }) },
    name,
    waitsForConsumer(storage) ? node : undefined,
  );
  cluster.store.create(resources.volumes, volume);
  modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
    const { accessModes, capacity, volumeMode } = volume.spec;
    draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), PVC_PROTECTION])];
    draft.metadata.annotations = {
      ...draft.metadata.annotations,
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
      'volume.beta.kubernetes.io/storage-provisioner': provisioner,
      'volume.kubernetes.io/storage-provisioner': provisioner,
    };
    draft.spec = {
      ...draft.spec,
      storageClassName: metadata.name,
      ...(volumeMode === undefined ? {} : { volumeMode }),
      volumeName: name,
    };
    draft.status = { phase: 'Bound', accessModes, capacity };
  });
}
