import type { VmiSpec } from '../../model/objects.ts';
import { same } from '../api/fields/compare.ts';

export type Volume = NonNullable<VmiSpec['volumes']>[number];

/** The claim behind a volume; a DataVolume's has its name. */
export function claimOfVolume(volume: Volume): string | undefined {
  return volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
}

export function isHotplugged(volume: Volume): boolean {
  return volume.persistentVolumeClaim?.hotpluggable === true || volume.dataVolume?.hotpluggable === true;
}

/** Whether a running guest can take up the new volumes: hot-plugged ones may come and go, claims change if they are migrated (vm.go validLiveUpdateVolumes). */
export function volumeChangesAreLive(before: VmiSpec, now: VmiSpec, migrates: boolean): boolean {
  const left = new Map((before.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const volume of now.volumes ?? []) {
    const old = left.get(volume.name);
    left.delete(volume.name);
    if (isHotplugged(volume)) continue;
    if (old === undefined) return false;
    if (migrates && claimOfVolume(volume) !== undefined) continue;
    if (!same(old, volume)) return false;
  }
  return [...left.values()].every(isHotplugged);
}

/** The same of the disks that show the volumes (vm.go validLiveUpdateDisks). */
export function diskChangesAreLive(before: VmiSpec, now: VmiSpec): boolean {
  const hotplugged = (spec: VmiSpec): Set<string> =>
    new Set((spec.volumes ?? []).filter(isHotplugged).map(({ name }) => name));
  const [old, fresh] = [hotplugged(before), hotplugged(now)];
  const left = new Map((before.domain.devices.disks ?? []).map((disk) => [disk.name, disk]));
  for (const disk of now.domain.devices.disks ?? []) {
    const was = left.get(disk.name);
    left.delete(disk.name);
    if (!fresh.has(disk.name) && (was === undefined || !same(was, disk))) return false;
  }
  return [...left.keys()].every((name) => old.has(name));
}
