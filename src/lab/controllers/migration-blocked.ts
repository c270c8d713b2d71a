import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { abortBackup, backupUnderWay } from './backup-status.ts';
import { conditionOf, isTrue, put, without } from './conditions.ts';
import { migrationSettings } from './config.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';

const BY_BACKUP = 'migrationBlockedByBackup';
const BY_VOLUMES = 'migrationBlockedByUtilityVolumes';
/** On a migration: how long it waits for utility volumes, s. */
const TIMEOUT = 'kubevirt.io/migrationUtilityVolumesTimeoutSeconds';

/**
 * Pending: whether a backup or a utility volume keeps the migration from going on (v1.8 and later, handleVMBackup and
 * handleUtilityVolumes in pkg/virt-controller/watch/migration/migration.go): in how many ms to look again, `failed` if it
 * has waited too long, undefined if nothing is in its way. It says so in its conditions.
 */
export function blockedFor(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
  retryMs: number,
): number | 'failed' | undefined {
  const { utilityVolumesTimeout } = cluster.version.migrationDefaults;
  if (utilityVolumesTimeout === undefined) return undefined;
  const backup = backupUnderWay(vmi);
  if (backup !== undefined) {
    const critical = migration.spec.priority === 'system-critical';
    const message = critical
      ? `Aborting backup ${backup} for system-critical migration`
      : `Waiting for backup ${backup} to complete`;
    if (critical && conditionOf(migration.status?.conditions, BY_BACKUP) === undefined) {
      abortBackup(cluster, vmi);
      cluster.events.normal(migration, VIRT_CONTROLLER, 'BackupAbortedForMigration', message);
    }
    mark(cluster, migration, BY_BACKUP, 'BackupInProgress', message);
    return retryMs;
  }
  unmark(cluster, migration, BY_BACKUP);
  if (((vmi.spec as { utilityVolumes?: object[] }).utilityVolumes ?? []).length === 0) {
    unmark(cluster, migration, BY_VOLUMES);
    return undefined;
  }
  const own = Number(migration.metadata.annotations?.[TIMEOUT] ?? Number.NaN);
  const limit = Number.isNaN(own)
    ? ((migrationSettings(cluster) as { utilityVolumesTimeout?: number }).utilityVolumesTimeout ??
      utilityVolumesTimeout)
    : own;
  const waited = Math.floor((cluster.clock.now() - Date.parse(migration.metadata.creationTimestamp ?? '')) / 1000);
  const where = `[${vmi.metadata.namespace ?? ''}/${vmi.metadata.name}]`;
  if (waited >= limit) {
    const text = `Migration timeout waiting for utility volumes to detach from VMI ${where}. Utility volumes still present after ${waited} seconds.`;
    cluster.events.warning(migration, VIRT_CONTROLLER, 'FailedMigration', text);
    return 'failed';
  }
  const left = limit - waited;
  const text = `Migration waiting for utility volumes to detach from VMI ${where}. Will timeout in ${left} seconds.`;
  cluster.events.warning(migration, VIRT_CONTROLLER, 'UtilityVolumeMigrationPending', text);
  if (!isTrue(migration.status?.conditions, BY_VOLUMES)) {
    const message = `Migration is waiting for utility volumes to detach. Will timeout in ${left} seconds.`;
    mark(cluster, migration, BY_VOLUMES, 'UtilityVolumesPresent', message);
  }
  return left * 1000;
}

function mark(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  type: string,
  reason: string,
  message: string,
): void {
  if (conditionOf(migration.status?.conditions, type)?.message === message) return;
  modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
    const condition = { type, status: 'True', reason, message, lastProbeTime: now(cluster), lastTransitionTime: null };
    draft.status = { ...draft.status, conditions: put(draft.status?.conditions, condition) };
  });
}

function unmark(cluster: Cluster, migration: VirtualMachineInstanceMigration, type: string): void {
  if (conditionOf(migration.status?.conditions, type) === undefined) return;
  modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
    draft.status = { ...draft.status, conditions: without(draft.status?.conditions, type) };
  });
}
