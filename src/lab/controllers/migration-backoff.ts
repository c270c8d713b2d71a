import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { isFinalMigration } from './migration-slots.ts';

export const EVACUATION = 'kubevirt.io/evacuationMigration';

export const WORKLOAD_UPDATE = 'kubevirt.io/workloadUpdateMigration';

/** Made by virt-controller: for an evacuation, or to bring a change or a new virt-launcher to a VMI. */
function isAutomatic({ metadata: { annotations } }: VirtualMachineInstanceMigration): boolean {
  return annotations?.[EVACUATION] !== undefined || annotations?.[WORKLOAD_UPDATE] !== undefined;
}

/**
 * Ms an automatic migration still has to wait because those before it failed: 20 s after the first failure, doubled
 * with each further one. Migrations that users create never back off (facts/kubevirt.md C1, Backoff).
 */
export function backoffOf(cluster: Cluster, migration: VirtualMachineInstanceMigration): number {
  if (!isAutomatic(migration)) return 0;
  const before = cluster.migrationsOf
    .get(`${migration.metadata.namespace ?? ''}/${migration.spec.vmiName ?? ''}`)
    .filter((other) => other.metadata.uid !== migration.metadata.uid && isAutomatic(other))
    .filter((other) => isFinalMigration(other) && other.metadata.deletionTimestamp === undefined)
    .reverse();
  let wait = 0;
  let failedAt = 0;
  for (const other of before) {
    if (other.status?.phase === 'Succeeded') break;
    const stamp = other.status?.phaseTransitionTimestamps?.find(
      ({ phase }) => phase === 'Failed',
    )?.phaseTransitionTimestamp;
    if (wait === 0) failedAt = Date.parse(stamp ?? '');
    wait = wait === 0 ? 20_000 : wait * 2;
  }
  return wait === 0 ? 0 : Math.max(0, failedAt + wait - cluster.clock.now());
}
