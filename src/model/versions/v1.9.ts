import { defaultRoles } from './roles.ts';
import { kubevirt18 } from './v1.8.ts';
import type { KubeVirtVersion } from './version.ts';

/**
 * KubeVirt 1.9: the next OpenShift Virtualization. New defaults in HyperConverged, which stores v1; priorities for
 * everything KubeVirt starts; one text for all aborts. That its OpenShift will be 4.23 is a guess; its Kubernetes is
 * what HCO 1.19 is built with.
 */
export const kubevirt19: KubeVirtVersion = {
  ...kubevirt18,
  cnv: 'next',
  name: '1.9',
  minor: 9,
  kubevirt: 'v1.9.0',
  hyperConverged: '1.19.0',
  openshiftVirtualization: '4.23.0',
  openshift: '4.23.0',
  kubernetes: 'v1.36.2',
  cdi: 'v1.66.0',
  node: {
    ...kubevirt18.node,
    osImage: 'Red Hat Enterprise Linux CoreOS 9.8.20260930-0 (Plow)',
    containerRuntime: 'cri-o://1.36.0-1.rhaos4.23.git0000000.el9',
  },

  migrationDefaults: { ...kubevirt18.migrationDefaults, maxDowntimeMs: 900 },
  policyFields: [...kubevirt18.policyFields, 'maxDowntimeMs', 'experimental'],
  namesEveryPolicy: true,

  hyperConvergedDefaults: {
    ...kubevirt18.hyperConvergedDefaults,
    parallelOutboundMigrationsPerNode: 1,
    completionTimeoutPerGiB: 20,
    allowWorkloadDisruption: false,
  },
  hyperConvergedApi: { served: ['v1', 'v1beta1'], stored: 'v1' },

  // A target pod keeps away from others that reserve; the condition does not ask any more.
  liveMigratableChecks: kubevirt18.liveMigratableChecks.flatMap((check) =>
    check === 'persistent-reservation' ? [] : check === 'host-devices' ? ['vgpu'] : [check],
  ),
  texts: {
    ...kubevirt18.texts,
    aborted: 'Live migration has been aborted',
    stuck: 'Live migration has been aborted',
    timedOut: 'Live migration has been aborted',
  },

  priorities: 'always',
  multifd: { threads: 8, notWith: ['cpu-limit', 'dedicated-cpu'], byAnnotation: false },
  stallDetection: true,
  memoryOverheadReport: 'beta',
  pciTopology: 'v3',
  labels: { ...kubevirt18.labels, vmArchitecture: true },
  roles: defaultRoles(9),
};
