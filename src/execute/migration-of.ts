import { MANAGED_BY, type NewMigration } from '../cluster/writer.ts';
import type { MoveOrder } from './events.ts';
import { RUN } from './name.ts';

/** The migration that carries out a move. */
export function migrationOf(order: MoveOrder, name: string, runId: string): NewMigration {
  return {
    namespace: order.vm.namespace,
    name,
    vmiName: order.vm.name,
    labels: { [MANAGED_BY]: 'ferry', [RUN]: runId },
    ...(order.target !== undefined && { addedNodeSelector: order.target.selector }),
  };
}
