import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { migrationSettings } from './config.ts';

export function isFinalMigration(migration: VirtualMachineInstanceMigration): boolean {
  return migration.status?.phase === 'Succeeded' || migration.status?.phase === 'Failed';
}

/** VirtualMachineInstanceMigration.IsRunning (facts/kubevirt.md A6). */
function isRunning(migration: VirtualMachineInstanceMigration): boolean {
  return !['', 'Pending', 'Succeeded', 'Failed', 'WaitingForSync', 'Synchronizing'].includes(
    migration.status?.phase ?? '',
  );
}

export function targetPodOf(cluster: Cluster, migration: VirtualMachineInstanceMigration): Pod | undefined {
  return cluster.targetPods.get(migration.metadata.uid ?? '')[0];
}

export function vmiOfMigration(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
): VirtualMachineInstance | undefined {
  return cluster.store.get<VirtualMachineInstance>(
    resources.vmis,
    migration.metadata.namespace,
    migration.spec.vmiName ?? '',
  );
}

/** Slots left: of the cluster, and of one source node (facts/kubevirt.md C1, Limits). */
export function freeSlots(cluster: Cluster, node: string | undefined): { cluster: number; outbound: number } {
  const settings = migrationSettings(cluster);
  let running = 0;
  let outbound = 0;
  for (const migration of cluster.store.values<VirtualMachineInstanceMigration>(resources.migrations)) {
    if (isFinalMigration(migration)) continue;
    if (!isRunning(migration) && cluster.targetPods.count(migration.metadata.uid ?? '') === 0) continue;
    const vmi = vmiOfMigration(cluster, migration);
    running++;
    if (node === undefined) continue;
    const leaves =
      vmi?.status?.nodeName === node ||
      (cluster.version.outboundCountsSourceNode && vmi?.status?.migrationState?.sourceNode === node);
    if (leaves) outbound++;
  }
  return {
    cluster: settings.parallelMigrationsPerCluster - running,
    outbound: settings.parallelOutboundMigrationsPerNode - outbound,
  };
}
