import { type Progress, readProgress } from '../cluster/progress.ts';
import type { VirtualMachineInstanceMigration } from '../model/objects.ts';
import { completionDeadline } from './deadline.ts';
import { uidOf } from './observed.ts';
import { outcomeOf } from './outcome.ts';
import { type Reading, readMigration, time } from './reading.ts';
import { finish, type Move, type Run, vmiOf, wait } from './run.ts';

/** Takes a migration for that of a move, and tells so. */
export function follow(
  run: Run,
  move: Move,
  migration: VirtualMachineInstanceMigration,
  type: 'created' | 'found',
): void {
  const uid = uidOf(migration);
  move.migration = migration;
  run.ours.set(uid, move.order);
  // The watch may have told more of it already.
  if (!run.observed.migrations.has(uid)) run.observed.migrations.set(uid, migration);
  const { vm, source, target } = move.order;
  run.emit({
    type,
    vm,
    migration: migration.metadata.name,
    source: vmiOf(run, move)?.status?.nodeName ?? source,
    ...(target !== undefined && { target: target.node }),
  });
}

/** What the watch tells of a migration that is followed. */
export function seeMigration(run: Run, migration: VirtualMachineInstanceMigration, deleted: boolean): void {
  for (const move of run.moves) {
    if (move.migration === undefined || move.migration.metadata.uid !== migration.metadata.uid) continue;
    move.migration = migration;
    move.vanished = deleted;
  }
}

function reading(run: Run, move: Move): Reading | undefined {
  return move.migration && readMigration(move.migration, vmiOf(run, move), move.vanished);
}

/** The reading of a move whose migration copies. */
function copying(run: Run, move: Move): Extract<Reading, { state: 'going' }> | undefined {
  const now = move.outcome === undefined ? reading(run, move) : undefined;
  return now?.state === 'going' && now.phase === 'Running' ? now : undefined;
}

/** Asks for the progress of a move that copies. What was known before the connection was lost is no progress. */
export function askProgress(run: Run, move: Move): void {
  const now = copying(run, move);
  if (now === undefined || move.asking || run.lostSince !== undefined) return;
  move.asking = true;
  const post = (progress: Progress | undefined): void => run.post({ from: 'progress', move, progress });
  const { namespace, name } = move.order.vm;
  const watched = { namespace, vmi: name, sourceNode: now.source ?? move.order.source };
  // Progress is a courtesy: whatever is in the way of it must not be in the way of the move.
  readProgress(run.client, run.plan.handlers, watched, { signal: run.signal }).then(post, () => post(undefined));
}

export function tellProgress(run: Run, move: Move, progress: Progress | undefined): void {
  move.asking = false;
  const now = copying(run, move);
  if (move.migration === undefined || now === undefined || run.lostSince !== undefined) return;
  const vmi = vmiOf(run, move);
  const deadline = vmi && completionDeadline(vmi);
  run.emit({
    type: 'progress',
    vm: move.order.vm,
    migration: move.migration.metadata.name,
    ...(now.source !== undefined && { source: now.source }),
    ...(now.target !== undefined && { target: now.target }),
    elapsed: secondsSince(run, now.startedAt),
    ...(deadline !== undefined && { deadline }),
    ...(progress !== undefined && { progress }),
  });
}

/** Tells what is new of a migration, and ends its move when it has ended. */
export async function advance(run: Run, move: Move): Promise<void> {
  const { migration, order } = move;
  const now = reading(run, move);
  if (migration === undefined || now === undefined || move.outcome !== undefined) return;
  if (now.state === 'going') return tellPhase(run, move, migration, now);
  move.settleUntil ??= performance.now() + run.timing.settle;
  if (now.state === 'settling' && performance.now() < move.settleUntil) {
    setTimeout(() => run.post({ from: 'clock' }), run.timing.settle).unref();
    return;
  }
  finish(run, move, await outcomeOf(run.client, order, migration, vmiOf(run, move), now));
}

function tellPhase(
  run: Run,
  move: Move,
  { metadata, status }: VirtualMachineInstanceMigration,
  { phase, source, target }: Extract<Reading, { state: 'going' }>,
): void {
  if (phase !== '' && phase !== move.phase) {
    move.phase = phase;
    run.emit({
      type: 'phase',
      vm: move.order.vm,
      migration: metadata.name,
      phase,
      ...(source !== undefined && { source }),
      ...(target !== undefined && { target }),
      elapsed: secondsSince(run, time(metadata.creationTimestamp)),
    });
  }
  const quota = status?.conditions?.find(
    (condition) => condition.type === 'migrationRejectedByResourceQuota' && condition.status === 'True',
  );
  if (quota !== undefined) wait(run, move, { for: 'quota', message: quota.message ?? 'exceeded quota' });
}

function secondsSince({ client }: Run, ms: number | undefined): number {
  return ms === undefined ? 0 : Math.max(0, (client.serverNow() - ms) / 1000);
}
