import type { PersistentVolumeClaim, VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { bytesOf } from '../../model/quantity.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import type { DataVolume } from './cdi-claim.ts';
import { conditionOf, isTrue, put, without } from './conditions.ts';
import { virError } from './libvirt-failure.ts';
import { type Change, NotNow } from './live-update-outcome.ts';
import { claimOfVolume, isHotplugged } from './live-update-volumes.ts';

type Status = NonNullable<VirtualMachineInstance['status']>;
type MigratedVolume = NonNullable<Status['migratedVolumes']>[number];
type ClaimInfo = NonNullable<MigratedVolume['sourcePVCInfo']>;

const CHANGE = 'VolumesChange';
const CANCELLED = 'VolumesChangeCancellation';

/** A new volume that is not there (yet). */
class Missing extends Error {}

/** Volumes of the VM that point to another claim than the VMI's: the new claim, by the volume's name. */
function updated(vm: VirtualMachine, vmi: VirtualMachineInstance): Map<string, string> {
  const wanted = new Map((vm.spec.template.spec?.volumes ?? []).map((volume) => [volume.name, claimOfVolume(volume)]));
  const changes = new Map<string, string>();
  for (const volume of vmi.spec.volumes ?? []) {
    const claim = claimOfVolume(volume);
    const other = wanted.get(volume.name);
    if (claim !== undefined && other !== undefined && claim !== other) changes.set(volume.name, other);
  }
  return changes;
}

/**
 * updateVolumesStrategy: Migration (facts/kubevirt.md E; KubeVirt 1.4 to 1.9, pkg/virt-controller/watch/volume-migration):
 * the VMI's volumes become the VM's, and what has to be copied is noted for the migration that follows. Throws NotNow.
 */
export function updateVolumes(cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance): Change {
  if (cluster.version.minor < 4) return {};
  const changes = updated(vm, vmi);
  if (cancel(cluster, vm, vmi, changes)) return {};
  if (vm.spec.updateVolumesStrategy !== 'Migration' || changes.size === 0) return {};
  try {
    const refusal = refusalOf(cluster, vm, vmi, changes);
    if (refusal !== undefined) return { restartRequired: refusal };
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    setChange(cluster, vmi, {
      status: 'False',
      message: `One of the destination volumes doesn't exist: ${error.message}`,
    });
    return {};
  }
  const migrated = [...changes].map(([name, claim]): MigratedVolume => {
    const from = (vmi.spec.volumes ?? []).find((volume) => volume.name === name);
    return {
      volumeName: name,
      sourcePVCInfo: infoOf(cluster, vmi, (from && claimOfVolume(from)) ?? ''),
      destinationPVCInfo: infoOf(cluster, vmi, claim),
    };
  });
  const left = uncovered(vmi, migrated);
  if (left !== undefined) return { restartRequired: left };
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    draft.status = { ...draft.status, conditions: without(draft.status?.conditions, CHANGE) };
    if ((draft.status.migratedVolumes ?? []).length === 0) draft.status.migratedVolumes = migrated;
    adoptVolumes(draft, vm);
  });
  return { migratedVolumes: migrated };
}

/** A migration of volumes is called off by pointing them back; any other change has to wait for its end. */
function cancel(
  cluster: Cluster,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
  changes: Map<string, string>,
): boolean {
  const migrated = vmi.status?.migratedVolumes ?? [];
  const concerned = migrated.some(({ volumeName }) => changes.has(volumeName));
  if (!isTrue(vmi.status?.conditions, CHANGE) || !concerned) return false;
  const reverted =
    changes.size === migrated.length &&
    migrated.every(({ volumeName, sourcePVCInfo }) => changes.get(volumeName) === sourcePVCInfo?.claimName);
  if (!reverted) throw new NotNow('The volume can only be reverted to the previous version during the update');
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    adoptVolumes(draft, vm);
    const { migratedVolumes: _migrated, ...status } = draft.status ?? {};
    draft.status = status;
  });
  setChange(cluster, vmi, { status: 'False', reason: CANCELLED });
  return true;
}

