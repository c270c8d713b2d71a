import type {
  PersistentVolumeClaim,
  StorageClass,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { type Cluster, modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { classFor } from './cdi-claim.ts';
import { profileOf } from './cdi-profiles.ts';
import { kubeVirtOf } from './config.ts';
import { PVC_PROTECTION } from './pvc-binding.ts';
import { exceededBy } from './quota.ts';

// The claim on which the state of a TPM or of UEFI outlives the VM (KubeVirt pkg/storage/backend-storage). Until v1.3 it
// is named for the VM; from v1.4 on its name is generated and a label says whose it is, so that a migration can have a
// second one for its target (facts/kubevirt.md C1, 8).

/** Prefix of its name, and from v1.4 on the label with the name of the VM. */
const STATE = 'persistent-state-for';
const MIGRATION_NAME = 'kubevirt.io/migrationName';
const SIZE = '10Mi';

function needsState({ spec }: VirtualMachineInstance): boolean {
  const { devices, firmware } = spec.domain;
  return devices.tpm?.persistent === true || firmware?.bootloader?.efi?.persistent === true;
}

function claimsIn(cluster: Pick<Cluster, 'store'>, namespace: string | undefined): PersistentVolumeClaim[] {
  return cluster.store
    .list<PersistentVolumeClaim>(resources.claims, namespace ?? '')
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The claim with the state of a VMI, also one that an older version has made. */
export function stateClaimOf(
  cluster: Pick<Cluster, 'store'>,
  vmi: VirtualMachineInstance,
): PersistentVolumeClaim | undefined {
  if (!needsState(vmi)) return undefined;
  const { name, namespace } = vmi.metadata;
  return (
    claimsIn(cluster, namespace).find(({ metadata }) => metadata.labels?.[STATE] === name) ??
    cluster.store.get<PersistentVolumeClaim>(resources.claims, namespace, `${STATE}-${name}`)
  );
}

/** Makes the claim of a VMI that needs one and has none; says why not. */
export function makeStateClaim(cluster: Cluster, vmi: VirtualMachineInstance): string | undefined {
  if (!needsState(vmi) || stateClaimOf(cluster, vmi) !== undefined) return undefined;
  const made = create(cluster, vmi, { [STATE]: vmi.metadata.name });
  return 'refused' in made ? made.refused : undefined;
}

/** What the target of a migration mounts: the same claim if nodes can share it, else one of its own. */
export function targetStateClaim(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  { metadata }: VirtualMachineInstanceMigration,
): { name?: string } | { refused: string } {
  const source = stateClaimOf(cluster, vmi);
  if (source === undefined) return {};
  if (source.spec?.accessModes?.includes('ReadWriteMany') === true) return { name: source.metadata.name };
  const made = ofMigration(cluster, vmi, metadata.name);
  if (made !== undefined) return { name: made.metadata.name };
  return create(cluster, vmi, { [MIGRATION_NAME]: metadata.name });
}

/** At the end of a migration one of the two claims goes: the source's if it has succeeded, else the target's. */
export function settleStateClaims(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  { metadata, status }: VirtualMachineInstanceMigration,
): void {
  if (!needsState(vmi)) return;
  const target = ofMigration(cluster, vmi, metadata.name);
  if (target === undefined) return;
  if (status?.phase !== 'Succeeded') {
    remove(cluster, resources.claims, target);
    return;
  }
  const source = stateClaimOf(cluster, vmi);
  modify<PersistentVolumeClaim>(cluster, resources.claims, target, (draft) => {
    const { [MIGRATION_NAME]: _, ...labels } = draft.metadata.labels ?? {};
    draft.metadata.labels = { ...labels, [STATE]: vmi.metadata.name };
  });
  if (source !== undefined && source.metadata.uid !== target.metadata.uid) remove(cluster, resources.claims, source);
}

function ofMigration(
  cluster: Cluster,
  { metadata }: VirtualMachineInstance,
  migration: string,
): PersistentVolumeClaim | undefined {
  return claimsIn(cluster, metadata.namespace).find(
    ({ metadata: { labels } }) => labels?.[MIGRATION_NAME] === migration,
  );
}

function create(
  cluster: Cluster,
  { metadata, kind, apiVersion }: VirtualMachineInstance,
  labels: Record<string, string>,
): { name: string } | { refused: string } {
  const { store, version } = cluster;
  const named = kubeVirtOf(cluster)?.spec?.configuration?.vmStateStorageClass;
  const storage = classFor(cluster, named === '' ? undefined : named);
  if (storage === undefined) return { refused: 'no default storage class found' };
  const generated = version.minor >= 4;
  const prefix = `${STATE}-${metadata.name}`;
  const random = cluster.random.fork(`backend-storage/${metadata.uid ?? ''}/${labels[MIGRATION_NAME] ?? ''}`);
  const owner = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
  const claim: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: generated ? store.generatedName(resources.claims, metadata.namespace, `${prefix}-`, random) : prefix,
      ...(generated && { generateName: `${prefix}-`, labels }),
      namespace: metadata.namespace ?? '',
      uid: random.uuid(),
      finalizers: [PVC_PROTECTION],
      ownerReferences: metadata.ownerReferences ?? [owner],
    },
    spec: {
      accessModes: [accessModeFor(storage, named !== undefined && named !== '')],
      resources: { requests: { storage: SIZE } },
      storageClassName: storage.metadata.name,
      volumeMode: 'Filesystem',
    },
    status: { phase: 'Pending' },
  };
  const refused = exceededBy(cluster, resources.claims, claim);
  if (refused !== undefined) return { refused };
  return { name: store.create<PersistentVolumeClaim>(resources.claims, claim).metadata.name };
}

/** What CDI knows of the class; where it knows nothing: a class that was named is taken for shared, the default class is not. */
function accessModeFor(storage: StorageClass, named: boolean): 'ReadWriteMany' | 'ReadWriteOnce' {
  const sets = (profileOf(storage).status.claimPropertySets ?? []).filter(
    ({ volumeMode }) => volumeMode === 'Filesystem',
  );
  if (sets.some(({ accessModes }) => accessModes.includes('ReadWriteMany'))) return 'ReadWriteMany';
  if (sets.some(({ accessModes }) => accessModes.includes('ReadWriteOnce'))) return 'ReadWriteOnce';
  return named ? 'ReadWriteMany' : 'ReadWriteOnce';
}
