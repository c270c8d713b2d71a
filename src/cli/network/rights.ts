import { forbidden } from '../../cluster/explain.ts';
import type { NetworkSetting } from '../../cluster/network-writer.ts';
import { resources } from '../../cluster/resources.ts';
import { missingOf, type Need } from '../../cluster/rights.ts';
import type { KubeClient, Resource } from '../../kube/types.ts';

function needs(resource: Pick<Resource, 'group' | 'plural'>, ...verbs: string[]): Need[] {
  return verbs.map((verb) => ({ verb, group: resource.group, resource: resource.plural }));
}

const enactments = { group: 'nmstate.io', plural: 'nodenetworkconfigurationenactments' };
const configMaps = { group: '', plural: 'configmaps' };
const events = { group: '', plural: 'events' };

/** Asks for every right that a run needs before it begins: half a network is worse than none. Throws FERRY_E_FORBIDDEN. */
export async function requireNetworkRights(
  client: KubeClient,
  setting: NetworkSetting,
  namespace: string,
  vm?: { namespace: string },
): Promise<void> {
  const holder = setting.kind === 'HyperConverged' ? resources.hyperConvergeds : resources.kubeVirts;
  const [wide, narrow, migrating] = await Promise.all([
    missingOf(client, undefined, [
      ...needs(resources.nodeNetworkPolicies, 'get', 'create', 'patch', 'delete'),
      ...needs(resources.nodeNetworkStates, 'list'),
      ...needs(enactments, 'list'),
    ]),
    missingOf(client, namespace, [
      ...needs(resources.networkAttachments, 'get', 'create', 'patch', 'delete'),
      ...needs(configMaps, 'get', 'create', 'patch', 'delete'),
      ...needs(holder, 'get', 'patch'),
      ...needs(resources.daemonSets, 'list'),
      ...needs(resources.pods, 'list'),
      ...needs(events, 'list'),
    ]),
    vm === undefined
      ? []
      : missingOf(client, vm.namespace, [
          ...needs(resources.migrations, 'get', 'create'),
          ...needs(resources.virtualMachineInstances, 'get'),
        ]),
  ]);
  const [first, ...more] = [...wide, ...narrow, ...migrating];
  if (first !== undefined) throw forbidden(first, ...more);
}
