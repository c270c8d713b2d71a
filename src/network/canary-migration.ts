import { resources } from '../cluster/resources.ts';
import { createMigration } from '../cluster/writer.ts';
import { isNotFound } from '../kube/errors.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import type { AddressRange } from './addresses.ts';
import type { NetworkOutcome } from './events.ts';
import { inRanges } from './rollout.ts';
import { type Context, patiently, StepFailed, until } from './wait.ts';

/** How long a phase of the canary's migration may last without progress, ms: KubeVirt itself gives up pending pods after 15 min. */
const PER_PHASE = 20 * 60_000;

/** Migrates one VM, and makes sure that it went over the network. Throws StepFailed if it failed or went another way. */
export async function migrateCanary(
  context: Context,
  { namespace, name }: { namespace: string; name: string },
  { run, ranges }: { run: string; ranges: readonly AddressRange[] },
): Promise<NonNullable<NetworkOutcome['migration']>> {
  const { client, signal } = context;
  const labels = { 'app.kubernetes.io/managed-by': 'ferry', 'ferry.run/run': run };
  const order = { namespace, name: `ferry-network-${run}`, vmiName: name, labels };
  const { migration } = await patiently(context, () => createMigration(client, order, { signal }));
  const vm = `${namespace}/${name}`;
  const told = new Set<string>();
  await until(context, { what: `the migration of ${vm}`, limit: PER_PHASE }, async () => {
    const now = await found(context, migration);
    const phase = now?.status?.phase ?? 'Pending';
    if (now === undefined) throw new StepFailed(`somebody cancelled the migration of ${vm}`);
    if (!told.has(phase)) context.emit({ type: 'progress', message: `${vm}: ${phase}` });
    told.add(phase);
    if (phase === 'Failed') {
      const why = now.status?.migrationState?.failureReason;
      throw new StepFailed(`the migration of ${vm} failed${why === undefined ? '' : `: ${why}`}`);
    }
    return phase === 'Succeeded' ? { done: undefined } : { progress: phase };
  });
  const vmi = await patiently(context, () =>
    client.get<VirtualMachineInstance>(resources.virtualMachineInstances, name, { namespace, signal }),
  );
  const state = vmi.status?.migrationState;
  const address = state?.targetNodeAddress ?? '';
  if (state?.migrationUid !== migration.metadata.uid || !inRanges(ranges, address)) {
    throw new StepFailed(
      `the migration of ${vm} went to ${address || 'an unknown address'} of ${state?.targetNode ?? 'its target'}, not over the network`,
    );
  }
  return { vm, from: state?.sourceNode ?? '', to: state?.targetNode ?? '', targetNodeAddress: address };
}

async function found(
  { client, signal }: Context,
  { metadata }: VirtualMachineInstanceMigration,
): Promise<VirtualMachineInstanceMigration | undefined> {
  const { name, namespace = '' } = metadata;
  try {
    return await client.get<VirtualMachineInstanceMigration>(resources.migrations, name, { namespace, signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
