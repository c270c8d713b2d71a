import type { KubeVirtVersion } from '../model/versions/index.ts';

export type Value = string | number | boolean;

/** A live-migration setting: what it is called, and what it really does. */
export interface Parameter {
  name: string;
  type: 'integer' | 'boolean' | 'quantity' | 'text';
  unit?: string;
  /** KubeVirt's built-in value; undefined: none, or the version does not know the setting. */
  builtIn: (version: KubeVirtVersion) => Value | undefined;
  /** Whether the version knows it. */
  exists: (version: KubeVirtVersion) => boolean;
  /** Of HyperConverged: the name of the CRD's default; undefined: HyperConverged fills nothing in. */
  hcoDefault: (version: KubeVirtVersion) => Value | undefined;
  /** HyperConverged has a field for it. */
  inHco: (version: KubeVirtVersion) => boolean;
  /** The value that the mission's text documents as the default. */
  documented?: Value;
  /** What it really does, in a sentence or two. */
  does: string;
  /** What to know where the documentation says otherwise. */
  correction?: string;
}

type Defaults = Record<string, Value | undefined>;

const all = (): boolean => true;
const never = (): boolean => false;
const inDefaults =
  (name: string) =>
  ({ migrationDefaults }: KubeVirtVersion): Value | undefined =>
    (migrationDefaults as unknown as Defaults)[name];
const inHcoDefaults =
  (name: string) =>
  ({ hyperConvergedDefaults }: KubeVirtVersion): Value | undefined =>
    (hyperConvergedDefaults as unknown as Defaults)[name];

type Told = Pick<Parameter, 'name' | 'type' | 'does'> & Partial<Parameter>;

/** A setting that HyperConverged has a field for, in all versions. */
function ofBoth(told: Told): Parameter {
  const { name } = told;
  return { builtIn: inDefaults(name), exists: all, hcoDefault: inHcoDefaults(name), inHco: all, ...told };
}

/** A setting of KubeVirt's CR only. */
function ofKubeVirt(told: Told): Parameter {
  return { builtIn: inDefaults(told.name), exists: all, hcoDefault: () => undefined, inHco: never, ...told };
}

/**
 * The mission's "Configuration Parameters" first, then what else KubeVirt has (facts/kubevirt.md A8, A10). What they do
 * is from facts/kubevirt.md D and H, and facts/anchors.md 6, where the mission's text says otherwise.
 */
