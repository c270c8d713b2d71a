import type { KubeVirtVersion } from '../../../model/versions/index.ts';
import { boolean, integer, list, object, open, quantity, type Schema, string, time } from './schema.ts';

// Live-migration settings and state as the versions of KubeVirt know them (facts/kubevirt.md A5, A8, A9).

/** Settings that a MigrationPolicy of some version may set. */
const settings: Record<string, Schema> = {
  allowAutoConverge: boolean('Allows slowing the guest down so that its migration converges. Defaults to false.'),
  allowPostCopy: boolean(
    'Allows switching to post-copy when the completion timeout passes. A network failure then costs the guest. Defaults to false.',
  ),
  allowWorkloadDisruption: boolean(
    'When the completion timeout passes, the migration is not cancelled: it switches to post-copy if that is allowed, else the guest is paused to finish. Defaults to allowPostCopy.',
  ),
  bandwidthPerMigration: quantity('The most bytes per second one migration may use. Defaults to 0 (no limit).'),
  completionTimeoutPerGiB: integer(
    'The most seconds per GiB a migration may take before it is cancelled, paused or switched to post-copy. 0 disables.',
    'int64',
  ),
  maxDowntimeMs: integer(
    'The longest a guest may be stopped at the end, in milliseconds. It takes the feature gate MigrationStallDetection.',
    'int64',
    { minimum: 1, maximum: 2_000_000 },
  ),
  experimental: open('Settings that may change: stallDetector, compression.'),
};

/** What a MigrationPolicy may set. */
export function policySettings({ policyFields }: KubeVirtVersion): Record<string, Schema> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => policyFields.includes(name)));
}

export function migrationConfiguration(version: KubeVirtVersion): Schema {
  const { utilityVolumesTimeout } = version.migrationDefaults;
  return object('How VMs are live-migrated; MigrationPolicies override it for groups of VMs.', {
    ...policySettings(version),
    ...(utilityVolumesTimeout === undefined
      ? {}
      : {
          utilityVolumesTimeout: integer(
            `Seconds a migration waits for utility volumes to be detached. Defaults to ${utilityVolumesTimeout}.`,
            'int64',
          ),
        }),
    disableTLS: boolean('Turns off the encryption of migrations. Defaults to false.'),
    matchSELinuxLevelOnMigration: boolean(
      'Whether the target pod gets the SELinux level of the source pod. Defaults to true.',
    ),
    network: string('The NetworkAttachmentDefinition migrations use. Defaults to the pod network.'),
    nodeDrainTaintKey: string('Deprecated: the taint that says a node is drained. Defaults to kubevirt.io/drain.'),
    parallelMigrationsPerCluster: integer('The most migrations at once in the cluster. Defaults to 5.'),
    parallelOutboundMigrationsPerNode: integer('The most migrations at once that leave one node. Defaults to 2.'),
    progressTimeout: integer(
      'Seconds without progress after which a migration is cancelled. 0 disables. Defaults to 150.',
      'int64',
    ),
    unsafeMigrationOverride: boolean('Allows migrations that the compatibility check calls unsafe. Defaults to false.'),
  });
}

export function migrationState(version: KubeVirtVersion): Schema {
  return open('How the migration goes, as source and target report it.', {
    migrationUid: string('UID of the VirtualMachineInstanceMigration.'),
    migrationPolicyName: string('The MigrationPolicy that applies.'),
    migrationConfiguration: migrationConfiguration(version),
    mode: string('PreCopy, PostCopy or Paused.'),
    sourceNode: string('The node the VMI leaves.'),
    sourcePod: string('The pod the VMI leaves.'),
    targetNode: string('The node the VMI goes to.'),
    targetPod: string('The pod the VMI goes to.'),
    ...(version.memoryOverheadReport === 'none'
      ? {}
      : { targetMemoryOverhead: quantity('What the target needs besides the memory of the guest.') }),
    targetNodeAddress: string('The address migration data is sent to.'),
    targetNodeDomainDetected: boolean('Whether the target sees the domain.'),
    targetNodeDomainReadyTimestamp: time('When the target saw the domain run.'),
    startTimestamp: time('When data began to flow.'),
    endTimestamp: time('When it ended.'),
    completed: boolean('Whether it ended, well or not.'),
    failed: boolean('Whether it failed.'),
    failureReason: string('Why it failed.'),
    abortRequested: boolean('Whether it shall be aborted.'),
    abortStatus: string('Aborting, Succeeded or Failed.'),
  });
}

const condition = object(
  'One aspect of the state.',
  {
    type: string('Type of the condition.'),
    status: string('True, False or Unknown.'),
    reason: string('Why, as one word.'),
    message: string('Why, for people.'),
    lastProbeTime: time('When it was looked at last.'),
    lastTransitionTime: time('When it changed last.'),
  },
  { required: ['status', 'type'] },
);

/** Conditions of KubeVirt's kinds; their CRDs declare no list type. */
export const kubevirtConditions: Schema = {
  type: 'array',
  description: 'Aspects of the state.',
  items: condition,
};

export function migrationStatus(version: KubeVirtVersion): Schema {
  return object('How the migration goes.', {
    phase: string('Pending, Scheduling, Scheduled, PreparingTarget, TargetReady, Running, Succeeded or Failed.'),
    conditions: kubevirtConditions,
    migrationState: migrationState(version),
    phaseTransitionTimestamps: list(
      'When each phase began.',
      object('When a phase began.', { phase: string('The phase.'), phaseTransitionTimestamp: time('When.') }),
    ),
  });
}
