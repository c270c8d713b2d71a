import type { KubeClient } from '../kube/types.ts';
import { isFinal } from '../model/migrations.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { MoveOrder, Outcome } from './events.ts';
import { type Reading, time } from './reading.ts';
import { whyFailed } from './why-failed.ts';

/** How a move ended whose migration has ended, given what is known of both. Asks the cluster for the reason where none was given. */
export async function outcomeOf(
  client: KubeClient,
  order: MoveOrder,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
  reading: Reading,
): Promise<Outcome> {
  const { name, creationTimestamp } = migration.metadata;
  const phase = vmi?.status?.phase;
  const running = phase === 'Running' && vmi?.metadata.uid === order.vmiUid;
  const where = { ...(vmi?.status?.nodeName !== undefined && { node: vmi.status.nodeName }), running };
  if (!running) {
    const state = vmi === undefined ? 'it is gone' : phase === 'Running' ? 'it was restarted' : `its phase is ${phase}`;
    // Restarted, it runs again, but as another instance.
    const again = { ...where, running: phase === 'Running' };
    return { result: 'failed', migration: name, reason: `the VM did not survive the migration: ${state}`, ...again };
  }
  if (reading.state === 'succeeded' || (reading.state === 'settling' && migration.status?.phase === 'Succeeded')) {
    const { from, to, startedAt, endedAt, mode } = reading.state === 'succeeded' ? reading : {};
    const created = time(creationTimestamp);
    return {
      result: 'succeeded',
      migration: name,
      from: from ?? order.source,
      to: to ?? vmi?.status?.nodeName ?? 'unknown',
      ...(created !== undefined && endedAt !== undefined && { total: (endedAt - created) / 1000 }),
      ...(startedAt !== undefined && endedAt !== undefined && { copying: (endedAt - startedAt) / 1000 }),
      ...(mode !== undefined && { mode }),
    };
  }
  if (reading.state === 'failed' && reading.cancelled) return { result: 'cancelled', migration: name, ...where };
  const reason =
    (reading.state === 'failed' ? reading.reason : undefined) ??
    (await whyFailed(client, migration)) ??
    (isFinal(migration) ? 'KubeVirt gave no reason' : 'the migration was deleted');
  return { result: 'failed', migration: name, reason, ...where };
}