export const parameters: readonly Parameter[] = [
  ofBoth({
    name: 'parallelMigrationsPerCluster',
    type: 'integer',
    unit: 'migrations',
    documented: 5,
    does: 'How many migrations may be under way in the cluster, counted from the moment one has a target pod. Those beyond it wait in Pending, without a condition or an event; none is rejected.',
  }),
  ofBoth({
    name: 'parallelOutboundMigrationsPerNode',
    type: 'integer',
    unit: 'migrations',
    documented: 2,
    does: 'How many migrations may leave one node at once; nothing limits how many arrive at one. They share the link of the node, and each converges more slowly for it.',
    correction:
      'The best-practice guide says to keep it at 2; HyperConverged 1.19 makes it 1 for new installations, for the sake of convergence.',
  }),
  ofBoth({
    name: 'bandwidthPerMigration',
    type: 'quantity',
    unit: 'bytes/s',
    documented: '64Mi',
    does: 'The most bytes per second a migration may send before its last copy; 0 is no limit. KubeVirt passes it on in whole MiB/s, and with several connections (multifd) QEMU may not keep to it.',
    correction:
      'The best-practice guide documents 64Mi as the default; since OpenShift Virtualization 4.9 there is no limit unless somebody sets one.',
  }),
  ofBoth({
    name: 'completionTimeoutPerGiB',
    type: 'integer',
    unit: 's per started 10^9 bytes',
    documented: 800,
    does: 'How long a migration may take: this number for each started 10^9 bytes (not GiB) of guest memory and of local and migrated disks. Then it is aborted, or switched to post-copy, or the guest is paused. 0: for ever.',
    correction:
      'The best-practice guide documents 800; that was the default of 4.17 and before. It is 150 since 4.18, and 20 in HyperConverged 1.19.',
  }),
  ofBoth({
    name: 'progressTimeout',
    type: 'integer',
    unit: 's',
    documented: 150,
    does: 'How long the data left to copy may fail to shrink even once between two looks, 0.4 s apart. It finds a dead connection only: a guest that writes faster than it is copied makes "progress" all the time. 0: never.',
    correction:
      'The best-practice guide says to raise it for large VMs; their size does not matter to it, and it does not tell non-convergence.',
  }),
  ofBoth({
    name: 'network',
    type: 'text',
    documented: '',
    does: 'The NetworkAttachmentDefinition of a network of its own for migrations, in the namespace of virt-handler. A change restarts virt-handler on every node, one after the other.',
  }),
  ofBoth({
    name: 'allowAutoConverge',
    type: 'boolean',
    does: "Lets QEMU slow a guest's vCPUs, from 20 % up to 99 %, when it writes faster than it is copied.",
  }),
  ofBoth({
    name: 'allowPostCopy',
    type: 'boolean',
    does: 'When the completion time-out has passed, lets the guest go on at the target and fetch the rest of its memory from there. A broken connection then costs the guest. From KubeVirt 1.5 to 1.8 allowing it also makes every migration use one connection instead of eight.',
  }),
  ofBoth({
    name: 'allowWorkloadDisruption',
    type: 'boolean',
    exists: ({ workloadDisruption }) => workloadDisruption,
    inHco: ({ hyperConvergedDefaults }) => hyperConvergedDefaults.allowWorkloadDisruption !== undefined,
    does: 'When the completion time-out has passed, lets KubeVirt switch to post-copy if that is allowed, else pause the guest until it is copied. Where it is not set it follows allowPostCopy.',
  }),
  ofKubeVirt({
    name: 'maxDowntimeMs',
    type: 'integer',
    unit: 'ms',
    exists: ({ migrationDefaults }) => migrationDefaults.maxDowntimeMs !== undefined,
    does: 'How long a guest may stand still at the end of a migration that stalled; only with the feature gate MigrationStallDetection, else QEMU has 300 ms.',
  }),
  ofKubeVirt({
    name: 'utilityVolumesTimeout',
    type: 'integer',
    unit: 's',
    exists: ({ migrationDefaults }) => migrationDefaults.utilityVolumesTimeout !== undefined,
    does: 'How long a migration waits for utility volumes to be detached before it fails.',
  }),
  ofKubeVirt({
    name: 'unsafeMigrationOverride',
    type: 'boolean',
    does: 'Turns off libvirt\'s check that a migration is safe for the data on its disks ("unsafe migration").',
  }),
  ofKubeVirt({
    name: 'disableTLS',
    type: 'boolean',
    builtIn: () => false,
    does: 'Sends the memory of guests through the network unencrypted.',
  }),
  ofKubeVirt({
    name: 'nodeDrainTaintKey',
    type: 'text',
    does: 'Deprecated: a taint with this key evacuates a node. Cordon and drain instead.',
  }),
  ofKubeVirt({
    name: 'matchSELinuxLevelOnMigration',
    type: 'boolean',
    builtIn: () => true,
    does: "Gives the target pod the SELinux level of the source pod, so that both can use shared files. Turn it off only for storage that doesn't mind.",
  }),
];

const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));

export function parameterOf(name: string): Parameter | undefined {
  return byName.get(name);
}

/** What HyperConverged's users find when they set nothing: the CRD's default, else KubeVirt's built-in value. */
export function defaultOf(parameter: Parameter, version: KubeVirtVersion, hco: boolean): Value | undefined {
  return (hco ? parameter.hcoDefault(version) : undefined) ?? parameter.builtIn(version);
}
