import { type Progress, readProgress } from '../cluster/progress.ts';
import { createMigration } from '../cluster/writer.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Pod, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { completionDeadline } from './deadline.ts';
import { decide, keyOf } from './decide.ts';
import type { Budgets, InterruptedEvent, MoveEvent, MoveOrder, MoveResult, Outcome, Waiting } from './events.ts';
import { mailbox } from './mailbox.ts';
import { migrationOf } from './migration-of.ts';
import { activeMigrations, type Observed } from './observed.ts';
import { outcomeOf } from './outcome.ts';
import { type Reading, readMigration, time } from './reading.ts';
import { refusalOf } from './start.ts';
import { type WatchMail, watchMoves } from './watch-moves.ts';

/** Moves to carry out, with what was known of the cluster when they were checked. */
export interface MovePlan {
  orders: MoveOrder[];
  budgets: Budgets;
  /** Where every VMI was, by `namespace/name`. */
  lastNode: ReadonlyMap<string, string>;
  /** Node names by their kubernetes.io/hostname label. */
  hostnames: ReadonlyMap<string, string>;
  /** Which kinds may be listed in the whole cluster. */
  everywhere: { migrations: boolean; vmis: boolean };
  /** The virt-handler pods, which measure progress. */
  handlers: Pod[];
}

export interface MoveOptions {
  /** Value of the label ferry.run/run. */
  runId: string;
  /** Ms after which Ferry stops following; 0: never. */
  timeout: number;
  /** Detaches: nothing is cancelled. */
  signal: AbortSignal;
  emit(event: MoveEvent | InterruptedEvent): void;
  /** Ms. For tests. */
  timing?: Partial<typeof usualTiming>;
}

const usualTiming = {
  /** How long a final migration may lack its result, which recordings/README saw up to 640 ms late. */
  settle: 15_000,
  progress: 2000,
  retry: 2000,
};

type Mail =
  | WatchMail
  | { from: 'progress'; move: Move; progress: Progress | undefined }
  | { from: 'clock' | 'detach' | 'timeout' };

interface Move {
  order: MoveOrder;
  migration?: VirtualMachineInstanceMigration;
  vanished: boolean;
  phase?: string;
  waiting?: string;
  /** Of creation. */
  attempts: number;
  notBefore: number;
  settleUntil?: number;
  asking: boolean;
  outcome?: Outcome;
}

/**
 * Carries out live moves: creates each migration when the budgets allow it, and follows them by one watch on
 * migrations and one on VMIs until all have ended, the time is up, or the signal detaches. Returns one result a move,
 * in their order. Throws KubeError when the cluster may not be watched, or no migration may be created at all.
 */
