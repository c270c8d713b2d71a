import type { KubeObject } from '../../model/objects.ts';
import { type Cluster, modify } from '../cluster.ts';
import { applyState } from '../controllers/nmstate-apply.ts';
import {
  matchingNodes,
  type Policy,
  putEnactment,
  setEnactment,
  updatePolicy,
} from '../controllers/nmstate-objects.ts';
import { type NetworkStateObject, networkOf } from '../controllers/nmstate-state.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { Scenario } from './scenario.ts';

/** A scenario's dedicated migration network, as an administrator would have made it: a policy that nodes have applied, and a network attachment. */
export function createDedicatedNetwork(cluster: Cluster, scenario: Scenario, born: string): void {
  const network = scenario.migrationNetwork;
  if (network === undefined) return;
  const { store } = cluster;
  const policy = store.create<Policy>(resources.nodeNetworkPolicies, {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: `${network.name}-policy`, creationTimestamp: born },
    spec: {
      nodeSelector: { 'node-role.kubernetes.io/worker': '' },
      desiredState: {
        interfaces: [
          { name: network.interface, type: 'ethernet', state: 'up', mtu: network.mtu, ipv4: { enabled: false } },
        ],
      },
    },
  });
  const desired = policy.spec?.desiredState ?? {};
  for (const node of matchingNodes(cluster, policy)) {
    const { name } = node.metadata;
    const state = store.get<NetworkStateObject>(resources.nodeNetworkStates, undefined, name);
    if (state === undefined) continue;
    modify<NetworkStateObject>(cluster, resources.nodeNetworkStates, state, (draft) => {
      draft.status = { ...draft.status, currentState: applyState(networkOf(cluster, name), desired) };
    });
    setEnactment(
      cluster,
      putEnactment(cluster, policy, node, desired, born),
      'available',
      'successfully reconciled',
      born,
    );
  }
  updatePolicy(cluster, policy, born);
  const attachment: KubeObject & Record<string, unknown> = {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: network.name, namespace: CNV_NAMESPACE, creationTimestamp: born },
    spec: {
      config: JSON.stringify({
        cniVersion: '0.3.1',
        name: 'migration-bridge',
        type: 'macvlan',
        master: network.interface,
        mode: 'bridge',
        mtu: network.mtu,
        ipam: { type: 'whereabouts', range: `${network.subnet}.0/24`, exclude: [`${network.subnet}.0/30`] },
      }),
    },
  };
  store.create(resources.networkAttachments, attachment);
}
