import { defaultRoles } from './roles.ts';
import type { KubeVirtVersion } from './version.ts';

const MiB = 2 ** 20;

/** KubeVirt 1.6: OpenShift Virtualization 4.20. */
export const kubevirt16: KubeVirtVersion = {
  name: '1.6',
  kubevirt: 'v1.6.6',
  hyperConverged: '1.16.0',
  openshiftVirtualization: '4.20.0',
  openshift: '4.20.0',
  kubernetes: 'v1.33.5',
  migrationDefaults: {
    parallelMigrationsPerCluster: 5,
    parallelOutboundMigrationsPerNode: 2,
    bandwidthPerMigration: '0',
    completionTimeoutPerGiB: 150,
    progressTimeout: 150,
    allowAutoConverge: false,
    allowPostCopy: false,
    unsafeMigrationOverride: false,
    nodeDrainTaintKey: 'kubevirt.io/drain',
  },
  hyperConvergedDefaults: {
    parallelMigrationsPerCluster: 5,
    parallelOutboundMigrationsPerNode: 2,
    completionTimeoutPerGiB: 150,
    progressTimeout: 150,
    allowAutoConverge: false,
    allowPostCopy: false,
  },
  liveMigratableChecks: [
    'network',
    'cpu-model',
    'host-devices',
    'sev',
    'secure-execution',
    'persistent-reservation',
    'tsc-frequency',
    'hyperv-passthrough',
    'disks',
  ],
  texts: {
    aborted: 'Live migration aborted ',
    persistentReservation: 'VMI uses SCSI persitent reservation',
    podNetwork:
      'cannot migrate VMI which does not use masquerade, bridge with kubevirt.io/allow-pod-bridge-network-live-migration VM annotation or a migratable plugin to connect to the pod network',
  },
  overhead: {
    monitor: 25 * MiB,
    launcher: 100 * MiB,
    virtlogd: 25 * MiB,
    virtqemud: 40 * MiB,
    qemu: 30 * MiB,
    perVcpu: 8 * MiB,
    ioThread: 8 * MiB,
    graphics: 32 * MiB,
    vfio: 1024 * MiB,
    sev: 256 * MiB,
    tpm: 53 * MiB,
    dedicatedCpu: 100 * MiB,
    pageTablesFromGuest: false,
  },
  multifdThreads: 8,
  finishedMigrationsKept: 5,
  outboundCountsSourceNode: true,
  unschedulableTimeout: 300,
  pendingTimeout: 900,
  roles: defaultRoles(6),
};
