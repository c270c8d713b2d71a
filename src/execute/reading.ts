import { isFinal } from '../model/migrations.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { stateOf } from './observed.ts';

/** What a migration and its VMI say together. Times in ms since the epoch. */
export type Reading =
  | { state: 'going'; phase: string; source?: string; target?: string; startedAt?: number }
  /** It has ended, but KubeVirt has not written the result yet. */
  | { state: 'settling' }
  | { state: 'succeeded'; from?: string; to?: string; startedAt?: number; endedAt?: number; mode?: string }
  | { state: 'failed'; reason?: string; cancelled: boolean };

/**
 * Reads how a migration stands. Its phase turns final before its own status.migrationState is complete, and the VMI
 * may be told before or after it (recordings/README, "VMIM, as virt-controller writes it"); so the result is taken
 * from whichever has it. `vanished`: the object is gone, `migration` is its last known state.
 */
export function readMigration(
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
  vanished: boolean,
): Reading {
  const onVmi = stateOf(migration, vmi);
  const onMigration = migration.status?.migrationState;
  const phase = migration.status?.phase ?? '';
  const state = onVmi ?? onMigration;
  if (!isFinal(migration) && !vanished) {
    const startedAt = time(state?.startTimestamp);
    return {
      state: 'going',
      phase,
      ...(state?.sourceNode !== undefined && { source: state.sourceNode }),
      ...(state?.targetNode !== undefined && { target: state.targetNode }),
      ...(startedAt !== undefined && { startedAt }),
    };
  }
  const result = [onVmi, onMigration].find((each) => each?.completed === true || each?.failed === true);
  const cancelled = wasCancelled(migration, result?.abortRequested === true);
  if (phase === 'Failed' || result?.failed === true) {
    // Before the hand-off nothing is written but events, so there is nothing to wait for.
    if (result === undefined && wasHandedOff(migration) && !vanished) return { state: 'settling' };
    const reason = result?.failureReason?.trim();
    return { state: 'failed', ...(reason !== undefined && reason !== '' && { reason }), cancelled };
  }
  if (phase === 'Succeeded' || result?.completed === true) {
    if (result === undefined) return { state: 'settling' };
    // The VMI must have been told, too: until then it may still name the source.
    if (vmi !== undefined && vmi.status?.nodeName !== result.targetNode) return { state: 'settling' };
    const startedAt = time(result.startTimestamp);
    const endedAt = time(result.endTimestamp);
    return {
      state: 'succeeded',
      ...(result.sourceNode !== undefined && { from: result.sourceNode }),
      ...(result.targetNode !== undefined && { to: result.targetNode }),
      ...(startedAt !== undefined && { startedAt }),
      ...(endedAt !== undefined && { endedAt }),
      ...(result.mode !== undefined && { mode: result.mode }),
    };
  }
  return { state: 'failed', cancelled };
}

/** Deleting an unfinished migration cancels it; its last phase then is Failed (recordings/README, "Cancel"). */
function wasCancelled(migration: VirtualMachineInstanceMigration, abortRequested: boolean): boolean {
  const conditions = (migration.status?.conditions ?? []) as { type: string; status: string }[];
  return (
    abortRequested ||
    migration.metadata.deletionTimestamp !== undefined ||
    conditions.some(({ type, status }) => type === 'migrationAbortRequested' && status === 'True')
  );
}

/** virt-controller has given it to the virt-handlers: from then on the VMI has its state. */
function wasHandedOff(migration: VirtualMachineInstanceMigration): boolean {
  const handedOff = new Set(['PreparingTarget', 'TargetReady', 'Running', 'Succeeded']);
  return (migration.status?.phaseTransitionTimestamps ?? []).some(({ phase }) => handedOff.has(phase ?? ''));
}

export function time(text: unknown): number | undefined {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
