import type { KubeVirtVersion } from '../../../model/versions/index.ts';
import type { HyperConvergedRelease } from './hyperconverged-releases.ts';
import { boolean, integer, list, object, open, QUANTITY, type Schema, string } from './schema.ts';

// What both API versions of HyperConverged describe in the same way.

const EVICTION = ['None', 'LiveMigrate', 'LiveMigrateIfPossible', 'External'];
const CERTIFICATES = {
  ca: { duration: '48h0m0s', renewBefore: '24h0m0s' },
  server: { duration: '24h0m0s', renewBefore: '12h0m0s' },
};
const UPDATES = { workloadUpdateMethods: ['LiveMigrate'], batchEvictionSize: 10, batchEvictionInterval: '1m0s' };

export const evictionStrategy = string('The default of all VMs.', { enum: EVICTION });
export const tuningPolicy = string("How the rate limits of KubeVirt's clients are set.", {
  enum: ['annotation', 'highBurst'],
});
export const uninstallStrategy = string('What a deletion does while there are VMs.', {
  enum: ['RemoveWorkloads', 'BlockUninstallIfWorkloadsExist'],
  default: 'BlockUninstallIfWorkloadsExist',
});
export const cpuAllocationRatio = integer('Virtual CPUs per requested physical CPU.', 'int32', {
  minimum: 1,
  default: 10,
});

export const higherWorkloadDensity = open(
  'Memory overcommitment.',
  {
    memoryOvercommitPercentage: integer('Guest memory in percent of requested memory.', 'int32', {
      minimum: 10,
      default: 100,
    }),
  },
  { default: { memoryOvercommitPercentage: 100 } },
);

export const workloadUpdateStrategy = object(
  'How running VMs get a new launcher.',
  {
    workloadUpdateMethods: { ...list('LiveMigrate, Evict.', { type: 'string' }), default: ['LiveMigrate'] },
    batchEvictionSize: integer('How many at once.', 'int32', { default: 10 }),
    batchEvictionInterval: string('How long between two batches.', { default: '1m0s' }),
  },
  { default: UPDATES },
);

const rotation = (part: 'ca' | 'server'): Schema =>
  object(
    'How long a certificate is valid, and when it is renewed.',
    {
      duration: string('How long it is valid.', { default: CERTIFICATES[part].duration }),
      renewBefore: string('How long before its end it is renewed.', { default: CERTIFICATES[part].renewBefore }),
    },
    { default: CERTIFICATES[part] },
  );
export const certConfig = object(
  'The rotation of internal certificates.',
  { ca: rotation('ca'), server: rotation('server') },
  { default: CERTIFICATES },
);

/** With the defaults of a version, as its CRD has them. */
export function liveMigrationConfig(version: KubeVirtVersion): Schema {
  const defaults: Record<string, unknown> = { ...version.hyperConvergedDefaults };
  const of = (field: string): Partial<Schema> => (field in defaults ? { default: defaults[field] } : {});
  return object(
    'Limits and timeouts that keep migrations from overwhelming the cluster.',
    {
      allowAutoConverge: boolean(
        'Allows slowing a guest down so that its migration converges.',
        of('allowAutoConverge'),
      ),
      allowPostCopy: boolean('Allows switching to post-copy when the completion timeout passes.', of('allowPostCopy')),
      ...('allowWorkloadDisruption' in defaults
        ? {
            allowWorkloadDisruption: boolean(
              'Allows pausing the guest, or post-copy, when a migration does not complete in time.',
              of('allowWorkloadDisruption'),
            ),
          }
        : {}),
      bandwidthPerMigration: string('The most bytes per second one migration may use, e.g. 2048Mi.', {
        pattern: QUANTITY,
      }),
      completionTimeoutPerGiB: integer(
        'The most seconds per GiB a migration may take.',
        'int64',
        of('completionTimeoutPerGiB'),
      ),
      network: string('The NetworkAttachmentDefinition migrations use, to keep them away from other traffic.'),
      parallelMigrationsPerCluster: integer(
        'The most migrations at once in the cluster.',
        'int32',
        of('parallelMigrationsPerCluster'),
      ),
      parallelOutboundMigrationsPerNode: integer(
        'The most migrations at once that leave one node.',
        'int32',
        of('parallelOutboundMigrationsPerNode'),
      ),
      progressTimeout: integer(
        'Seconds without progress after which a migration is cancelled.',
        'int64',
        of('progressTimeout'),
      ),
    },
    { default: defaults },
  );
}

/** Options of all VMs; `more` is what one API version has besides. */
export function machineOptions(release: HyperConvergedRelease, more: Record<string, Schema> = {}): Schema {
  const defaults = {
    disableFreePageReporting: false,
    disableSerialConsoleLog: release.disableSerialConsoleLog,
  };
  return object(
    'Options of all VMs.',
    {
      disableFreePageReporting: boolean('No free page reporting.', { default: defaults.disableFreePageReporting }),
      disableSerialConsoleLog: boolean('No log of the serial console.', { default: defaults.disableSerialConsoleLog }),
      ...more,
    },
    { default: defaults },
  );
}
