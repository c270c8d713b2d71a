import type { MigrationConfiguration } from '../objects.ts';
import type { DefaultRole } from './roles.ts';

/** One thing that keeps a VMI from migrating, as virt-handler names it in the LiveMigratable condition. */
export type LiveMigratableCheck =
  | 'disks'
  | 'network'
  | 'cpu-model'
  | 'host-devices'
  | 'sev'
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
  /** 1/512 of resources.requests.memory for page tables; v1.6+ counts nothing when only memory.guest is set. */
  pageTablesFromGuest: boolean;
}

/** What differs between KubeVirt versions, as data. Sources: facts/kubevirt.md, by section. */
export interface KubeVirtVersion {
  /** Minor version, e.g. `1.6`. */
  name: string;
  kubevirt: string;
  hyperConverged: string;
  openshiftVirtualization: string;
  openshift: string;
  kubernetes: string;
  /** KubeVirt's built-in migration settings (A8). */
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
  >;
  /** What a fresh HyperConverged stores (A10). */
  hyperConvergedDefaults: {
    parallelMigrationsPerCluster: number;
    parallelOutboundMigrationsPerNode: number;
    completionTimeoutPerGiB: number;
    progressTimeout: number;
    allowAutoConverge: boolean;
    allowPostCopy: boolean;
  };
  /** The order in which virt-handler checks; the first failing one is the condition's reason (A4). */
  liveMigratableChecks: LiveMigratableCheck[];
  texts: {
    /** failureReason of an abort that somebody asked for (D2); the trailing space is KubeVirt's. */
    aborted: string;
    persistentReservation: string;
    podNetwork: string;
  };
  overhead: LauncherOverhead;
  /** multifd connections when nothing turns them off (D4). */
  multifdThreads: number;
  /** Finished migrations kept for each VMI (C1). */
  finishedMigrationsKept: number;
  /** A migration's source node counts against the outbound limit until the migration is final (C1, v1.6+). */
  outboundCountsSourceNode: boolean;
  /** Seconds (C1). */
  unschedulableTimeout: number;
  pendingTimeout: number;
  /** The ClusterRoles that KubeVirt brings for users (I). */
  roles: DefaultRole[];
}
