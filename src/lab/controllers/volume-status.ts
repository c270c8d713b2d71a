import type { PersistentVolumeClaim, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { currentAttachment, hotplugVolumesOf } from './attachment-pod.ts';
import { stateClaimOf } from './backend-storage.ts';
import { claimsOf, VIRT_CONTROLLER } from './launcher-pod.ts';

export type VolumeStatus = NonNullable<NonNullable<VirtualMachineInstance['status']>['volumeStatus']>[number];

/** status.volumeStatus: every volume, claims with what the claim says of itself; and the claim with the state of TPM and UEFI. */
export function volumesOf(cluster: Pick<Cluster, 'store'>, vmi: VirtualMachineInstance): VolumeStatus[] {
  const claims = new Map(claimsOf(vmi).map(({ name, claimName }) => [name, claimName]));
  const before = new Map((vmi.status?.volumeStatus ?? []).map((status) => [status.name, status]));
  const own = (vmi.spec.volumes ?? []).map((volume) => {
    const claimName = claims.get(volume.name);
    const status: VolumeStatus = { name: volume.name, target: before.get(volume.name)?.target ?? '' };
    if (claimName === undefined) return status;
    const claim = cluster.store.get<PersistentVolumeClaim>(resources.claims, vmi.metadata.namespace, claimName);
    if (claim === undefined) return status;
    status.persistentVolumeClaimInfo = {
      claimName,
      accessModes: claim.spec?.accessModes ?? [],
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      capacity: (claim.status?.capacity ?? {}) as Record<string, never>,
      requests: (claim.spec?.resources?.requests ?? {}) as Record<string, never>,
      filesystemOverhead: '0.055',
    } as NonNullable<VolumeStatus['persistentVolumeClaimInfo']>;
    return status;
  });
  const state = stateClaimOf(cluster, vmi);
  if (state === undefined) return own;
  const { name: claimName } = state.metadata;
  const persistentVolumeClaimInfo = {
    claimName,
    accessModes: state.spec?.accessModes ?? [],
  } as NonNullable<VolumeStatus['persistentVolumeClaimInfo']>;
  return [...own, { name: claimName, target: '', persistentVolumeClaimInfo }];
}

/**
 * The same with how far each hot-plugged volume is, as virt-controller knows it: it has a pod that attaches it, or that pod is
 * still there though the volume is gone from the spec (KubeVirt 1.9 vmi/storage.go updateVolumeStatus).
 */
export function volumesWithHotplug(cluster: Cluster, vmi: VirtualMachineInstance, launcher: Pod): VolumeStatus[] {
  const plugged = hotplugVolumesOf(vmi, launcher);
  const before = new Map((vmi.status?.volumeStatus ?? []).map((status) => [status.name, status]));
  const pods = cluster.attachmentPods.get(launcher.metadata.uid ?? '');
  const names = new Set((vmi.spec.volumes ?? []).map(({ name }) => name));
  const left = [...before.values()].flatMap((status) => (names.has(status.name) ? [] : (leaving(status, pods) ?? [])));
  const all = volumesOf(cluster, vmi);
  if (plugged.length + left.length === 0) return all;
  const hotplugged = new Set(plugged.map(({ name }) => name));
  const attachment = currentAttachment(cluster, launcher, plugged);
  const claims = new Map(claimsOf(vmi).map(({ name, claimName }) => [name, claimName]));
  const now = all.map((status) => {
    if (!hotplugged.has(status.name)) return status;
    const current = { ...before.get(status.name), ...status };
    if (attachment !== undefined) return attached(cluster, vmi, current, attachment);
    if (current.phase === 'Ready') return current;
    return { ...current, hotplugVolume: {}, ...claimPhase(cluster, vmi, claims.get(status.name) ?? '') };
  });
  return [...now, ...left].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** storage.go processHotplugVolumeStatus, where a pod attaches the volume. */
function attached(cluster: Cluster, vmi: VirtualMachineInstance, status: VolumeStatus, pod: Pod): VolumeStatus {
  const { name, uid = '' } = pod.metadata;
  const ready = pod.status?.containerStatuses?.length === 1 && pod.status.containerStatuses[0]?.ready === true;
  const next: VolumeStatus = {
    ...status,
    hotplugVolume: { attachPodName: name, ...(ready ? { attachPodUID: uid } : {}) },
  };
  if (![undefined, '', 'Bound', 'Pending'].includes(status.phase)) return next;
  const message = `Created hotplug attachment pod ${name}, for volume ${status.name}`;
  cluster.events.normal(vmi, VIRT_CONTROLLER, 'SuccessfulCreate', message);
  return { ...next, phase: 'AttachedToNode', reason: 'SuccessfulCreate', message };
}

/** storage.go getVolumePhaseMessageReason. */
function claimPhase(
  { store }: Cluster,
  { metadata }: VirtualMachineInstance,
  name: string,
): Pick<VolumeStatus, 'phase' | 'reason' | 'message'> {
  const claim = store.get<PersistentVolumeClaim>(resources.claims, metadata.namespace, name);
  if (claim === undefined) return { phase: 'Pending', reason: 'FailedPvcNotFound', message: `PVC ${name} not found` };
  const bound = claim.status?.phase === 'Bound';
  const message = bound ? 'PVC is in phase Bound' : 'PVC is in phase ClaimPending';
  return { phase: bound ? 'Bound' : 'Pending', reason: 'PVCNotReady', message };
}

/** What is told of a volume that the spec does not have any more, until no pod has it. */
function leaving(status: VolumeStatus, pods: readonly Pod[]): VolumeStatus | undefined {
  const pod = pods.find(({ spec }) => spec?.volumes?.some(({ name }) => name === status.name));
  if (pod === undefined || status.hotplugVolume === undefined) return undefined;
  const phase = ['Ready', 'MountedToPod'].includes(status.phase ?? '') ? status.phase : 'Detaching';
  return {
    ...status,
    ...(phase === undefined ? {} : { phase }),
    hotplugVolume: { attachPodName: pod.metadata.name, attachPodUID: pod.metadata.uid ?? '' },
  };
}
