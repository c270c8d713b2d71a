import { allowList } from './allowed.ts';

/**
 * What resources_create_or_update may write: what the mission's text writes, and what settings and migrations are made
 * of. Of a Node only labels and annotations (propose/objects.ts).
 */
const usual = new Set([
  'nodes',
  'virtualmachines.kubevirt.io',
  'virtualmachineinstancemigrations.kubevirt.io',
  'kubevirts.kubevirt.io',
  'migrationpolicies.migrations.kubevirt.io',
  'hyperconvergeds.hco.kubevirt.io',
  'network-attachment-definitions.k8s.cni.cncf.io',
  'nodenetworkconfigurationpolicies.nmstate.io',
]);

/** Groups that decide who may do what, or what the API server does. */
const neverGroups = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'authorization.openshift.io',
  'certificates.k8s.io',
  'oauth.openshift.io',
  'rbac.authorization.k8s.io',
  'security.openshift.io',
  'user.openshift.io',
]);

/** What runs programs, or lends its rights to those that do. */
const never = new Set(['pods', 'serviceaccounts']);

/** Whether a resource may be written. `also` names more; what gives rights, and what holds credentials, never may. */
export function writeList(also: readonly string[]): (group: string, plural: string) => boolean {
  const allowed = new Set([...usual, ...also.map((each) => each.toLowerCase())]);
  const readable = allowList([...allowed]);
  return (group, plural) => {
    const name = group === '' ? plural : `${plural}.${group}`;
    return allowed.has(name) && readable(group, plural) && !neverGroups.has(group) && !never.has(name);
  };
}
