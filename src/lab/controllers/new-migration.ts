import type { KubeObject, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { usesPriorities } from './config.ts';

export const MIGRATION_FINALIZER = 'kubevirt.io/migrationJobFinalize';

/** What migrations-mutator.kubevirt.io adds: the label (over any the user gave) and the finalizer. */
export function withMigrationDefaults<T extends KubeObject & { spec?: { vmiName?: string } }>(migration: T): T {
  return {
    ...migration,
    metadata: {
      ...migration.metadata,
      labels: { ...migration.metadata.labels, 'kubevirt.io/vmi-name': migration.spec?.vmiName ?? '' },
      finalizers: [...new Set([...(migration.metadata.finalizers ?? []), MIGRATION_FINALIZER])],
    },
  };
}

/** spec.priority, which only KubeVirt itself may set (facts/kubevirt.md A6). */
export type MigrationPriority = 'system-critical' | 'user-triggered' | 'system-maintenance';

/** Creates a migration as one of KubeVirt's own components. */
export function newMigration(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  how: {
    generateName: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    addedNodeSelector?: Record<string, string>;
    priority?: MigrationPriority;
  },
): VirtualMachineInstanceMigration {
  const migration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: {
      name: '',
      generateName: how.generateName,
      namespace: vmi.metadata.namespace,
      ...(how.annotations === undefined ? {} : { annotations: how.annotations }),
      ...(how.labels === undefined ? {} : { labels: how.labels }),
    },
    spec: {
      vmiName: vmi.metadata.name,
      ...(how.addedNodeSelector === undefined ? {} : { addedNodeSelector: how.addedNodeSelector }),
      ...(how.priority === undefined || !usesPriorities(cluster) ? {} : { priority: how.priority }),
    },
  };
  return cluster.store.create(
    resources.migrations,
    withMigrationDefaults(migration) as VirtualMachineInstanceMigration,
  );
}
