import type { MigrationConfiguration } from '../objects.ts';
import type { DefaultRole } from './roles.ts';

/** One thing that keeps a VMI from migrating, as virt-handler names it in the LiveMigratable condition. */
export type LiveMigratableCheck =
  | 'backend-storage'
  | 'disks'
  | 'network'
  | 'cpu-model'
  | 'virtiofs'
  | 'host-devices'
  | 'vgpu'
  | 'sev'
  | 'tdx'
  | 'secure-execution'
  | 'persistent-reservation'
  | 'tsc-frequency'
  | 'hyperv-passthrough';

/** Terms of the memory a launcher pod needs besides the guest's, in bytes (facts/kubevirt.md F3). */
export interface LauncherOverhead {
  monitor: number;
  launcher: number;
  virtlogd: number;
  virtqemud: number;
  qemu: number;
  perVcpu: number;
  ioThread: number;
  graphics: number;
  vfio: number;
  sev: number;
  tpm: number;
  dedicatedCpu: number;
}

/** What a node of the OpenShift release says of itself; builds are examples of their stream. */
export interface NodeSoftware {
  osImage: string;
  kernel: string;
  containerRuntime: string;
  /** Machine type of a VM that names none. */
  machineType: string;
  /** Machine types of virt-launcher's QEMU: its own and those of the RHEL releases before it, some of the older ones left out. */
  machineTypes: string[];
}

/** KubeVirt's names for what its metrics call differently from version to version (G1, G2). */
export interface MetricNames {
  /** Bytes of a migration in total. */
  migrationTotal?: string;
  /** Bytes per second that a migration sends; until 1.6 named as if it were the disks'. */
  migrationTransferRate: string;
  migrationStart?: string;
  migrationEnd?: string;
  /** Memory a guest writes within a second, whether it migrates or not. */
  dirtyRate?: string;
  migrationsUnset?: string;
  allocatableNodes: string;
  nodesWithKvm: string;
  vmiPhase: string;
  /** Memory a container could still ask for, by resident and by working set. */
  memoryMargin: [rss: string, workingSet: string];
}

/** What HyperConverged's CRD fills in (A10). */
export interface HyperConvergedMigrationDefaults {
  parallelMigrationsPerCluster: number;
  parallelOutboundMigrationsPerNode: number;
  completionTimeoutPerGiB: number;
  progressTimeout: number;
  allowAutoConverge: boolean;
  allowPostCopy: boolean;
  /** Only since 1.19: explicit, so that it does not follow allowPostCopy. */
  allowWorkloadDisruption?: boolean;
}

/** What differs between KubeVirt versions, as data. Letters in parentheses are sections of facts/kubevirt.md. */
export interface KubeVirtVersion {
  /** OpenShift Virtualization's minor version, e.g. `4.20`; `next`: not released yet. */
  cnv: string;
  /** KubeVirt's minor version, e.g. `1.6`. */
  name: string;
  minor: number;
  kubevirt: string;
  hyperConverged: string;
  openshiftVirtualization: string;
  openshift: string;
  kubernetes: string;
  cdi: string;
  node: NodeSoftware;

  /** KubeVirt's built-in migration settings; a migration's own are these with what is set over them (A8). */
  migrationDefaults: Required<
    Pick<
      MigrationConfiguration,
      | 'parallelMigrationsPerCluster'
      | 'parallelOutboundMigrationsPerNode'
      | 'bandwidthPerMigration'
      | 'completionTimeoutPerGiB'
      | 'progressTimeout'
      | 'allowAutoConverge'
      | 'allowPostCopy'
      | 'unsafeMigrationOverride'
      | 'nodeDrainTaintKey'
    >
  > & { utilityVolumesTimeout?: number; maxDowntimeMs?: number };
  /** allowWorkloadDisruption exists: at the time-out a guest may be paused, not only post-copied (A8, D1). */
  workloadDisruption: boolean;
  /** What a MigrationPolicy may set (A9). */
  policyFields: string[];
  /** A policy that matches but changes nothing is named on the VMI all the same (A9). */
  namesEveryPolicy: boolean;
  /** vmRolloutStrategy where none is set (A8). */
  rolloutStrategy: 'Stage' | 'LiveUpdate';

