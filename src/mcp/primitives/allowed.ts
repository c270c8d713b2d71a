/**
 * What the primitive tools may read: what the mission's text and its neighbours look at. Everything else is refused
 * unless it is allowed when the server is started; what may hold credentials never is.
 */
const usual = new Set([
  'events',
  'limitranges',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'resourcequotas',
  'services',
  'daemonsets.apps',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'nodes.metrics.k8s.io',
  'pods.metrics.k8s.io',
  'poddisruptionbudgets.policy',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'virtualmachines.kubevirt.io',
  'virtualmachineinstances.kubevirt.io',
  'virtualmachineinstancemigrations.kubevirt.io',
  'kubevirts.kubevirt.io',
  'migrationpolicies.migrations.kubevirt.io',
  'hyperconvergeds.hco.kubevirt.io',
  'datavolumes.cdi.kubevirt.io',
  'storageprofiles.cdi.kubevirt.io',
  'virtualmachineclusterinstancetypes.instancetype.kubevirt.io',
  'virtualmachineclusterpreferences.instancetype.kubevirt.io',
  'virtualmachineinstancetypes.instancetype.kubevirt.io',
  'virtualmachinepreferences.instancetype.kubevirt.io',
  'network-attachment-definitions.k8s.cni.cncf.io',
  'nodenetworkconfigurationenactments.nmstate.io',
  'nodenetworkconfigurationpolicies.nmstate.io',
  'nodenetworkstates.nmstate.io',
  'kubedeschedulers.operator.openshift.io',
  'clusterversions.config.openshift.io',
  'machineconfigpools.machineconfiguration.openshift.io',
]);

/** Never, whatever is allowed: they are credentials, or give some. */
const never = new Set([
  'secrets',
  'oauthaccesstokens.oauth.openshift.io',
  'oauthauthorizetokens.oauth.openshift.io',
  'oauthclients.oauth.openshift.io',
  'useroauthaccesstokens.oauth.openshift.io',
]);

/** Whether a resource may be read. `also` names more: `configmaps`, `widgets.example.com`. */
export function allowList(also: readonly string[]): (group: string, plural: string) => boolean {
  const allowed = new Set([...usual, ...also.map((each) => each.toLowerCase())]);
  return (group, plural) => {
    const name = group === '' ? plural : `${plural}.${group}`;
    return allowed.has(name) && !never.has(name) && !/secret/i.test(name);
  };
}