export async function runMoves(client: KubeClient, plan: MovePlan, options: MoveOptions): Promise<MoveResult[]> {
  const timing = { ...usualTiming, ...options.timing };
  const mail = mailbox<Mail>();
  const watches = new AbortController();
  const observed: Observed = { vmis: new Map(), migrations: new Map() };
  const moves = plan.orders.map(
    (order): Move => ({ order, vanished: false, attempts: 0, notBefore: 0, asking: false }),
  );
  const ours = new Map<string, MoveOrder>();

  const timers = [setInterval(() => mail.push({ from: 'clock' }), timing.progress)];
  if (options.timeout > 0) timers.push(setTimeout(() => mail.push({ from: 'timeout' }), options.timeout));
  const detach = (): void => mail.push({ from: 'detach' });
  options.signal.addEventListener('abort', detach, { once: true });
  if (options.signal.aborted) detach();

  const sources = watchMoves(client, plan, watches.signal, (item) => mail.push(item));

  const finish = (move: Move, outcome: Outcome): void => {
    move.outcome = outcome;
    options.emit({ type: 'done', vm: move.order.vm, outcome });
  };

  const finishAll = (result: 'detached' | 'timed out'): void => {
    for (const move of moves) {
      if (move.outcome !== undefined) continue;
      const migration = move.migration?.metadata.name;
      finish(move, { result, ...(migration !== undefined && { migration }) });
    }
  };

  const wait = (move: Move, waiting: Waiting): void => {
    // How many run changes often; that one waits, and for what, is news only once.
    const said = `${waiting.for} ${'node' in waiting ? waiting.node : ''}`;
    if (move.waiting === said) return;
    move.waiting = said;
    options.emit({ type: 'waiting', vm: move.order.vm, waiting });
  };

  const follow = (move: Move, migration: VirtualMachineInstanceMigration, type: 'created' | 'found'): void => {
    move.migration = migration;
    const { order } = move;
    if (migration.metadata.uid !== undefined) {
      ours.set(migration.metadata.uid, order);
      // The watch may have told more of it already.
      if (!observed.migrations.has(migration.metadata.uid)) observed.migrations.set(migration.metadata.uid, migration);
    }
    const source = observed.vmis.get(keyOf(order))?.status?.nodeName ?? order.source;
    options.emit({
      type,
      vm: order.vm,
      migration: migration.metadata.name,
      source,
      ...(order.target !== undefined && { target: order.target.node }),
    });
  };

  const receive = (item: Mail): void => {
    switch (item.from) {
      case 'broken':
        throw item.error;
      case 'timeout':
        return finishAll('timed out');
      case 'detach':
        return finishAll('detached');
      case 'progress':
        item.move.asking = false;
        return tellProgress(item.move, item.progress);
      case 'clock':
        for (const move of moves) askProgress(move);
        return;
      case 'watch':
        if (item.event.type === 'interrupted') options.emit({ type: 'interrupted', message: item.event.error.message });
        else sources.see(item, observed, seeMigration);
    }
  };

  const seeMigration = (migration: VirtualMachineInstanceMigration, deleted: boolean): void => {
    for (const move of moves) {
      if (move.migration === undefined || move.migration.metadata.uid !== migration.metadata.uid) continue;
      move.migration = migration;
      move.vanished = deleted;
    }
  };

  const reading = (move: Move): Reading | undefined =>
    move.migration && readMigration(move.migration, observed.vmis.get(keyOf(move.order)), move.vanished);

  const askProgress = (move: Move): void => {
    const now = reading(move);
    if (move.outcome !== undefined || now?.state !== 'going' || now.phase !== 'Running' || move.asking) return;
    move.asking = true;
    const post = (progress: Progress | undefined): void => mail.push({ from: 'progress', move, progress });
    const { namespace, name } = move.order.vm;
    const watched = { namespace, vmi: name, sourceNode: now.source ?? move.order.source };
    // Progress is a courtesy: whatever is in the way of it must not be in the way of the move.
    readProgress(client, plan.handlers, watched, { signal: watches.signal }).then(post, () => post(undefined));
  };

  const tellProgress = (move: Move, progress: Progress | undefined): void => {
    const now = reading(move);
    if (move.outcome !== undefined || move.migration === undefined || now?.state !== 'going' || now.phase !== 'Running')
      return;
    const vmi = observed.vmis.get(keyOf(move.order));
    const deadline = vmi && completionDeadline(vmi);
    options.emit({
      type: 'progress',
      vm: move.order.vm,
      migration: move.migration.metadata.name,
      ...(now.source !== undefined && { source: now.source }),
      ...(now.target !== undefined && { target: now.target }),
      elapsed: now.startedAt === undefined ? 0 : Math.max(0, (client.serverNow() - now.startedAt) / 1000),
      ...(deadline !== undefined && { deadline }),
      ...(progress !== undefined && { progress }),
    });
  };

  /** Tells what is new of a migration, and ends its move when it has ended. */
  const advance = async (move: Move): Promise<void> => {
    const { migration, order } = move;
    const now = reading(move);
    if (migration === undefined || now === undefined || move.outcome !== undefined) return;
    if (now.state === 'going') {
      if (now.phase !== '' && now.phase !== move.phase) {
        move.phase = now.phase;
        const created = time(migration.metadata.creationTimestamp);
        options.emit({
          type: 'phase',
          vm: order.vm,
          migration: migration.metadata.name,
          phase: now.phase,
          ...(now.source !== undefined && { source: now.source }),
          ...(now.target !== undefined && { target: now.target }),
          elapsed: created === undefined ? 0 : Math.max(0, (client.serverNow() - created) / 1000),
        });
      }
      const quota = (migration.status?.conditions ?? []).find(
        (condition) => condition.type === 'migrationRejectedByResourceQuota' && condition.status === 'True',
      );
      if (quota !== undefined) wait(move, { for: 'quota', message: quota.message ?? 'exceeded quota' });
      return;
    }
    move.settleUntil ??= performance.now() + timing.settle;
    if (now.state === 'settling' && performance.now() < move.settleUntil) {
      setTimeout(() => mail.push({ from: 'clock' }), timing.settle).unref();
      return;
    }
    finish(move, await outcomeOf(client, order, migration, observed.vmis.get(keyOf(order)), now));
  };

  /** Decides about the moves that have not started, until nothing more can be started now. */
  const startWhatMay = async (): Promise<void> => {
    for (;;) {
      const open = moves.filter((move) => move.outcome === undefined && move.migration === undefined);
      const ready = open.filter((move) => move.notBefore <= performance.now());
      if (ready.length === 0) return;
      const active = activeMigrations(observed, { lastNode: plan.lastNode, orders: ours, hostnames: plan.hostnames });
      const decisions = decide(
        ready.map(({ order }) => order),
        observed,
        active,
        plan.budgets,
      );
      let started = false;
      for (const [index, decision] of decisions.entries()) {
        const move = ready[index] as Move;
        if (decision.do === 'finish') finish(move, decision.outcome);
        else if (decision.do === 'wait') wait(move, decision.waiting);
        else if (decision.do === 'follow') follow(move, decision.active.object, 'found');
        else if (!started) started = await start(move, decision.name);
      }
      if (!started) return;
      // What came meanwhile may have used a slot up.
      return mail.push({ from: 'clock' });
    }
  };

  const start = async (move: Move, name: string): Promise<boolean> => {
    move.attempts++;
    try {
      const { migration, created } = await createMigration(client, migrationOf(move.order, name, options.runId));
      follow(move, migration, created ? 'created' : 'found');
    } catch (error) {
      const refusal = refusalOf(error, move.attempts, observed.vmis.get(keyOf(move.order))?.status?.nodeName);
      if (refusal.kind === 'not allowed') {
        if (moves.every(({ migration }) => migration === undefined)) throw error;
        finish(move, { result: 'failed', reason: (error as Error).message, node: move.order.source, running: true });
      } else if (refusal.kind === 'never') {
        finish(move, refusal.outcome);
      } else {
        move.notBefore = performance.now() + timing.retry;
        setTimeout(() => mail.push({ from: 'clock' }), timing.retry).unref();
        wait(move, refusal.waiting);
      }
    }
    return true;
  };

  try {
    while (moves.some(({ outcome }) => outcome === undefined)) {
      for (const item of await mail.take()) receive(item);
      if (!sources.synced()) continue;
      for (const move of moves) await advance(move);
      await startWhatMay();
    }
  } finally {
    watches.abort();
    timers.forEach(clearTimeout);
    options.signal.removeEventListener('abort', detach);
  }
  return moves.map(({ order, outcome }) => ({ vm: order.vm, outcome: outcome as Outcome }));
}