  /** What a fresh HyperConverged stores (A10). */
  hyperConvergedDefaults: HyperConvergedMigrationDefaults;
  /** API versions of HyperConverged, the preferred one first (A10). */
  hyperConvergedApi: { served: ('v1' | 'v1beta1')[]; stored: 'v1' | 'v1beta1' };

  /** The order in which virt-handler checks; the first failing one is the condition's reason (A4). */
  liveMigratableChecks: LiveMigratableCheck[];
  /** The condition StorageLiveMigratable exists (A4). */
  storageLiveMigratable: boolean;
  texts: {
    /** failureReason of an abort that somebody asked for (D2); the trailing space is KubeVirt's. */
    aborted: string;
    /** failureReason after so many (%d) seconds without progress. */
    stuck: string;
    /** failureReason when the completion time-out (%d) has passed. */
    timedOut: string;
    persistentReservation: string;
    podNetwork: string;
    /** A pod network without an interface, named %s; until 1.7 that was no obstacle. */
    noPrimaryInterface?: string;
    /** A host-model guest whose node does not tell its model (C1). */
    hostModelUnknown: string;
  };

  /** VirtualMachineInstanceMigration.spec's fields (A6). */
  migrationFields: string[];
  /** spec.priority (A6, B1): not there, behind the gate MigrationPriorityQueue, or always. */
  priorities: 'none' | 'gated' | 'always';
  /** Which virt-handler hands the VMI over at the end (A5). */
  handOver: 'source' | 'target';
  /** A target pod asks for the source's CPU vendor, from this patch version on (C1). */
  cpuVendorSince?: number;
  /** A migration's source node counts against the outbound limit until the migration is final (C1). */
  outboundCountsSourceNode: boolean;
  /** Finished migrations kept for each VMI (C1). */
  finishedMigrationsKept: number;
  /** Seconds (C1). */
  unschedulableTimeout: number;
  pendingTimeout: number;
  /** Parallel connections (D4): how many, and what of a VMI or its settings makes it one. */
  multifd: { threads: number; notWith: ('cpu-limit' | 'post-copy' | 'dedicated-cpu')[]; byAnnotation: boolean };
  /** The gate MigrationStallDetection exists (D5). */
  stallDetection: boolean;

  /** VMIs are protected by a PodDisruptionBudget each, which migrations raise (B4, C1). */
  disruptionBudgets: boolean;
  /** Evictions of a marked VMI's pod, and of a target pod, are answered by the webhook too; else the budget answers (B4). */
  refusesEveryEviction: boolean;
  /** The webhook on evictions of launchers fails closed, and is asked about launchers only; before, failurePolicy Ignore (KubeVirt pkg/virt-operator/resource/generate/components/webhooks.go). */
  evictionsFailClosed: boolean;
  /** Hotplug pods are guarded against eviction (B4). */
  guardsHotplugPods: boolean;
  /** The evacuate/cancel subresources, the condition EvictionRequested, the annotation eviction-source (A3, A7, I). */
  evacuationCancel: boolean;
  /** When the pod annotation eviction-in-progress is there: with a migration, or with the mark (J). */
  evictionInProgress: 'migration' | 'mark';

  /** Labels and names (A7, F1, F2). */
  labels: {
    /** Of a node whose kubelet has the static CPU manager. */
    cpuManager: string[];
    /** The one of them that pods select. */
    selectsCpuManager: string;
    /** Nodes tell, and pods select, machine types. */
    machineTypes: boolean;
    /** Of launcher pods: the VMI's name. */
    vmiName: string[];
    /** Nodes tell the architectures of VMs they can run. */
    vmArchitecture: boolean;
  };
  vmiFinalizer: string;
  runStrategies: string[];

  overhead: LauncherOverhead;
  /** Launcher pods and VMIs tell that overhead: not at all, or by the gate VmiMemoryOverheadReport in this stage (A5). */
  memoryOverheadReport: 'none' | 'alpha' | 'beta';
  /** The PCI topology that the VMI's mutator notes; known from a recording of v1.9 only. */
  pciTopology?: string;
  /** The VMI's mutator writes the memory request into its spec (F3). */
  storesMemoryRequest: boolean;

  metrics: MetricNames;
  /** The ClusterRoles that KubeVirt brings for users (I). */
  roles: DefaultRole[];
}
