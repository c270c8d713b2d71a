import { defaultRoles } from './roles.ts';
import { kubevirt14 } from './v1.4.ts';
import type { KubeVirtVersion } from './version.ts';

/** KubeVirt 1.5: OpenShift Virtualization 4.19. Role kubevirt.io:migrate, allowWorkloadDisruption, multifd; evictions are always refused. */
export const kubevirt15: KubeVirtVersion = {
  ...kubevirt14,
  cnv: '4.19',
  name: '1.5',
  minor: 5,
  kubevirt: 'v1.5.3',
  hyperConverged: '1.15.0',
  openshiftVirtualization: '4.19.0',
  openshift: '4.19.0',
  kubernetes: 'v1.32.5',
  cdi: 'v1.62.0',
  node: {
    osImage: 'Red Hat Enterprise Linux CoreOS 9.6.20250611-0 (Plow)',
    kernel: '5.14.0-570.22.1.el9_6.x86_64',
    containerRuntime: 'cri-o://1.32.5-2.rhaos4.19.git0000000.el9',
    machineType: 'pc-q35-rhel9.6.0',
    machineTypes: [...kubevirt14.node.machineTypes, 'pc-q35-rhel9.6.0'],
  },

  workloadDisruption: true,
  policyFields: [...kubevirt14.policyFields, 'allowWorkloadDisruption'],

  liveMigratableChecks: kubevirt14.liveMigratableChecks.filter((check) => check !== 'virtiofs'),
  multifd: { threads: 8, notWith: ['cpu-limit', 'post-copy'], byAnnotation: false },
  refusesEveryEviction: true,
  evictionsFailClosed: true,
  labels: { ...kubevirt14.labels, machineTypes: true },

  overhead: { ...kubevirt14.overhead, virtlogd: 25 * 2 ** 20 },
  metrics: { ...kubevirt14.metrics, migrationTotal: 'kubevirt_vmi_migration_data_total_bytes' },
  roles: defaultRoles(5),
};
