import type { VirtualMachineInstance } from '../../model/objects.ts';
import { byKey, type Cluster, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { handlerSource, handlerWorks } from './handler-pods.ts';

type VolumeStatus = NonNullable<NonNullable<VirtualMachineInstance['status']>['volumeStatus']>[number];

/** From which phases virt-handler mounts a volume into the launcher (KubeVirt 1.9 virt-handler/vm.go canUpdateToMounted). */
const MOUNTABLE = ['Bound', 'Pending', 'AttachedToNode'];
/** And from which it takes it out again (canUpdateToUnmounted). */
const UNMOUNTABLE = ['Ready', 'MountedToPod', 'AttachedToNode'];
/** virt-handler looks again every so often while a volume has no disk in the guest, ms; libvirt's part is short. */
const STEP: [number, number] = [300, 1500];

/** virt-handler's part of hot-plugging: mounts volumes that are attached to the node, gives them to the guest, and takes them away (updateHotplugVolumeStatus). */
export function hotplugGuest(cluster: Cluster): { advance(vmi: VirtualMachineInstance): void } {
  const { clock, events, virtApi } = cluster;
  const random = cluster.random.fork('hotplug');
  const busy = new Set<string>();

  function advance(vmi: VirtualMachineInstance): void {
    const uid = vmi.metadata.uid ?? '';
    if (busy.has(uid) || !(vmi.status?.volumeStatus ?? []).some((status) => next(vmi, status) !== undefined)) return;
    busy.add(uid);
    clock.after(random.between(...STEP), () => virtApi.whenWorks(() => step(vmi)));
  }

  function step(stale: VirtualMachineInstance): void {
    busy.delete(stale.metadata.uid ?? '');
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, keyOf(stale));
    const node = vmi?.status?.nodeName;
    const same = vmi?.metadata.uid === stale.metadata.uid && vmi?.metadata.deletionTimestamp === undefined;
    if (vmi === undefined || !same || vmi.status?.phase !== 'Running' || !handlerWorks(cluster, node)) return;
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const volumeStatus = (draft.status?.volumeStatus ?? []).map((status) => {
        const change = next(draft, status);
        if (change === undefined) return status;
        const { phase, reason = '', message = '' } = change;
        if (phase !== status.phase) events.normal(vmi, handlerSource(node), reason, message);
        return { ...status, ...change };
      });
      draft.status = { ...draft.status, volumeStatus };
    });
  }

  return { advance };
}

/** What a hot-plugged volume becomes next. */
function next(vmi: VirtualMachineInstance, status: VolumeStatus): Partial<VolumeStatus> | undefined {
  const { name, phase = '', hotplugVolume } = status;
  if (hotplugVolume === undefined) return undefined;
  const wanted = vmi.spec.volumes?.some((volume) => volume.name === name) === true;
  if (!wanted) {
    if (!UNMOUNTABLE.includes(phase)) return undefined;
    const message = `Volume ${name} has been unmounted from virt-launcher pod`;
    return { target: '', phase: 'UnMountedFromPod', reason: 'VolumeUnMountedFromPod', message };
  }
  if (MOUNTABLE.includes(phase) && hotplugVolume.attachPodUID !== undefined) {
    const message = `Volume ${name} has been mounted in virt-launcher pod`;
    return { phase: 'MountedToPod', reason: 'VolumeMountedToPod', message };
  }
  if (phase !== 'MountedToPod') return undefined;
  const message = `Successfully attach hotplugged volume ${name} to VM`;
  return { target: freeTarget(vmi), phase: 'Ready', reason: 'VolumeReady', message };
}

/** The next name of a SCSI disk. */
function freeTarget({ status }: VirtualMachineInstance): string {
  const taken = new Set((status?.volumeStatus ?? []).map(({ target }) => target));
  for (let letter = 97; letter < 123; letter++) {
    const name = `sd${String.fromCharCode(letter)}`;
    if (!taken.has(name)) return name;
  }
  return 'sdaa';
}
