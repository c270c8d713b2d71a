import type { Progress } from '../cluster/progress.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { keyOf } from './decide.ts';
import type { Budgets, LinkEvent, MoveEvent, MoveOrder, Outcome, Waiting } from './events.ts';
import { type Active, activeMigrations, type Observed } from './observed.ts';
import type { WatchMail } from './watch-moves.ts';

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
  emit(event: MoveEvent | LinkEvent): void;
  /** Ms. For tests. */
  timing?: Partial<Timing>;
}

export interface Timing {
  /** How long a final migration may lack its result. */
  settle: number;
  /** How often progress is asked for. */
  progress: number;
  /** After a creation that the cluster did not take. */
  retry: number;
  /** How long the cluster may be out of reach. */
  lost: number;
}

/** One move on its way. */
export interface Move {
  readonly order: MoveOrder;
  migration: VirtualMachineInstanceMigration | undefined;
  /** The migration has been deleted. */
  vanished: boolean;
  /** The last phase that was told. */
  phase?: string;
  /** The last reason to wait that was told. */
  waiting?: string;
  /** Another migration of the VM was in its way. */
  contested: boolean;
  /** Of creation. */
  attempts: number;
  /** The name that was tried to create, without an answer that told how it went. */
  tried?: string;
  notBefore: number;
  settleUntil?: number;
  /** Its progress has been asked for. */
  asking: boolean;
  outcome?: Outcome;
}

export type Mail =
  | WatchMail
  | { from: 'progress'; move: Move; progress: Progress | undefined }
  | { from: 'link'; up: boolean }
  | { from: 'clock' | 'detach' | 'timeout' };

/** What the parts of one run share. */
export interface Run {
  readonly client: KubeClient;
  readonly plan: MovePlan;
  readonly runId: string;
  readonly timing: Timing;
  readonly moves: readonly Move[];
  readonly observed: Observed;
  /** The orders of the run's own migrations, by uid. */
  readonly ours: Map<string, MoveOrder>;
  /** Since when the cluster has been out of reach, by performance.now(). */
  lostSince?: number;
  /** Ends with the run. */
  readonly signal: AbortSignal;
  emit(event: MoveEvent | LinkEvent): void;
  post: (mail: Mail) => void;
}

export function vmiOf({ observed }: Run, { order }: Move): VirtualMachineInstance | undefined {
  return observed.vmis.get(keyOf(order));
}

export function activeOf({ observed, plan, ours }: Run): Active[] {
  return activeMigrations(observed, { lastNode: plan.lastNode, orders: ours, hostnames: plan.hostnames });
}

export function finish(run: Run, move: Move, outcome: Outcome): void {
  move.outcome = outcome;
  run.emit({ type: 'done', vm: move.order.vm, outcome });
}

/** Ends every move that has not ended, because Ferry stops following. */
export function finishAll(run: Run, result: 'detached' | 'timed out' | 'lost'): void {
  for (const move of run.moves) {
    if (move.outcome !== undefined) continue;
    const migration = move.migration?.metadata.name;
    finish(run, move, { result, ...(migration !== undefined && { migration }) });
  }
}

export function wait(run: Run, move: Move, waiting: Waiting): void {
  // How many run changes often; that one waits, and for what, is news only once.
  if (waiting.for === 'migration') move.contested = true;
  const said = `${waiting.for} ${'node' in waiting ? waiting.node : ''}`;
  if (move.waiting === said) return;
  move.waiting = said;
  run.emit({ type: 'waiting', vm: move.order.vm, waiting });
}
