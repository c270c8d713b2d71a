import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { settleStateClaims } from './backend-storage.ts';
import { isFinalMigration } from './migration-slots.ts';
import { MIGRATION_FINALIZER } from './new-migration.ts';

/** After the end: migrationState is copied, then the finalizer goes, then older ones are collected. */
export function finish(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance | undefined,
): void {
  const state = vmi?.status?.migrationState;
  const own = state?.migrationUid === migration.metadata.uid ? state : undefined;
  if (own !== undefined && migration.status?.migrationState?.migrationUid === undefined && own.completed === true) {
    modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
      draft.status = { ...draft.status, migrationState: structuredClone(own) };
    });
    return;
  }
  if (own !== undefined && own.completed !== true) return;
  if (vmi !== undefined) settleStateClaims(cluster, vmi, migration);
  if (migration.metadata.finalizers?.includes(MIGRATION_FINALIZER)) {
    modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
      const left = (draft.metadata.finalizers ?? []).filter((name) => name !== MIGRATION_FINALIZER);
      delete draft.metadata.finalizers;
      if (left.length > 0) draft.metadata.finalizers = left;
    });
  }
  collect(cluster, `${migration.metadata.namespace ?? ''}/${migration.spec.vmiName ?? ''}`);
}

function collect(cluster: Cluster, vmi: string): void {
  const final = cluster.migrationsOf.get(vmi).filter(isFinalMigration);
  const age = (migration: VirtualMachineInstanceMigration): number =>
    Date.parse(migration.metadata.creationTimestamp ?? '');
  // The index has them in the order of their creation; the time stamps only have whole seconds.
  const sorted = final.toSorted((a, b) => age(a) - age(b));
  for (const old of sorted.slice(0, Math.max(0, sorted.length - cluster.version.finishedMigrationsKept))) {
    if (cluster.version.minor >= 9) removeDefunctPod(cluster, old);
    remove(cluster, resources.migrations, old);
  }
}

/** The pod that a collected migration left behind: its target's if it failed, its source's if not (facts/kubevirt.md C1, v1.9). */
function removeDefunctPod(cluster: Cluster, { metadata, status }: VirtualMachineInstanceMigration): void {
  const { sourcePod, targetPod } = status?.migrationState ?? {};
  const name = status?.phase === 'Succeeded' ? sourcePod : targetPod;
  const pod = cluster.store.get<Pod>(resources.pods, metadata.namespace, name ?? '');
  if (pod !== undefined && isFinishedPod(pod)) remove(cluster, resources.pods, pod);
}
