import type { VirtualMachineInstance } from '../model/objects.ts';
import { bytesOf } from '../model/quantity.ts';
import { acceptableCompletionTime } from '../physics/completion-time.ts';

/**
 * Seconds of copying after which KubeVirt ends a migration: KubeVirt's acceptable completion time for guest memory
 * and for volumes that are migrated, too (facts/kubevirt.md D1). Undefined when KubeVirt has not said
 * which settings it uses, or there is no limit. Ephemeral disks, which only the launcher can measure, are not in it.
 */
export function completionDeadline(vmi: VirtualMachineInstance): number | undefined {
  const perUnit = vmi.status?.migrationState?.migrationConfiguration?.completionTimeoutPerGiB;
  if (perUnit === undefined || perUnit === 0) return undefined;
  const memory = vmi.spec.domain.memory?.guest ?? vmi.spec.domain.resources?.requests?.['memory'];
  if (memory === undefined) return undefined;
  const volumes = (vmi.status?.migratedVolumes ?? []).map(
    (volume) => volume.sourcePVCInfo?.capacity?.['storage'] ?? volume.sourcePVCInfo?.requests?.['storage'],
  );
  const bytes = [memory, ...volumes].reduce((sum, text) => sum + (text === undefined ? 0 : bytesOf(text)), 0);
  return acceptableCompletionTime(perUnit, bytes);
}
