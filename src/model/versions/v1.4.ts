import { defaultRoles } from './roles.ts';
import { kubevirt13 } from './v1.3.ts';
import type { KubeVirtVersion } from './version.ts';

/** KubeVirt 1.4: OpenShift Virtualization 4.18. The completion time-out falls to 150 s, volumes migrate. */
export const kubevirt14: KubeVirtVersion = {
  ...kubevirt13,
  cnv: '4.18',
  name: '1.4',
  minor: 4,
  kubevirt: 'v1.4.1',
  hyperConverged: '1.14.0',
  openshiftVirtualization: '4.18.0',
  openshift: '4.18.0',
  kubernetes: 'v1.31.5',
  cdi: 'v1.61.5',
  node: {
    ...kubevirt13.node,
    osImage: 'Red Hat Enterprise Linux CoreOS 418.94.202502100000-0',
    kernel: '5.14.0-427.50.1.el9_4.x86_64',
    containerRuntime: 'cri-o://1.31.5-2.rhaos4.18.git0000000.el9',
  },

  migrationDefaults: { ...kubevirt13.migrationDefaults, completionTimeoutPerGiB: 150 },
  hyperConvergedDefaults: { ...kubevirt13.hyperConvergedDefaults, completionTimeoutPerGiB: 150 },

  // Backend storage on a ReadWriteOnce claim gets a claim of its own on the target.
  liveMigratableChecks: kubevirt13.liveMigratableChecks.filter((check) => check !== 'backend-storage'),
  storageLiveMigratable: true,

  overhead: { ...kubevirt13.overhead, virtqemud: 40 * 2 ** 20 },
  metrics: {
    ...kubevirt13.metrics,
    migrationsUnset: 'kubevirt_vmi_migrations_in_unset_phase',
    migrationStart: 'kubevirt_vmi_migration_start_time_seconds',
    migrationEnd: 'kubevirt_vmi_migration_end_time_seconds',
  },
  roles: defaultRoles(4),
};
