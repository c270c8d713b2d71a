/** Causes that test/causes-vms.lab.test.ts produces, and nearly produces. */
export const shownForVms = [
  'drain/disruption-budget',
  'drain/evacuation-stuck',
  'drain/external-strategy',
  'drain/not-migratable',
  'kubevirt/upgrade',
  'moves/again-and-again',
  'moves/drain',
  'moves/live-update',
  'moves/retry-loop',
  'moves/upgrade',
  'moves/workload-updater',
  'network/pod-bridge',
  'node/not-ready',
  'vm/io-error',
  'vm/no-node',
  'vm/outdated-launcher',
  'vm/preempted',
  'vm/restart-required',
  'vm/restarted-after-node-loss',
  'vm/restarted-by-drain',
  'vm/stale-launcher',
] as const;

/** Causes that test/causes-nodes.lab.test.ts produces, and nearly produces. */
export const shownForNodes = [
  'handler/network-fails',
  'handler/network-missing',
  'handler/no-address',
  'handler/no-address-left',
  'handler/not-ready',
  'handler/rollout',
  'handler/silent',
  'moves/cluster-autoscaler',
  'moves/machine-config',
  'network/attachment-missing',
  'node/cordoned-and-forgotten',
  'node/drain-taint',
  'node/machine-config',
  'node/outbound-slots',
] as const;

/** Causes that test/causes-cluster.lab.test.ts produces, and nearly produces. */
export const shownForClusters = [
  'cluster/single-node',
  'kubevirt/not-available',
  'kubevirt/virt-api-down',
  'kubevirt/virt-controller-down',
  'moves/descheduler',
  'moves/two-balancers',
  'network/default-interface',
  'network/policy-failed',
  'node/link-full',
  'queue/slots-held',
  'quota/migrations-wait',
  'settings/changed',
  'settings/overridden',
  'settings/reverted',
  'vm/dedicated-cpus',
] as const;

/** Causes that test/causes-console.lab.test.ts produces, and nearly produces. */
export const shownForTexts = ['admission/refused', 'console/selected-node-unavailable'] as const;
