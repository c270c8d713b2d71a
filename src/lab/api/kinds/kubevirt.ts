import type { KubeVirtVersion } from '../../../model/versions/index.ts';
import { age, column, customAge, type Kind, wide } from './kind.ts';
import { kubevirtConditions, migrationConfiguration, migrationStatus, policySettings } from './migration-schema.ts';
import { boolean, integer, labels, list, object, open, type Schema, string, whole } from './schema.ts';
import { vmiSpec, vmiStatus } from './vmi-schema.ts';

// KubeVirt's kinds (facts/kubevirt.md A1), at KubeVirt 1.3 to 1.9.

const kubevirt = (
  kind: string,
  shortName: string,
  schema: Schema,
  more: Partial<Kind> & Pick<Kind, 'columns'>,
): Kind => ({
  group: 'kubevirt.io',
  versions: ['v1', 'v1alpha3'],
  storage: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  shortNames: [shortName, `${shortName}s`],
  categories: ['all'],
  namespaced: true,
  custom: true,
  status: true,
  schema,
  ...more,
});

const template = object('The VirtualMachineInstance that is started.', {
  metadata: open('Labels and annotations of the VMI.', {}, { nullable: true }),
  spec: vmiSpec,
});

const virtualMachine = ({ runStrategies }: KubeVirtVersion): Schema =>
  whole(
    'A virtual machine, running or stopped.',
    {
      spec: object(
        'What is wanted.',
        {
          runStrategy: string(`${runStrategies.join(', ')}. Excludes running.`),
          running: boolean('Deprecated: whether it runs. Excludes runStrategy.'),
          template,
          dataVolumeTemplates: {
            type: 'array',
            description: 'DataVolumes that are made with the VM.',
            items: open('A DataVolume.'),
          },
          instancetype: open('The instance type sizes come from.'),
          preference: open('The preference defaults come from.'),
          updateVolumesStrategy: string('What a change of volumes does: Replacement or Migration.'),
        },
        { required: ['template'] },
      ),
      status: open('What is.', {
        created: boolean('Whether its VMI exists.'),
        ready: boolean('Whether its VMI is ready.'),
        printableStatus: string('Its state in one word.'),
        runStrategy: string('The run strategy in force.'),
        conditions: kubevirtConditions,
        observedGeneration: integer('The newest generation the controller has seen.', 'int64'),
        desiredGeneration: integer('The generation that is wanted.', 'int64'),
      }),
    },
    { required: ['spec'] },
  );

const migrationSpec: Record<string, Schema> = {
  vmiName: string('The name of the VMI to migrate. It must be in the same namespace.'),
  addedNodeSelector: labels(
    'Labels the target node must have besides those the VMI asks for. It can only narrow the choice of nodes.',
  ),
  sendTo: object(
    'Migrates to another cluster, as the source.',
    {
      connectURL: string('The address of the synchronization controller of the target.'),
      migrationID: string('What source and target call this migration.'),
    },
    { required: ['connectURL', 'migrationID'] },
  ),
  receive: object(
    'Migrates from another cluster, as the target.',
    { migrationID: string('What source and target call this migration.') },
    { required: ['migrationID'] },
  ),
  priority: string('system-critical, user-triggered or system-maintenance. Only virt-controller may set it.'),
};

const migration = (version: KubeVirtVersion): Schema => {
  const { migrationFields } = version;
  const spec = Object.fromEntries(Object.entries(migrationSpec).filter(([name]) => migrationFields.includes(name)));
  return whole(
    "A virtual machine instance's move to another node while it runs.",
    { spec: object('What is moved.', spec), status: migrationStatus(version) },
    { required: ['spec'] },
  );
};

const kubeVirt = (version: KubeVirtVersion): Schema =>
  whole(
    'The installation of KubeVirt and its configuration.',
    {
      spec: open('What is wanted.', {
        configuration: open('How KubeVirt behaves.', {
          migrations: migrationConfiguration(version),
          evictionStrategy: string('The default of all VMs: None, LiveMigrate, LiveMigrateIfPossible or External.'),
          cpuModel: string('The default CPU model.'),
          vmRolloutStrategy: string('Stage or LiveUpdate.', { nullable: true }),
          developerConfiguration: open('Feature gates and ratios.', {
            featureGates: {
              type: 'array',
              description: 'Experimental features that are on.',
              items: { type: 'string' },
            },
            ...(version.minor >= 8
              ? {
                  disabledFeatureGates: {
                    type: 'array',
                    description: 'Features that are off.',
                    items: { type: 'string' },
                  },
                }
              : {}),
            cpuAllocationRatio: integer('Virtual CPUs per requested physical CPU.'),
            memoryOvercommit: integer('Guest memory in percent of requested memory.'),
          }),
        }),
        workloadUpdateStrategy: open('How running VMs get a new launcher.', {
          workloadUpdateMethods: list('LiveMigrate, Evict.', { type: 'string' }),
          batchEvictionSize: integer('How many at once.'),
          batchEvictionInterval: string('How long between two batches.'),
        }),
        infra: open('Where the control plane runs.'),
        workloads: open('Where VMs run.'),
      }),
      status: open('What is.', {
        phase: string('Deploying, Deployed, Deleting ...'),
        observedKubeVirtVersion: string('The version that is installed.'),
        conditions: kubevirtConditions,
      }),
    },
    { required: ['spec'] },
  );

