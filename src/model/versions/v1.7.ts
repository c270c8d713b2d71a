import { defaultRoles } from './roles.ts';
import { kubevirt16 } from './v1.6.ts';
import type { KubeVirtVersion } from './version.ts';

/** KubeVirt 1.7: OpenShift Virtualization 4.21. An evacuation can be cancelled; priorities, behind a gate. */
export const kubevirt17: KubeVirtVersion = {
  ...kubevirt16,
  cnv: '4.21',
  name: '1.7',
  minor: 7,
  kubevirt: 'v1.7.4',
  hyperConverged: '1.17.0',
  openshiftVirtualization: '4.21.0',
  openshift: '4.21.0',
  kubernetes: 'v1.34.2',
  cdi: 'v1.64.0',
  node: {
    ...kubevirt16.node,
    osImage: 'Red Hat Enterprise Linux CoreOS 9.6.20260113-0 (Plow)',
    kernel: '5.14.0-570.73.1.el9_6.x86_64',
    containerRuntime: 'cri-o://1.34.3-2.rhaos4.21.git0000000.el9',
  },

  liveMigratableChecks: kubevirt16.liveMigratableChecks.flatMap((check) =>
    check === 'sev' ? [check, 'tdx'] : [check],
  ),
  texts: { ...kubevirt16.texts, persistentReservation: 'VMI uses SCSI persistent reservation' },

  migrationFields: [...kubevirt16.migrationFields, 'priority'],
  priorities: 'gated',
  cpuVendorSince: 1,
  evacuationCancel: true,
  labels: { ...kubevirt16.labels, vmiName: ['vm.kubevirt.io/name', 'vmi.kubevirt.io/id'] },
  vmiFinalizer: 'kubevirt.io/foregroundDeleteVirtualMachine',

  metrics: {
    ...kubevirt16.metrics,
    migrationTransferRate: 'kubevirt_vmi_migration_memory_transfer_rate_bytes',
    memoryMargin: [
      'kubevirt_vm_container_memory_request_margin_based_on_rss_bytes',
      'kubevirt_vm_container_memory_request_margin_based_on_working_set_bytes',
    ],
  },
  roles: defaultRoles(7),
};
