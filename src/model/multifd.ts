import type { VirtualMachineInstance } from './objects.ts';
import { milliOf } from './quantity.ts';
import type { KubeVirtVersion } from './versions/index.ts';

/** Parallel connections of a VMI's migration: multifd, and what turns it off (facts/kubevirt.md D4). */
export function connectionsOf(
  { multifd: { threads, notWith, byAnnotation } }: KubeVirtVersion,
  vmi: Pick<VirtualMachineInstance, 'metadata' | 'spec'>,
  allowPostCopy: boolean,
): number {
  if (byAnnotation) {
    const asked = Number(vmi.metadata.annotations?.['kubevirt.io/multiThreadedQemuMigration']);
    return Number.isInteger(asked) && asked > 0 ? asked : threads;
  }
  const { domain } = vmi.spec;
  const limit = domain.resources?.limits?.['cpu'];
  const holds = {
    'cpu-limit': limit !== undefined && milliOf(limit) > 0,
    'post-copy': allowPostCopy,
    'dedicated-cpu': domain.cpu?.dedicatedCpuPlacement === true,
  };
  return notWith.some((reason) => holds[reason]) ? 1 : threads;
}
