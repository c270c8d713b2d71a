/** The resources the lab's controllers work on, by their name in the store. */
export const resources = {
  nodes: 'nodes',
  namespaces: 'namespaces',
  pods: 'pods',
  events: 'events',
  claims: 'persistentvolumeclaims',
  volumes: 'persistentvolumes',
  resourceQuotas: 'resourcequotas',
  storageClasses: 'storageclasses.storage.k8s.io',
  daemonSets: 'daemonsets.apps',
  deployments: 'deployments.apps',
  leases: 'leases.coordination.k8s.io',
  limitRanges: 'limitranges',
  disruptionBudgets: 'poddisruptionbudgets.policy',
  vms: 'virtualmachines.kubevirt.io',
  vmis: 'virtualmachineinstances.kubevirt.io',
  migrations: 'virtualmachineinstancemigrations.kubevirt.io',
  kubeVirts: 'kubevirts.kubevirt.io',
  dataVolumes: 'datavolumes.cdi.kubevirt.io',
  storageProfiles: 'storageprofiles.cdi.kubevirt.io',
  migrationPolicies: 'migrationpolicies.migrations.kubevirt.io',
  hyperConvergeds: 'hyperconvergeds.hco.kubevirt.io',
  kubeDeschedulers: 'kubedeschedulers.operator.openshift.io',
  networkAttachments: 'network-attachment-definitions.k8s.cni.cncf.io',
  nodeNetworkPolicies: 'nodenetworkconfigurationpolicies.nmstate.io',
  nodeNetworkStates: 'nodenetworkstates.nmstate.io',
  nodeNetworkEnactments: 'nodenetworkconfigurationenactments.nmstate.io',
  ipPools: 'ippools.whereabouts.cni.cncf.io',
  ipReservations: 'overlappingrangeipreservations.whereabouts.cni.cncf.io',
} as const;

/** Where OpenShift Virtualization keeps its own objects. */
export const CNV_NAMESPACE = 'openshift-cnv';
