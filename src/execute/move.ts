import type { KubeClient } from '../kube/types.ts';
import type { MoveResult, Outcome } from './events.ts';
import { advance, askProgress, seeMigration, tellProgress } from './follow.ts';
import { linkLost, linkTold } from './link.ts';
import { mailbox } from './mailbox.ts';
import { uidOf } from './observed.ts';
import { finishAll, type Mail, type Move, type MoveOptions, type MovePlan, type Run, type Timing } from './run.ts';
import { startWhatMay } from './start.ts';
import { type MoveWatches, watchMoves } from './watch-moves.ts';

const usualTiming: Timing = {
  // recordings/README saw results up to 640 ms late.
  settle: 15_000,
  progress: 2000,
  retry: 2000,
  // A single-node cluster's API server is away for some minutes when its static pod is replaced.
  lost: 300_000,
};

/**
 * Carries out live moves: creates each migration when the budgets allow it, and follows them by one watch on
 * migrations and one on VMIs until all have ended, the time is up, the cluster is out of reach for too long, or the
 * signal detaches. Returns one result a move, in their order. Throws KubeError when the cluster may not be watched, or
 * no migration may be created at all.
 */
export async function runMoves(client: KubeClient, plan: MovePlan, options: MoveOptions): Promise<MoveResult[]> {
  const mail = mailbox<Mail>();
  const end = new AbortController();
  const run: Run = {
    client,
    plan,
    runId: options.runId,
    timing: { ...usualTiming, ...options.timing },
    moves: plan.orders.map((order) => ({ order, migration: order.migration, ...untouched })),
    observed: { vmis: new Map(), migrations: new Map() },
    ours: new Map(plan.orders.flatMap((order) => (order.migration ? [[uidOf(order.migration), order]] : []))),
    signal: end.signal,
    emit: (event) => options.emit(event),
    post: (item) => mail.push(item),
  };

  const timers = [setInterval(() => mail.push({ from: 'clock' }), run.timing.progress)];
  if (options.timeout > 0) timers.push(setTimeout(() => mail.push({ from: 'timeout' }), options.timeout));
  const detach = (): void => mail.push({ from: 'detach' });
  options.signal.addEventListener('abort', detach, { once: true });
  if (options.signal.aborted) detach();
  const watches = watchMoves(client, plan, end.signal, run.post);

  try {
    while (run.moves.some(isOpen)) {
      for (const item of await mail.take()) receive(run, watches, item);
      if (!watches.synced()) continue;
      for (const move of run.moves) await advance(run, move);
      await startWhatMay(run);
    }
  } finally {
    end.abort();
    timers.forEach(clearTimeout);
    options.signal.removeEventListener('abort', detach);
  }
  return run.moves.map(({ order, outcome }) => ({ vm: order.vm, outcome: outcome as Outcome }));
}

const untouched = { vanished: false, contested: false, attempts: 0, notBefore: 0, asking: false };

function isOpen({ outcome }: Move): boolean {
  return outcome === undefined;
}

function receive(run: Run, watches: MoveWatches, item: Mail): void {
  switch (item.from) {
    case 'broken':
      throw item.error;
    case 'timeout':
      return finishAll(run, 'timed out');
    case 'detach':
      return finishAll(run, 'detached');
    case 'link':
      return linkTold(run, item.up);
    case 'progress':
      return tellProgress(run, item.move, item.progress);
    case 'clock':
      for (const move of run.moves) askProgress(run, move);
      return;
    case 'watch':
      if (item.event.type === 'interrupted') return linkLost(run, item.event.error.message);
      watches.see(item, run.observed, (migration, deleted) => seeMigration(run, migration, deleted));
      if (item.event.type === 'synced' && watches.synced()) missGone(run);
  }
}

/** A migration that was to be followed and that the watches do not know was deleted before they began. */
function missGone({ moves, observed }: Run): void {
  for (const move of moves) {
    if (move.migration !== undefined && !observed.migrations.has(uidOf(move.migration))) move.vanished = true;
  }
}
