import type { KubeObject, VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import type { GuestMetrics, SnapshotList } from '../../model/snapshot.ts';
import { hotSetOf, WRITES_PER_SECOND } from '../../physics/measured.ts';
import { workloadAnnotations } from '../controllers/guest.ts';
import { guestMemoryOf } from '../controllers/launcher-resources.ts';

/** What a guest does, as the lab's annotations say it, from what virt-handler measured. */
function workloadOf(measured: GuestMetrics, guestBytes: number): Record<string, string> {
  const annotations: Record<string, string> = {};
  const { dirtyRate, residentBytes } = measured;
  if (residentBytes !== undefined) {
    annotations[workloadAnnotations.zero] = String(Math.max(0, Math.round(guestBytes - residentBytes)));
  }
  // Zero means less than 1 MiB/s, or not measured: the lab's default is as good.
  if (dirtyRate !== undefined && dirtyRate > 0) {
    const hot = hotSetOf(dirtyRate, guestBytes);
    annotations[workloadAnnotations.writes] = `${hot}@${Math.round(hot * WRITES_PER_SECOND)}`;
  }
  return annotations;
}

/** A VMI, or the template of its VM, that does what was measured. */
export function withWorkload(list: SnapshotList, object: KubeObject, measured: GuestMetrics): KubeObject {
  if (list === 'virtualMachineInstances') {
    const vmi = object as VirtualMachineInstance;
    const workload = workloadOf(measured, guestMemoryOf(vmi.spec));
    return { ...vmi, metadata: { ...vmi.metadata, annotations: { ...vmi.metadata.annotations, ...workload } } };
  }
  if (list !== 'virtualMachines') return object;
  const vm = object as VirtualMachine;
  const { template } = vm.spec;
  if (template.spec === undefined) return object;
  const metadata = template.metadata;
  const annotations = { ...metadata?.annotations, ...workloadOf(measured, guestMemoryOf(template.spec)) };
  return {
    ...vm,
    spec: { ...vm.spec, template: { ...template, metadata: { ...metadata, annotations } } },
  } as KubeObject;
}
