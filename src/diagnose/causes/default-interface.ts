import { at as atField } from '../../model/finding.ts';
import type { NodeNetworkInterface } from '../../model/objects.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

interface Wanted {
  name?: string;
  type?: string;
  bridge?: { port?: { name?: string }[] };
  'link-aggregation'?: { port?: string[] };
}

/** OVN-Kubernetes owns br-ex and the NIC under it; a policy that takes that NIC for another bridge or bond cuts the node off (mission: Known Issues). */
export const defaultInterface: Cause = {
  id: 'network/default-interface',
  title: "A network policy takes the node's own interface",
  source: 'mission: Known Issues, OVN-Kubernetes CNI; facts/anchors.md 5.2, 6 row 23',
  needs: ['nodeNetworkPolicies', 'nodeNetworkStates'],
  cluster({ snapshot }) {
    const owned = new Map<string, string>();
    for (const state of itemsOf(snapshot.lists.nodeNetworkStates)) {
      const interfaces = (state.status?.currentState?.interfaces ?? []) as (NodeNetworkInterface & Wanted)[];
      for (const { name, controller } of interfaces as (NodeNetworkInterface & { controller?: string })[]) {
        if (controller === 'br-ex' && name !== 'br-ex') owned.set(name, state.metadata.name);
      }
      const bridge = interfaces.find(({ name }) => name === 'br-ex');
      for (const port of bridge?.bridge?.port ?? []) {
        if (port.name !== undefined && port.name !== 'br-ex') owned.set(port.name, state.metadata.name);
      }
    }
    for (const policy of itemsOf(snapshot.lists.nodeNetworkPolicies)) {
      const wanted = (policy.spec?.desiredState?.['interfaces'] ?? []) as Wanted[];
      for (const each of wanted) {
        if (each.name === 'br-ex') continue;
        const ports = [...(each.bridge?.port ?? []).map(({ name }) => name), ...(each['link-aggregation']?.port ?? [])];
        const taken = ports.find((name) => name !== undefined && owned.has(name));
        if (taken === undefined) continue;
        return {
          confidence: 'certain',
          message: `the network policy ${policy.metadata.name} takes ${taken} for ${each.name}, but OVN-Kubernetes needs that NIC for br-ex, the node's own network: NMState cuts the node off, sees that it is, and puts everything back`,
          evidence: [atField(policy, '.spec.desiredState.interfaces', wanted)],
          remedies: [
            'Use another NIC for the bridge or bond; or a VLAN interface on top of the NIC with macvlan over it, which leaves br-ex alone.',
            'OpenShift SDN, which older texts advise, is gone from current releases.',
          ],
        };
      }
    }
    return undefined;
  },
};
