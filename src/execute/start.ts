import { resources } from '../cluster/resources.ts';
import { createMigration } from '../cluster/writer.ts';
import { ApiError, isForbidden, isNotFound, isUnauthorized, KubeError } from '../kube/errors.ts';
import { FerryError } from '../model/errors.ts';
import type { VirtualMachineInstance } from '../model/objects.ts';
import { type Decision, decide, keyOf } from './decide.ts';
import type { Outcome, Waiting } from './events.ts';
import { follow } from './follow.ts';
import { migrationOf } from './migration-of.ts';
import { vmOf } from './observed.ts';
import { activeOf, finish, type Move, type Run, vmiOf, wait } from './run.ts';

/** What a failed creation of a migration means for its move. */
type Refusal =
  /** Nobody may create migrations with these credentials. */
  | { kind: 'not allowed' }
  /** It may work, or may have worked, later: nothing is lost by trying again, for the name stays the same. */
  | { kind: 'again'; waiting: Waiting }
  | { kind: 'never'; outcome: Outcome };

const somebodyElses: Waiting = { for: 'migration', migration: 'of somebody else' };

/** Server errors before a creation is given up; connection losses are not counted, they pass. */
const PATIENCE = 10;

function refusalOf(error: unknown, attempt: number, node: string | undefined): Refusal {
  if (isForbidden(error) || isUnauthorized(error)) return { kind: 'not allowed' };
  // A migration of this name that goes elsewhere, or that Ferry did not make: the watch tells what has become of it.
  if (error instanceof FerryError && error.code === 'FERRY_E_REFUSED') return { kind: 'again', waiting: somebodyElses };
  if (!(error instanceof KubeError) || error.kind === 'cancelled' || error.kind === 'config') throw error;
  if (!(error instanceof ApiError)) return { kind: 'again', waiting: { for: 'api', message: error.message } };
  // Its own name, or the message KubeVirt has for a second migration of a VMI (facts/kubevirt.md B1): the watch will tell.
  if (error.status === 409 || error.message.includes('in-flight migration detected')) {
    return { kind: 'again', waiting: somebodyElses };
  }
  const passing = error.status === 429 || error.status >= 500;
  if (passing && attempt < PATIENCE) return { kind: 'again', waiting: { for: 'api', message: error.message } };
  const reason = error.message.replace(/^admission webhook "[^"]*" denied the request: /, '');
  return { kind: 'never', outcome: { result: 'failed', reason, ...(node !== undefined && { node }), running: true } };
}

/** Decides about the moves that have not started, and starts one; the mail then asks for the next. */
export async function startWhatMay(run: Run): Promise<void> {
  for (const move of run.moves) followTried(run, move);
  const now = performance.now();
  const ready = run.moves.filter(
    ({ outcome, migration, notBefore }) => outcome === undefined && migration === undefined && notBefore <= now,
  );
  if (ready.length === 0) return;
  let started = false;
  for (const [index, decision] of decideOn(run, ready).entries()) {
    const move = ready[index] as Move;
    if (decision.do !== 'create') note(run, move, decision);
    else if (!started) {
      started = true;
      await start(run, move, decision.name);
    }
  }
  // What came meanwhile may have used a slot up.
  if (started) run.post({ from: 'clock' });
}

/** What was created although its answer was lost may have ended by the time it is seen. */
function followTried(run: Run, move: Move): void {
  if (move.tried === undefined || move.migration !== undefined || move.outcome !== undefined) return;
  const made = [...run.observed.migrations.values()].find(
    (migration) => migration.metadata.name === move.tried && vmOf(migration) === keyOf(move.order),
  );
  if (made === undefined) return;
  follow(run, move, made, 'found');
  run.post({ from: 'clock' });
}

function decideOn(run: Run, moves: readonly Move[]): Decision[] {
  const orders = moves.map(({ order }) => order);
  return decide(orders, run.observed, activeOf(run), run.plan.budgets);
}

function note(run: Run, move: Move, decision: Exclude<Decision, { do: 'create' }>): void {
  if (decision.do === 'finish') finish(run, move, decision.outcome);
  else if (decision.do === 'follow') follow(run, move, decision.active.object, 'found');
  else wait(run, move, decision.waiting);
}

async function start(run: Run, move: Move, name: string): Promise<void> {
  move.attempts++;
  try {
    if (move.contested) {
      await readVmi(run, move);
      const [again] = decideOn(run, [move]);
      if (again !== undefined && again.do !== 'create') return note(run, move, again);
    }
    move.tried = name;
    const { migration, created } = await createMigration(run.client, migrationOf(move.order, name, run.runId));
    follow(run, move, migration, created ? 'created' : 'found');
  } catch (error) {
    const refusal = refusalOf(error, move.attempts, vmiOf(run, move)?.status?.nodeName);
    if (refusal.kind === 'not allowed') {
      if (run.moves.every(({ migration }) => migration === undefined)) throw error;
      const { message } = error as Error;
      finish(run, move, { result: 'failed', reason: message, node: move.order.source, running: true });
    } else if (refusal.kind === 'never') {
      finish(run, move, refusal.outcome);
    } else {
      move.notBefore = performance.now() + run.timing.retry;
      setTimeout(() => run.post({ from: 'clock' }), run.timing.retry).unref();
      wait(run, move, refusal.waiting);
    }
  }
}

/**
 * Reads where the VMI is now. The watches of migrations and VMIs are not in step: that another migration has ended may
 * be known before where it took the VM. KubeVirt tells the VMI first (recordings/README), so a GET knows.
 */
async function readVmi({ client, observed }: Run, { order }: Move): Promise<void> {
  const { namespace, name } = order.vm;
  try {
    const vmi = await client.get<VirtualMachineInstance>(resources.virtualMachineInstances, name, { namespace });
    observed.vmis.set(keyOf(order), vmi);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    observed.vmis.delete(keyOf(order));
  }
}
