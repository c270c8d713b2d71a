import type { VirtualMachineInstance } from '../model/objects.ts';
import type { Budgets, MoveOrder, Outcome, Waiting } from './events.ts';
import { nextMigrationName } from './name.ts';
import { type Active, type Observed, vmOf } from './observed.ts';

/** What to do about a move that has not started. */
export type Decision =
  | { order: MoveOrder; do: 'create'; name: string }
  /** Its migration exists already, made by an earlier run. */
  | { order: MoveOrder; do: 'follow'; active: Active }
  | { order: MoveOrder; do: 'wait'; waiting: Waiting }
  | { order: MoveOrder; do: 'finish'; outcome: Outcome };

/**
 * Decides the next step of every move that has not started, in their order. Never lets more migrations be unfinished
 * than the budgets allow, nor two for one VMI; a move that must wait does not hold up one that need not.
 */
export function decide(
  orders: readonly MoveOrder[],
  observed: Observed,
  active: readonly Active[],
  budgets: Budgets,
): Decision[] {
  const running: Pick<Active, 'vm' | 'source' | 'target'>[] = [...active];
  return orders.map((order): Decision => {
    const key = keyOf(order);
    const vmi = observed.vmis.get(key);
    const stale = objection(order, vmi);
    if (stale !== undefined) return { order, do: 'finish', outcome: stale };
    const had = [...observed.migrations.values()].filter((migration) => vmOf(migration) === key);
    const name = nextMigrationName(
      order.vm.name,
      order.vmiUid,
      had.filter((migration) => isOver(migration, active)),
    );
    const own = active.find((other) => other.vm === key);
    if (own !== undefined) {
      const goesThere = order.target === undefined || own.target === order.target.node;
      if (own.object.metadata.name === name && goesThere) return { order, do: 'follow', active: own };
      return { order, do: 'wait', waiting: { for: 'migration', migration: own.object.metadata.name } };
    }
    if (vmi !== undefined && order.target !== undefined && vmi.status?.nodeName === order.target.node) {
      return { order, do: 'finish', outcome: { result: 'unchanged', node: order.target.node } };
    }
    const source = vmi?.status?.nodeName ?? order.source;
    // Somebody else moved it meanwhile: without a target, to be elsewhere was all that was asked for.
    if (order.target === undefined && source !== order.source) {
      return { order, do: 'finish', outcome: { result: 'unchanged', node: source } };
    }
    const waiting = shortage(source, order.target?.node, running, budgets);
    if (waiting !== undefined) return { order, do: 'wait', waiting };
    running.push({ vm: key, source, target: order.target?.node });
    return { order, do: 'create', name };
  });
}

function isOver(migration: Active['object'], active: readonly Active[]): boolean {
  return !active.some(({ object }) => object.metadata.uid === migration.metadata.uid);
}

/** Why a move can't be made any more, the premises of its checks being gone. */
function objection(order: MoveOrder, vmi: VirtualMachineInstance | undefined): Outcome | undefined {
  const phase = vmi?.status?.phase;
  if (vmi === undefined || phase === 'Succeeded' || phase === 'Failed') {
    return { result: 'failed', reason: 'the VM has stopped since it was checked', running: false };
  }
  if (vmi.metadata.uid !== order.vmiUid) {
    const node = vmi.status?.nodeName;
    return {
      result: 'failed',
      reason: 'the VM has been restarted since it was checked',
      ...(node !== undefined && { node }),
      running: phase === 'Running',
    };
  }
  return undefined;
}

/** The budget that has nothing left for this move, or undefined. */
function shortage(
  source: string,
  target: string | undefined,
  running: readonly Pick<Active, 'source' | 'target'>[],
  budgets: Budgets,
): Waiting | undefined {
  if (running.length >= budgets.cluster) return { for: 'cluster', running: running.length, limit: budgets.cluster };
  const leaving = running.filter((other) => other.source === source).length;
  if (leaving >= budgets.outbound) return { for: 'source', node: source, running: leaving, limit: budgets.outbound };
  if (target === undefined) return undefined;
  const arriving = running.filter((other) => other.target === target).length;
  return arriving >= budgets.inbound
    ? { for: 'target', node: target, running: arriving, limit: budgets.inbound }
    : undefined;
}

export function keyOf({ vm }: Pick<MoveOrder, 'vm'>): string {
  return `${vm.namespace}/${vm.name}`;
}
