import { age, column, customAge, type Kind } from './kind.ts';
import {
  atomicConditions,
  boolean,
  integer,
  labels,
  list,
  object,
  open,
  QUANTITY,
  type Schema,
  string,
  time,
  whole,
} from './schema.ts';

// Kinds of the operators around KubeVirt: HyperConverged, Multus, NMState, CDI.

// HCO 1.14 to 1.18 (facts/kubevirt.md A10). The CRD's defaults are stored with the object.
const migrationDefaults = {
  allowAutoConverge: false,
  allowPostCopy: false,
  completionTimeoutPerGiB: 150,
  parallelMigrationsPerCluster: 5,
  parallelOutboundMigrationsPerNode: 2,
  progressTimeout: 150,
};

const liveMigrationConfig = object(
  'Limits and timeouts that keep migrations from overwhelming the cluster.',
  {
    allowAutoConverge: boolean('Allows slowing a guest down so that its migration converges.', {
      default: migrationDefaults.allowAutoConverge,
    }),
    allowPostCopy: boolean('Allows switching to post-copy when the completion timeout passes.', {
      default: migrationDefaults.allowPostCopy,
    }),
    bandwidthPerMigration: string('The most bytes per second one migration may use, e.g. 2048Mi.', {
      pattern: QUANTITY,
    }),
    completionTimeoutPerGiB: integer('The most seconds per GiB a migration may take.', 'int64', {
      default: migrationDefaults.completionTimeoutPerGiB,
    }),
    network: string('The NetworkAttachmentDefinition migrations use, to keep them away from other traffic.'),
    parallelMigrationsPerCluster: integer('The most migrations at once in the cluster.', 'int32', {
      default: migrationDefaults.parallelMigrationsPerCluster,
    }),
    parallelOutboundMigrationsPerNode: integer('The most migrations at once that leave one node.', 'int32', {
      default: migrationDefaults.parallelOutboundMigrationsPerNode,
    }),
    progressTimeout: integer('Seconds without progress after which a migration is cancelled.', 'int64', {
      default: migrationDefaults.progressTimeout,
    }),
  },
  { default: migrationDefaults },
);

const hyperConverged = whole('The installation of KubeVirt and its companions.', {
  spec: open(
    'What is wanted.',
    {
      liveMigrationConfig,
      evictionStrategy: string('The default of all VMs.', {
        enum: ['None', 'LiveMigrate', 'LiveMigrateIfPossible', 'External'],
      }),
      defaultCPUModel: string('The default CPU model.'),
      higherWorkloadDensity: open(
        'Memory overcommitment.',
        {
          memoryOvercommitPercentage: integer('Guest memory in percent of requested memory.', 'int32', {
            minimum: 10,
            default: 100,
          }),
        },
        { default: { memoryOvercommitPercentage: 100 } },
      ),
      resourceRequirements: open(
        'Resources of the launcher pods.',
        {
          vmiCPUAllocationRatio: integer('Virtual CPUs per requested physical CPU.', 'int32', {
            minimum: 1,
            default: 10,
          }),
        },
        { default: { vmiCPUAllocationRatio: 10 } },
      ),
      workloadUpdateStrategy: open(
        'How running VMs get a new launcher.',
        {
          workloadUpdateMethods: list('LiveMigrate, Evict.', { type: 'string' }),
          batchEvictionSize: integer('How many at once.', 'int32', { default: 10 }),
          batchEvictionInterval: string('How long between two batches.', { default: '1m0s' }),
        },
        { default: { workloadUpdateMethods: ['LiveMigrate'], batchEvictionSize: 10, batchEvictionInterval: '1m0s' } },
      ),
      featureGates: open('Features that are on.'),
      infra: open('Where the control plane runs.'),
      workloads: open('Where VMs run.'),
      uninstallStrategy: string('What a deletion does while there are VMs.', {
        enum: ['RemoveWorkloads', 'BlockUninstallIfWorkloadsExist'],
        default: 'BlockUninstallIfWorkloadsExist',
      }),
    },
    { default: {} },
  ),
  status: open('What is.', {
    conditions: atomicConditions('Available, Progressing, Degraded, Upgradeable, ReconcileComplete.'),
    versions: list('Versions that are installed.', open('A version.')),
    observedGeneration: integer('The newest generation the operator has seen.', 'int64'),
  }),
});