/** The migrated volumes of the VMI become what the VM says; changes `draft`. */
function adoptVolumes(draft: VirtualMachineInstance, vm: VirtualMachine): void {
  const names = new Set((draft.status?.migratedVolumes ?? []).map(({ volumeName }) => volumeName));
  draft.spec.volumes = (draft.spec.volumes ?? []).map((volume) => {
    const wanted = vm.spec.template.spec?.volumes?.find(({ name }) => name === volume.name);
    return names.has(volume.name) && wanted !== undefined ? structuredClone(wanted) : volume;
  });
}

function setChange(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  change: { status: string; reason?: string; message?: string },
): void {
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    const condition = { type: CHANGE, ...change, lastProbeTime: null, lastTransitionTime: now(cluster) };
    draft.status = { ...draft.status, conditions: put(draft.status?.conditions, condition) };
  });
}

/** ValidateVolumes: why some of the changed volumes can't be migrated. Throws Missing. */
function refusalOf(
  cluster: Cluster,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
  changes: Map<string, string>,
): string | undefined {
  const invalid = { hotplugged: [], filesystems: [], shareable: [], luns: [], noCsi: [] } as Record<string, string[]>;
  const { disks = [], filesystems = [] } = vmi.spec.domain.devices;
  for (const volume of vm.spec.template.spec?.volumes ?? []) {
    if (!changes.has(volume.name)) continue;
    const disk = disks.find(({ name }) => name === volume.name);
    if (cluster.version.minor === 4 && isHotplugged(volume)) invalid['hotplugged']?.push(volume.name);
    else if (filesystems.some(({ name }) => name === volume.name)) invalid['filesystems']?.push(volume.name);
    else if (disk === undefined) continue;
    else if (disk.shareable === true) invalid['shareable']?.push(volume.name);
    else if (disk.lun !== undefined) invalid['luns']?.push(volume.name);
    else if (volume.dataVolume !== undefined && !isFillable(cluster, vm, volume.dataVolume.name)) {
      invalid['noCsi']?.push(volume.name);
    }
  }
  const named: Record<string, string> = { noCsi: "DV storage class isn't a CSI or not using volume populators" };
  const parts = Object.entries(invalid).flatMap(([what, names]) =>
    names.length === 0 ? [] : [` ${named[what] ?? what}: [${names.join(' ')}]`],
  );
  return parts.length === 0 ? undefined : `invalid volumes to update with migration:${parts.join('')}`;
}

/** Whether a DataVolume is filled, or filled by a populator, which stays away from a claim that is bound to a pod. */
function isFillable({ store }: Cluster, vm: VirtualMachine, name: string): boolean {
  const { namespace } = vm.metadata;
  const volume = store.get<DataVolume>(resources.dataVolumes, namespace, name);
  if (volume === undefined) throw new Missing(`the datavolume ${name} doesn't exist`);
  if (volume.status?.phase === 'Succeeded') return true;
  const claim = store.get<PersistentVolumeClaim>(resources.claims, namespace, name);
  if (claim === undefined) throw new Missing(`the pvc ${name} doesn't exist`);
  return claim.spec?.dataSourceRef !== undefined;
}

function infoOf({ store }: Cluster, vmi: VirtualMachineInstance, claimName: string): ClaimInfo {
  const claim = store.get<PersistentVolumeClaim>(resources.claims, vmi.metadata.namespace, claimName);
  const { accessModes, volumeMode, resources: asked } = claim?.spec ?? {};
  const capacity = claim?.status?.capacity;
  return {
    claimName,
    ...(accessModes === undefined ? {} : { accessModes }),
    ...(volumeMode === undefined ? {} : { volumeMode }),
    ...(asked?.requests === undefined ? {} : { requests: asked.requests }),
    ...(capacity === undefined ? {} : { capacity }),
  } as ClaimInfo;
}

/** ValidateVolumesUpdateMigration: why a VMI could not migrate even with these volumes copied. */
export function uncovered(vmi: VirtualMachineInstance, migrated: readonly MigratedVolume[]): string | undefined {
  if (migrated.length === 0) return undefined;
  const storage = conditionOf(vmi.status?.conditions, 'StorageLiveMigratable');
  if (storage?.status === 'False') {
    return `cannot migrate the volumes as the VMI isn't migratable: ${storage.message ?? ''}`;
  }
  const names = new Set(migrated.map(({ volumeName }) => volumeName));
  const left = (vmi.status?.volumeStatus ?? []).find(
    ({ name, persistentVolumeClaimInfo: info }) =>
      info?.accessModes?.includes('ReadWriteOnce') === true && !names.has(name),
  );
  return left === undefined
    ? undefined
    : `cannot migrate the VM. The volume ${left.name} is RWO and not included in the migration volumes`;
}

