import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { hasHotplugVolumes } from './attachment-pod.ts';
import { isTrue } from './conditions.ts';
import { isFinalMigration } from './migration-slots.ts';
import { isLauncherReady } from './pod-status.ts';
import { isFinalVmi } from './printable-status.ts';

/** One step of a VMIM's status. */
export interface Step {
  phase?:
    | 'WaitingForSync'
    | 'Synchronizing'
    | 'Pending'
    | 'Scheduling'
    | 'Scheduled'
    | 'PreparingTarget'
    | 'TargetReady'
    | 'Running'
    | 'Succeeded'
    | 'Failed';
  event?: { type: 'Normal' | 'Warning'; reason: string; message: string };
  /** Adds the condition migrationAbortRequested. */
  abortRequested?: boolean;
}

function failed(message: string): Step {
  return { phase: 'Failed', event: { type: 'Warning', reason: 'FailedMigration', message } };
}

/** No target pod is there yet (VirtualMachineInstanceMigration.TargetIsCreated). */
const BEFORE_TARGET = ['', 'WaitingForSync', 'Synchronizing', 'Pending'];

const HANDED_OFF = ['PreparingTarget', 'TargetReady', 'Running'];

/** What a VMIM's status becomes next, in updateStatus's order of decisions (facts/kubevirt.md C1, A6); undefined if it stays. */
export function nextStatus(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
  pod: Pod | undefined,
): Step | undefined {
  const phase = migration.status?.phase ?? '';
  const state = vmi?.status?.migrationState;
  const own = state?.migrationUid === migration.metadata.uid ? state : undefined;
  const canceled = migration.metadata.deletionTimestamp !== undefined;
  const handedOff = HANDED_OFF.includes(phase);

  if (vmi === undefined) return failed('Migration failed because vmi does not exist.');
  if (isFinalVmi(vmi)) return failed('Migration failed vmi shutdown during migration.');
  if (canceled && !handedOff && own === undefined)
    return { ...failed('Migration failed due to being canceled'), abortRequested: true };
  const hasFailed = own?.failed === true;
  const succeeded = own?.completed === true && !hasFailed;
  if (pod !== undefined && isFinishedPod(pod)) {
    return failed('Migration failed because target pod shutdown during migration');
  }
  if (!BEFORE_TARGET.includes(phase) && pod === undefined) {
    return failed('Migration target pod was removed during active migration.');
  }
  if (handedOff && state === undefined) {
    return failed("VMI's migration state was cleared during the active migration.");
  }
  if (handedOff && own === undefined) {
    return failed("VMI's migration state was taken over by another migration job during active migration.");
  }
  if (hasFailed) return failed('source node reported migration failed');
  if (canceled && !isTrue(migration.status?.conditions, 'migrationAbortRequested')) return { abortRequested: true };

  const attachment = pod && cluster.attachmentPods.get(pod.metadata.uid ?? '')[0];
  if (attachment !== undefined && isFinishedPod(attachment)) {
    return failed('Migration failed because target attachment pod shutdown during migration');
  }
  const attached = !hasHotplugVolumes(vmi) || (attachment !== undefined && isLauncherReady(attachment));

  switch (phase) {
    case '':
      return otherOwner(cluster, migration, vmi)
        ? failed('VMI is not eligible for migration because another migration job is in progress.')
        : { phase: firstPhase(migration) };
    case 'Pending':
      // Until v1.5 it only has to be there.
      return pod !== undefined && (attached || (cluster.version.minor < 6 && attachment !== undefined))
        ? { phase: 'Scheduling' }
        : undefined;
    case 'Scheduling':
      return pod !== undefined && isLauncherReady(pod) && attached ? { phase: 'Scheduled' } : undefined;
    case 'Scheduled':
      return own?.targetNode !== undefined ? { phase: 'PreparingTarget' } : undefined;
    case 'PreparingTarget':
      return state?.targetNode !== undefined && state.targetNodeAddress !== undefined
        ? { phase: 'TargetReady' }
        : undefined;
    case 'TargetReady':
      return state?.startTimestamp === undefined ? undefined : { phase: 'Running' };
    case 'Running':
      return succeeded && !awaitsMore(vmi)
        ? {
            phase: 'Succeeded',
            event: {
              type: 'Normal',
              reason: 'SuccessfulMigration',
              message: 'Source node reported migration succeeded',
            },
          }
        : undefined;
    default:
      return undefined;
  }
}

/**
 * Half of a decentralized migration waits for the other half first. The lab has no virt-synchronization-controller, which
 * would connect the two: they wait until they are given up.
 */
function firstPhase({ spec }: VirtualMachineInstanceMigration): 'WaitingForSync' | 'Synchronizing' | 'Pending' {
  if (spec.receive !== undefined) return 'WaitingForSync';
  return spec.sendTo === undefined ? 'Pending' : 'Synchronizing';
}

function awaitsMore(vmi: VirtualMachineInstance): boolean {
  const conditions = vmi.status?.conditions;
  return (
    (conditions ?? []).some(({ type }) => type === 'HotVCPUChange') ||
    isTrue(conditions, 'HotMemoryChange') ||
    isTrue(conditions, 'MigrationRequired')
  );
}

/** Another unfinished migration owns the VMI's migrationState. */
function otherOwner(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
): boolean {
  const owner = vmi.status?.migrationState?.migrationUid;
  if (owner === undefined || owner === migration.metadata.uid) return false;
  return cluster.migrationsOf
    .get(`${vmi.metadata.namespace ?? ''}/${vmi.metadata.name}`)
    .some((other) => other.metadata.uid === owner && !isFinalMigration(other));
}
