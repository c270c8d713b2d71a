import { defaultRoles } from './roles.ts';
import { kubevirt15 } from './v1.5.ts';
import type { KubeVirtVersion } from './version.ts';

/** KubeVirt 1.6: OpenShift Virtualization 4.20. addedNodeSelector; the target takes over; no disruption budgets any more. */
export const kubevirt16: KubeVirtVersion = {
  ...kubevirt15,
  cnv: '4.20',
  name: '1.6',
  minor: 6,
  kubevirt: 'v1.6.6',
  hyperConverged: '1.16.0',
  openshiftVirtualization: '4.20.0',
  openshift: '4.20.0',
  kubernetes: 'v1.33.5',
  cdi: 'v1.63.1',
  node: {
    ...kubevirt15.node,
    osImage: 'Red Hat Enterprise Linux CoreOS 9.6.20251015-1 (Plow)',
    kernel: '5.14.0-570.49.1.el9_6.x86_64',
    containerRuntime: 'cri-o://1.33.5-2.rhaos4.20.git0000000.el9',
  },

  rolloutStrategy: 'LiveUpdate',

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
    ...kubevirt15.texts,
    hostModelUnknown:
      'unable to locate host cpu model, does not contain label "host-model-cpu.node.kubevirt.io/" with information',
  },

  migrationFields: ['vmiName', 'addedNodeSelector', 'sendTo', 'receive'],
  handOver: 'target',
  // pkg/virt-controller/watch/migration/migration.go: not in v1.6.3 and v1.7.0, but in v1.6.4 and v1.7.1.
  cpuVendorSince: 4,
  outboundCountsSourceNode: true,

  disruptionBudgets: false,
  guardsHotplugPods: true,
  evictionInProgress: 'mark',
  runStrategies: [...kubevirt15.runStrategies, 'WaitAsReceiver'],
  storesMemoryRequest: false,

  metrics: { ...kubevirt15.metrics, dirtyRate: 'kubevirt_vmi_dirty_rate_bytes_per_second' },
  roles: defaultRoles(6),
};
