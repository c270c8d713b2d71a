import { defaultRoles } from './roles.ts';
import type { KubeVirtVersion } from './version.ts';

const MiB = 2 ** 20;

/** KubeVirt 1.3: OpenShift Virtualization 4.17. The later versions say what they changed. */
export const kubevirt13: KubeVirtVersion = {
  cnv: '4.17',
  name: '1.3',
  minor: 3,
  kubevirt: 'v1.3.1',
  hyperConverged: '1.13.0',
  openshiftVirtualization: '4.17.0',
  openshift: '4.17.0',
  kubernetes: 'v1.30.4',
  cdi: 'v1.60.5',
  node: {
    osImage: 'Red Hat Enterprise Linux CoreOS 417.94.202410160000-0',
    kernel: '5.14.0-427.40.1.el9_4.x86_64',
    containerRuntime: 'cri-o://1.30.6-2.rhaos4.17.git0000000.el9',
    machineType: 'pc-q35-rhel9.4.0',
    machineTypes: ['pc-q35-rhel8.6.0', 'pc-q35-rhel9.0.0', 'pc-q35-rhel9.2.0', 'pc-q35-rhel9.4.0', 'q35'],
  },

  migrationDefaults: {
    parallelMigrationsPerCluster: 5,
    parallelOutboundMigrationsPerNode: 2,
    bandwidthPerMigration: '0',
    completionTimeoutPerGiB: 800,
    progressTimeout: 150,
    allowAutoConverge: false,
    allowPostCopy: false,
    unsafeMigrationOverride: false,
    nodeDrainTaintKey: 'kubevirt.io/drain',
  },
  workloadDisruption: false,
  policyFields: ['allowAutoConverge', 'bandwidthPerMigration', 'completionTimeoutPerGiB', 'allowPostCopy'],
  namesEveryPolicy: false,
  rolloutStrategy: 'Stage',

  hyperConvergedDefaults: {
    parallelMigrationsPerCluster: 5,
    parallelOutboundMigrationsPerNode: 2,
    completionTimeoutPerGiB: 800,
    progressTimeout: 150,
    allowAutoConverge: false,
    allowPostCopy: false,
  },
  hyperConvergedApi: { served: ['v1beta1'], stored: 'v1beta1' },

  liveMigratableChecks: [
    'backend-storage',
    'disks',
    'network',
    'cpu-model',
    'virtiofs',
    'host-devices',
    'sev',
    'persistent-reservation',
    'tsc-frequency',
    'hyperv-passthrough',
  ],
  storageLiveMigratable: false,
  texts: {
    aborted: 'Live migration aborted ',
    stuck: 'Live migration stuck for %d seconds and has been aborted',
    timedOut: 'Live migration is not completed after %d seconds and has been aborted',
    persistentReservation: 'VMI uses SCSI persitent reservation',
    podNetwork:
      'cannot migrate VMI which does not use masquerade, bridge with kubevirt.io/allow-pod-bridge-network-live-migration VM annotation or a migratable plugin to connect to the pod network',
    hostModelUnknown:
      'node does not contain labal "host-model-cpu.node.kubevirt.io/" with information about host cpu model',
  },

  migrationFields: ['vmiName'],
  priorities: 'none',
  handOver: 'source',
  outboundCountsSourceNode: false,
  finishedMigrationsKept: 5,
  unschedulableTimeout: 300,
  pendingTimeout: 900,
  multifd: { threads: 1, notWith: [], byAnnotation: true },
  stallDetection: false,

  disruptionBudgets: true,
  refusesEveryEviction: false,
  evictionsFailClosed: false,
  guardsHotplugPods: false,
  evacuationCancel: false,
  evictionInProgress: 'migration',

  labels: {
    cpuManager: ['cpumanager'],
    selectsCpuManager: 'cpumanager',
    machineTypes: false,
    vmiName: ['vm.kubevirt.io/name'],
    vmArchitecture: false,
  },
  vmiFinalizer: 'foregroundDeleteVirtualMachine',
  runStrategies: ['Always', 'Halted', 'Manual', 'RerunOnFailure', 'Once'],

  overhead: {
    monitor: 25 * MiB,
    launcher: 100 * MiB,
    virtlogd: 20 * MiB,
    virtqemud: 35 * MiB,
    qemu: 30 * MiB,
    perVcpu: 8 * MiB,
    ioThread: 8 * MiB,
    graphics: 32 * MiB,
    vfio: 1024 * MiB,
    sev: 256 * MiB,
    tpm: 53 * MiB,
    dedicatedCpu: 100 * MiB,
  },
  memoryOverheadReport: 'none',
  storesMemoryRequest: true,

  metrics: {
    migrationTransferRate: 'kubevirt_vmi_migration_disk_transfer_rate_bytes',
    allocatableNodes: 'kubevirt_allocatable_nodes',
    nodesWithKvm: 'kubevirt_nodes_with_kvm',
    vmiPhase: 'kubevirt_vmi_phase_count',
    memoryMargin: [
      'kubevirt_vm_container_free_memory_bytes_based_on_rss',
      'kubevirt_vm_container_free_memory_bytes_based_on_working_set_bytes',
    ],
  },
  roles: defaultRoles(3),
};
