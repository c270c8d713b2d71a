import { resources } from '../cluster/resources.ts';
import { type Need, requireRights } from '../cluster/rights.ts';
import type { KubeClient, Resource } from '../kube/types.ts';
import type { SettingHolder } from './site.ts';

function needs(resource: Pick<Resource, 'group' | 'plural'>, ...verbs: string[]): Need[] {
  return verbs.map((verb) => ({ verb, group: resource.group, resource: resource.plural }));
}

const enactments = { group: 'nmstate.io', plural: 'nodenetworkconfigurationenactments' };
const configMaps = { group: '', plural: 'configmaps' };
const events = { group: '', plural: 'events' };
const { hyperConvergeds, kubeVirts, nodeNetworkPolicies, nodeNetworkStates, networkAttachments } = resources;

/** In the whole cluster. */
const wide = [
  ...needs(nodeNetworkPolicies, 'get', 'create', 'patch', 'delete'),
  ...needs(nodeNetworkStates, 'list'),
  ...needs(enactments, 'list'),
];

/** In the namespace of the installation. */
function narrow(kind: SettingHolder['kind']): Need[] {
  return [
    ...needs(networkAttachments, 'get', 'create', 'patch', 'delete'),
    ...needs(configMaps, 'get', 'create', 'patch', 'delete'),
    ...needs(kind === 'HyperConverged' ? hyperConvergeds : kubeVirts, 'get', 'patch'),
    ...needs(resources.daemonSets, 'list'),
    ...needs(resources.pods, 'list'),
    ...needs(events, 'list'),
  ];
}

/** Where the VM is whose migration is the proof. */
const migrating = [...needs(resources.migrations, 'get', 'create'), ...needs(resources.virtualMachineInstances, 'get')];

/** The VMs, which any look at a cluster begins with. */
const looking = [...needs(resources.virtualMachines, 'list'), ...needs(resources.virtualMachineInstances, 'list')];

/** What a run writes and follows, without a canary. */
export const networkNeeds: readonly Need[] = [
  ...looking,
  ...needs(kubeVirts, 'list'),
  ...needs(hyperConvergeds, 'list'),
  ...wide,
  ...narrow('HyperConverged'),
];

/** What looking at a migration network reads. */
export const networkReads: readonly Need[] = [
  ...looking,
  ...needs(kubeVirts, 'list'),
  ...needs(networkAttachments, 'list'),
  ...needs(nodeNetworkPolicies, 'list'),
  ...needs(nodeNetworkStates, 'list'),
];

/** Asks for every right that a run needs before it begins: half a network is worse than none. Throws FERRY_E_FORBIDDEN. */
export async function requireNetworkRights(
  client: KubeClient,
  setting: Pick<SettingHolder, 'kind'>,
  namespace: string,
  vm?: { namespace: string },
): Promise<void> {
  await requireRights(client, [
    { namespace: undefined, needs: wide },
    { namespace, needs: narrow(setting.kind) },
    ...(vm === undefined ? [] : [{ namespace: vm.namespace, needs: migrating }]),
  ]);
}