/** virt-controller's VMI controller: the volumes are to be migrated (storage.go requireVolumesUpdate); changes `draft`. */
export function markVolumesChange(cluster: Cluster, draft: VirtualMachineInstance): void {
  const migrated = draft.status?.migratedVolumes ?? [];
  if (migrated.length === 0 || conditionOf(draft.status?.conditions, CHANGE) !== undefined) return;
  const sources = new Set(migrated.map(({ sourcePVCInfo }) => sourcePVCInfo?.claimName));
  const moved = (draft.spec.volumes ?? []).some((volume) => {
    const claim = claimOfVolume(volume);
    return claim !== undefined && !sources.has(claim);
  });
  if (!moved) return;
  const condition = { type: CHANGE, status: 'True', message: 'migrate volumes' };
  draft.status = {
    ...draft.status,
    conditions: put(draft.status?.conditions, {
      ...condition,
      lastProbeTime: null,
      lastTransitionTime: now(cluster),
    }),
  };
}

/** virt-handler of the target, at the end: the guest lives on its new volumes; changes `draft`. */
export function completeVolumesChange(draft: VirtualMachineInstance): void {
  const { migratedVolumes: _migrated, ...status } = draft.status ?? {};
  draft.status = { ...status, conditions: without(status.conditions, CHANGE) };
}

/** status of a VM, as its volume migration goes: ended, called off, or broken by a stop, after which the volumes have to be pointed back by hand (vm.go syncVolumeMigration); changes `draft`. */
export function syncVolumeMigration(
  cluster: Cluster,
  draft: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  before: VirtualMachine['status'],
): void {
  const state = draft.status?.volumeUpdateState?.volumeMigrationState;
  if (state === undefined || draft.status === undefined) return;
  const sources = new Map((state.migratedVolumes ?? []).map((one) => [one.volumeName, one.sourcePVCInfo?.claimName]));
  const recovered = (draft.spec.template.spec?.volumes ?? []).every((volume) => {
    const source = sources.get(volume.name);
    return source === undefined || source === claimOfVolume(volume);
  });
  const change = conditionOf(vmi?.status?.conditions, CHANGE);
  const called = change?.status === 'False' && change.reason === CANCELLED;
  if (recovered || called || draft.spec.updateVolumesStrategy !== 'Migration') {
    delete draft.status.volumeUpdateState;
    draft.status.conditions = without(draft.status.conditions, 'ManualRecoveryRequired');
    return;
  }
  const ended = vmi === undefined || vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed';
  const broken = conditionOf(before?.conditions, CHANGE);
  if (!ended || broken?.status !== 'True') return;
  draft.status.conditions = put(put(draft.status.conditions, broken), {
    type: 'ManualRecoveryRequired',
    status: 'True',
    reason: 'VMI was removed or was final during the volume migration',
    lastProbeTime: null,
    lastTransitionTime: now(cluster),
  });
}

/** QEMU's words where it can't copy the volumes: one of the new ones is too small (facts/kubevirt.md D2). */
export function volumesTooSmall(cluster: Cluster, vmi: VirtualMachineInstance): string | undefined {
  for (const { sourcePVCInfo, destinationPVCInfo } of vmi.status?.migratedVolumes ?? []) {
    const from = sourcePVCInfo?.capacity?.['storage'];
    const info = destinationPVCInfo?.claimName;
    const claim = cluster.store.get<PersistentVolumeClaim>(resources.claims, vmi.metadata.namespace, info ?? '');
    const to = claim?.status?.capacity?.['storage'];
    if (from === undefined || to === undefined || bytesOf(to) >= bytesOf(from)) continue;
    return virError(
      1,
      10,
      `internal error: unable to execute QEMU command 'blockdev-add': The sum of offset (0) and size (${bytesOf(from)}) has to be smaller or equal to the actual size of the containing file (${bytesOf(to)})`,
    );
  }
  return undefined;
}
