import type { VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, keyOf } from '../cluster.ts';
import { logTo } from './launcher-log.ts';
import { FORCED } from './libvirt-failure.ts';
import type { NoConnection } from './migration-connect.ts';
import type { Job } from './migration-job.ts';
import { volumesTooSmall } from './volume-migration.ts';

/** libvirt on the target starts a QEMU that waits, and asks it for what it needs, ms. */
const PREPARE = 900;

/** KubeVirt's own tests make migrations fail so; all versions (live-migration-source.go, shouldImmediatelyFailMigration). */
const FORCE = 'kubevirt.io/func-test-force-launcher-migration-failure';

/** failureReason of a VMI that KubeVirt's tests want to fail. */
export function forcedFailure(vmi: VirtualMachineInstance): string | undefined {
  return vmi.metadata.annotations?.[FORCE] === undefined ? undefined : FORCED;
}

/** Why libvirt and QEMU don't begin to copy though they are connected: the target can't be made ready. */
export function preparationProblem(cluster: Cluster, job: Job, vmi: VirtualMachineInstance): NoConnection | undefined {
  const small = volumesTooSmall(cluster, vmi);
  if (small !== undefined) return { afterMs: PREPARE, error: small, tell: () => undefined };
  const broken = cluster.broken.libvirtErrors.get(keyOf(vmi));
  if (broken === undefined) return undefined;
  const { error, atTarget } = broken;
  return {
    afterMs: PREPARE,
    error,
    tell: () => {
      const pod = cluster.targetPods.get(job.uid)[0];
      if (pod === undefined || atTarget === undefined) return;
      logTo(cluster, pod, 'virt-launcher', atTarget, 'error', { subcomponent: 'libvirt' });
    },
  };
}