const migrationPolicy = (version: KubeVirtVersion): Schema =>
  whole(
    'Live-migration settings of a group of VMs.',
    {
      spec: object(
        'Which VMs, and their settings.',
        {
          ...policySettings(version),
          selectors: object('Which VMs: all pairs must be there. Policies with more pairs win.', {
            namespaceSelector: labels("Labels of the VM's namespace."),
            virtualMachineInstanceSelector: labels('Labels of the VMI.'),
          }),
        },
        { required: ['selectors'] },
      ),
      status: open('', {}, { nullable: true }),
    },
    { required: ['spec'] },
  );

/** backup.kubevirt.io, as far as the lab carries it out (KubeVirt 1.8; facts/kubevirt.md A1). */
const backup: Kind = {
  group: 'backup.kubevirt.io',
  versions: ['v1alpha1'],
  storage: 'v1alpha1',
  kind: 'VirtualMachineBackup',
  plural: 'virtualmachinebackups',
  singular: 'virtualmachinebackup',
  shortNames: ['vmbackup', 'vmbackups'],
  categories: ['all'],
  namespaced: true,
  custom: true,
  status: true,
  schema: whole(
    "A backup of a virtual machine's disks.",
    {
      spec: object(
        'What is backed up, and where to.',
        {
          source: open('The VirtualMachine.', { kind: string('VirtualMachine.'), name: string('Its name.') }),
          mode: string('Push or Pull.'),
          pvcName: string('The claim it is written to.'),
          skipQuiesce: boolean('Whether the guest is not quiesced.'),
          forceFullBackup: boolean('Whether it is full, whatever is known of an earlier one.'),
        },
        { required: ['source'] },
      ),
      status: open('How it goes.', { type: string('Full or Incremental.'), conditions: kubevirtConditions }),
    },
    { required: ['spec'] },
  ),
  columns: [customAge],
};

const READY = ".status.conditions[?(@.type=='Ready')].status";

/** KubeVirt's kinds as a version has them; what it lacks is pruned. */
export const kubevirtKinds = (version: KubeVirtVersion): Kind[] => [
  ...(version.minor >= 8 ? [backup] : []),
  kubevirt('VirtualMachine', 'vm', virtualMachine(version), {
    rules: true,
    columns: [
      age,
      column('Status', '.status.printableStatus', { description: 'Human Readable Status' }),
      column('Ready', READY),
    ],
  }),
  kubevirt(
    'VirtualMachineInstance',
    'vmi',
    whole('A virtual machine that runs.', { spec: vmiSpec, status: vmiStatus(version) }, { required: ['spec'] }),
    {
      // VMIs have no status subresource in any version: their status is written by plain PUT and PATCH.
      status: false,
      rules: true,
      columns: [
        age,
        column('Phase', '.status.phase'),
        column('IP', '.status.interfaces[0].ipAddress'),
        column('NodeName', '.status.nodeName'),
        column('Ready', READY),
        wide('Live-Migratable', ".status.conditions[?(@.type=='LiveMigratable')].status"),
        wide('Paused', ".status.conditions[?(@.type=='Paused')].status"),
      ],
    },
  ),
  kubevirt('VirtualMachineInstanceMigration', 'vmim', migration(version), {
    columns: [
      column('Phase', '.status.phase', { description: 'The current phase of VM instance migration' }),
      column('VMI', '.spec.vmiName', { description: 'The name of the VMI to perform the migration on' }),
    ],
  }),
  kubevirt('KubeVirt', 'kv', kubeVirt(version), { columns: [age, column('Phase', '.status.phase')] }),
  {
    group: 'migrations.kubevirt.io',
    versions: ['v1alpha1'],
    storage: 'v1alpha1',
    kind: 'MigrationPolicy',
    plural: 'migrationpolicies',
    singular: 'migrationpolicy',
    namespaced: false,
    custom: true,
    status: true,
    schema: migrationPolicy(version),
    columns: [customAge],
  },
];
