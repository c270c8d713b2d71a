import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { AdmissionRequest, User, Webhook } from '../api/extension.ts';
import { denied, deniedWithCauses } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { conditionOf } from './conditions.ts';
import { featureGateEnabled, usesPriorities } from './config.ts';
import { isFinalMigration } from './migration-slots.ts';
import { withMigrationDefaults } from './new-migration.ts';
import { isFinalVmi } from './printable-status.ts';

const LABEL = 'kubevirt.io/vmi-name';

export const MIGRATION_CREATE_VALIDATOR = 'migration-create-validator.kubevirt.io';

/** The checks of migration-create-validator in KubeVirt's order (facts/kubevirt.md B1). Throws an ApiError. */
export function validateNewMigration(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  namespace: string,
  user?: User,
): void {
  const { vmiName, sendTo, receive } = migration.spec;
  if (vmiName === undefined || vmiName === '') {
    throw deniedWithCauses([{ reason: 'FieldValueRequired', message: 'vmiName is missing', field: 'spec.vmiName' }]);
  }
  if ('priority' in migration.spec) refusePriority(cluster, user);
  const vmi = cluster.store.get<VirtualMachineInstance>(resources.vmis, namespace, vmiName);
  if (vmi === undefined) throw denied(`the VMI "${namespace}/${vmiName}" does not exist`);
  if (isFinalVmi(vmi)) throw denied('Cannot migrate VMI in finalized state.');
  const decentralized = sendTo !== undefined || receive !== undefined;
  const migratable = conditionOf(vmi.status?.conditions, 'LiveMigratable');
  if (migratable?.status === 'False' && !(decentralized && migratable.reason === 'DisksNotLiveMigratable')) {
    throw denied(`Cannot migrate VMI, Reason: ${migratable.reason ?? ''}, Message: ${migratable.message ?? ''}`);
  }
  const active = cluster.migrationsOf.get(`${namespace}/${vmiName}`).find((other) => !isFinalMigration(other));
  if (active !== undefined) {
    throw denied(
      `in-flight migration detected. Active migration job (${active.metadata.uid ?? ''}) is currently already in progress for VMI ${vmiName}.`,
    );
  }
  if (!decentralized) return;
  if (!featureGateEnabled(cluster, 'DecentralizedLiveMigration')) {
    throw deniedWithCauses([
      {
        reason: 'FieldValueNotSupported',
        message: 'DecentralizedLiveMigration feature gate is not enabled in kubevirt resource',
      },
    ]);
  }
  if (sendTo !== undefined && receive !== undefined && sendTo.migrationID !== receive.migrationID) {
    throw deniedWithCauses([
      {
        reason: 'FieldValueInvalid',
        message: `sendTo migrationID ${sendTo.migrationID} does not match receive migrationID ${receive.migrationID}`,
        field: 'spec',
      },
    ]);
  }
}

/** Versions without the field have pruned it before this is asked. */
function refusePriority(cluster: Cluster, user: User | undefined): void {
  const forbidden = (message: string): never => {
    throw deniedWithCauses([{ reason: 'FieldValueForbidden', message, field: 'spec.migrationPriority' }]);
  };
  if (!usesPriorities(cluster)) forbidden('MigrationPriorityQueue feature gate is not enabled in kubevirt resource');
  if (user?.name !== `system:serviceaccount:${CNV_NAMESPACE}:kubevirt-controller`) {
    forbidden('Migration priority queue, only virt-controller is allowed to set priority field');
  }
}

function validateUpdate({ object, oldObject }: AdmissionRequest): void {
  const before = oldObject as VirtualMachineInstanceMigration | undefined;
  const after = object as VirtualMachineInstanceMigration;
  if (before === undefined) return;
  const refuse = (message: string): never => {
    throw deniedWithCauses([{ reason: 'FieldValueNotSupported', message }]);
  };
  if (JSON.stringify(before.spec) !== JSON.stringify(after.spec)) {
    refuse("update of Migration object's spec is restricted");
  }
  if (isFinalMigration(after)) return;
  const label = before.metadata.labels?.[LABEL];
  if (label === undefined) return;
  if (after.metadata.labels?.[LABEL] === undefined) {
    refuse("selector label can't be removed from an in-flight migration");
  }
  if (after.metadata.labels?.[LABEL] !== label) refuse("selector label can't be modified on an in-flight migration");
}

/** virt-api's webhooks on migrations (facts/kubevirt.md A6, B1, B2). */
export function migrationWebhooks(cluster: Cluster): Webhook[] {
  const resource = resources.migrations;
  return [
    {
      name: 'migrations-mutator.kubevirt.io',
      resource,
      operations: ['CREATE'],
      mutate: ({ object }) => withMigrationDefaults(object),
    },
    {
      name: MIGRATION_CREATE_VALIDATOR,
      resource,
      operations: ['CREATE'],
      validate: ({ object, namespace, user }) =>
        validateNewMigration(cluster, object as VirtualMachineInstanceMigration, namespace ?? '', user),
    },
    { name: 'migration-update-validator.kubevirt.io', resource, operations: ['UPDATE'], validate: validateUpdate },
  ];
}