const custom = (group: string, versions: string[], kind: string, schema: Schema, more: Partial<Kind>): Kind => ({
  group,
  versions,
  storage: versions[0] ?? 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  namespaced: false,
  custom: true,
  status: true,
  schema,
  columns: [customAge],
  ...more,
});

const TRUE = '.status.conditions[?(@.status=="True")]';
const statusColumn = column('Status', `${TRUE}.type`, { description: 'Status' });
const reasonColumn = column('Reason', `${TRUE}.reason`, { description: 'Reason' });

const networkState = (description: string): Schema =>
  open(description, { interfaces: list('Network interfaces.', open('An interface.')) });

const policy = whole('Network configuration of nodes, and whether it was applied.', {
  spec: object('What is wanted where.', {
    nodeSelector: labels('Labels of the nodes it is for.'),
    desiredState: networkState('The network configuration that is wanted; what is not named stays.'),
    capture: labels('Expressions whose results the desired state may use.'),
    maxUnavailable: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': true,
      description: 'How many nodes may be configured at once.',
    },
  }),
  status: open('Whether it was applied.', {
    conditions: atomicConditions('Available, Degraded, Progressing.'),
    lastUnavailableNodeCountUpdate: time('When the count of unavailable nodes changed.'),
  }),
});

export const operatorKinds: Kind[] = [
  custom('hco.kubevirt.io', ['v1beta1'], 'HyperConverged', hyperConverged, {
    namespaced: true,
    shortNames: ['hco', 'hcos'],
    categories: ['all'],
    rules: true,
    columns: [age],
  }),
  custom(
    'k8s.cni.cncf.io',
    ['v1'],
    'NetworkAttachmentDefinition',
    whole('A network pods can be attached to besides the pod network.', {
      spec: object('The network.', { config: string('A CNI configuration as JSON.') }),
    }),
    {
      plural: 'network-attachment-definitions',
      singular: 'network-attachment-definition',
      shortNames: ['net-attach-def'],
      namespaced: true,
      status: false,
    },
  ),
  custom('nmstate.io', ['v1', 'v1beta1'], 'NodeNetworkConfigurationPolicy', policy, {
    plural: 'nodenetworkconfigurationpolicies',
    singular: 'nodenetworkconfigurationpolicy',
    shortNames: ['nncp'],
    rules: true,
    columns: [statusColumn, reasonColumn],
  }),
  custom(
    'nmstate.io',
    ['v1beta1'],
    'NodeNetworkState',
    whole('The network configuration a node has.', {
      status: open('What the node has.', {
        currentState: networkState('The network configuration.'),
        lastSuccessfulUpdateTime: time('When it was read last.'),
      }),
    }),
    { shortNames: ['nns'] },
  ),
  custom(
    'nmstate.io',
    ['v1beta1'],
    'NodeNetworkConfigurationEnactment',
    whole('A policy on one node.', {
      status: open('Whether it was applied on the node.', {
        desiredState: networkState('What is wanted.'),
        conditions: atomicConditions('Available, Failing, Progressing, Pending, Aborted.'),
      }),
    }),
    {
      shortNames: ['nnce'],
      columns: [
        statusColumn,
        column('Status Age', `${TRUE}.lastTransitionTime`, { type: 'date', description: 'Status Age' }),
        reasonColumn,
      ],
    },
  ),
  custom(
    'cdi.kubevirt.io',
    ['v1beta1'],
    'DataVolume',
    whole('A claim that is filled from a source.', {
      spec: open('The claim and its source.', {
        pvc: open('The claim.'),
        storage: open('The claim, with defaults from the storage profile.'),
        source: open('Where the data comes from.'),
      }),
      status: open('How the import goes.', {
        phase: string('Pending, ImportInProgress, Succeeded ...'),
        progress: string('In percent.'),
        restartCount: integer('Restarts of the importer.'),
        conditions: atomicConditions('Bound, Running, Ready.'),
      }),
    }),
    {
      namespaced: true,
      shortNames: ['dv', 'dvs'],
      categories: ['all'],
      columns: [
        column('Phase', '.status.phase', { description: 'The phase the data volume is in' }),
        column('Progress', '.status.progress', {
          description: 'Transfer progress in percentage if known, N/A otherwise',
        }),
        column('Restarts', '.status.restartCount', {
          type: 'integer',
          description: 'The number of times the transfer has been restarted.',
        }),
        age,
      ],
    },
  ),
];
