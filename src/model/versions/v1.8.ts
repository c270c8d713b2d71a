import { defaultRoles } from './roles.ts';
import { kubevirt17 } from './v1.7.ts';
import type { KubeVirtVersion } from './version.ts';

/** KubeVirt 1.8: OpenShift Virtualization 4.22. HyperConverged v1 appears; utility volumes; kubevirt.io/cpumanager. */
export const kubevirt18: KubeVirtVersion = {
  ...kubevirt17,
  cnv: '4.22',
  name: '1.8',
  minor: 8,
  kubevirt: 'v1.8.4',
  hyperConverged: '1.18.1',
  openshiftVirtualization: '4.22.0',
  openshift: '4.22.0',
  kubernetes: 'v1.35.1',
  cdi: 'v1.65.0',
  node: {
    ...kubevirt17.node,
    osImage: 'Red Hat Enterprise Linux CoreOS 9.8.20260602-0 (Plow)',
    kernel: '5.14.0-687.5.1.el9_8.x86_64',
    containerRuntime: 'cri-o://1.35.1-2.rhaos4.22.git0000000.el9',
  },

  migrationDefaults: { ...kubevirt17.migrationDefaults, utilityVolumesTimeout: 150 },
  hyperConvergedApi: { served: ['v1', 'v1beta1'], stored: 'v1beta1' },

  texts: {
    ...kubevirt17.texts,
    podNetwork: 'cannot migrate VMI which does not use masquerade or a migratable plugin to connect to the pod network',
    noPrimaryInterface: 'no primary interface found for network %s',
  },

  cpuVendorSince: 0,
  memoryOverheadReport: 'alpha',
  labels: {
    ...kubevirt17.labels,
    cpuManager: ['cpumanager', 'kubevirt.io/cpumanager'],
    selectsCpuManager: 'kubevirt.io/cpumanager',
  },

  metrics: {
    ...kubevirt17.metrics,
    migrationTotal: 'kubevirt_vmi_migration_data_bytes_total',
    allocatableNodes: 'cluster:kubevirt_nodes_allocatable:count',
    nodesWithKvm: 'cluster:kubevirt_nodes_with_kvm:count',
    vmiPhase: 'node:kubevirt_vmi_phase:sum',
  },
  roles: defaultRoles(8),
};
