import type { VirtualMachine, VirtualMachineInstance, VmiSpec } from '../../model/objects.ts';
import { same } from '../api/fields/compare.ts';
import { byKey, type Cluster, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { featureGateEnabled, featureGateOpen } from './config.ts';
import { isHotplugged, type Volume } from './live-update-volumes.ts';

export type Request = NonNullable<NonNullable<VirtualMachine['status']>['volumeRequests']>[number];

/** HotplugVolumes: VMs and VMIs have the subresources, and volumes can be plugged in until the next start. */
export function plugsByRequest(cluster: Cluster): boolean {
  return featureGateEnabled(cluster, 'HotplugVolumes');
}

/** DeclarativeHotplugVolumes, alone: what the VM's template says is plugged in (v1.6; beta in v1.9; pkg/virt-controller/watch/vm, handleDeclarativeVolumeHotplug). */
export function plugsDeclared(cluster: Cluster): boolean {
  const gate = 'DeclarativeHotplugVolumes';
  const { minor } = cluster.version;
  if (minor < 6 || plugsByRequest(cluster)) return false;
  return featureGateEnabled(cluster, gate) || (minor >= 9 && featureGateOpen(cluster, gate));
}

/** The spec with a volume and its disk added, or without it (KubeVirt pkg/controller, ApplyVolumeRequestOnVMISpec); changes `spec`. */
export function applyRequest(spec: VmiSpec, { addVolumeOptions: add, removeVolumeOptions: remove }: Request): void {
  const { devices } = spec.domain;
  if (add !== undefined) {
    if ((spec.volumes ?? []).some(({ name }) => name === add.name)) return;
    const { persistentVolumeClaim, dataVolume } = add.volumeSource;
    const volume: Volume = { name: add.name };
    if (persistentVolumeClaim !== undefined) {
      volume.persistentVolumeClaim = { ...persistentVolumeClaim, hotpluggable: true };
    } else if (dataVolume !== undefined) volume.dataVolume = { ...dataVolume, hotpluggable: true };
    spec.volumes = [...(spec.volumes ?? []), volume];
    devices.disks = [...(devices.disks ?? []), { ...add.disk, name: add.name }];
  } else if (remove !== undefined) {
    spec.volumes = (spec.volumes ?? []).filter(({ name }) => name !== remove.name);
    devices.disks = (devices.disks ?? []).filter(({ name }) => name !== remove.name);
  }
}

/** virt-controller's VM controller: requested volumes come into the VM's template and its VMI, declared ones into its VMI. */
export function plugVolumes(cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): void {
  const requests = vm.status?.volumeRequests ?? [];
  const running = vmi?.metadata.deletionTimestamp === undefined ? vmi : undefined;
  if (requests.length > 0) {
    if (running !== undefined)
      changeVolumes(cluster, running, (spec) => requests.forEach((one) => applyRequest(spec, one)));
    modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
      const { spec } = draft.spec.template;
      if (spec !== undefined) for (const request of requests) applyRequest(spec, request);
      delete draft.status?.volumeRequests;
    });
  }
  if (running?.status?.phase === 'Running' && vm.spec.updateVolumesStrategy !== 'Migration' && plugsDeclared(cluster)) {
    declare(cluster, vm, running);
  }
}

/** KubeVirt 1.9 pkg/storage/hotplug patchHotplugVolumes. */
function declare(cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance): void {
  const { spec: template } = byKey<VirtualMachine>(cluster, resources.vms, keyOf(vm))?.spec.template ?? {};
  if (template === undefined) return;
  const wanted = new Map((template.volumes ?? []).map((volume) => [volume.name, volume]));
  const told = new Set((vmi.status?.volumeStatus ?? []).map(({ name }) => name));
  changeVolumes(cluster, vmi, (spec) => {
    const kept = (spec.volumes ?? []).filter((volume) => {
      const now = wanted.get(volume.name);
      return !isHotplugged(volume) || (now !== undefined && (!isHotplugged(now) || same(now, volume)));
    });
    const names = new Set((spec.volumes ?? []).map(({ name }) => name));
    const fresh = (template.volumes ?? []).filter(
      (volume) => isHotplugged(volume) && !names.has(volume.name) && !told.has(volume.name),
    );
    spec.volumes = [...kept, ...structuredClone(fresh)];
    const left = new Set(spec.volumes.map(({ name }) => name));
    const added = new Set(fresh.map(({ name }) => name));
    const disks = (spec.domain.devices.disks ?? []).filter(({ name }) => left.has(name) || !names.has(name));
    const more = (template.domain.devices.disks ?? []).filter(({ name }) => added.has(name));
    spec.domain.devices.disks = [...disks, ...structuredClone(more)];
  });
}

/** Changes the volumes and disks of a VMI, if that makes a difference. */
export function changeVolumes(cluster: Cluster, vmi: VirtualMachineInstance, change: (spec: VmiSpec) => void): void {
  const spec = structuredClone(vmi.spec);
  change(spec);
  const { disks } = spec.domain.devices;
  if (same(spec.volumes, vmi.spec.volumes) && same(disks, vmi.spec.domain.devices.disks)) return;
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    if (spec.volumes !== undefined) draft.spec.volumes = spec.volumes;
    if (disks !== undefined) draft.spec.domain.devices.disks = disks;
  });
}
