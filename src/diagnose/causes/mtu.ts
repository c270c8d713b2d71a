import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { abortOf } from '../abort.ts';
import { type Cause } from '../cause.ts';
import { masterMtu, migrationNetworkOf } from '../migration-network.ts';

/** The NICs under the migration network differ in MTU: small packets pass, full ones are lost (facts/kubevirt.md D7; anchors 6 row 18; mission, MTU differences). */
export const mtu: Cause = {
  id: 'network/mtu',
  title: 'The MTUs of the migration network differ',
  source: 'mission: Known Issues, MTU differences; facts/kubevirt.md D7; facts/anchors.md 6 row 18',
  needs: ['migrations', 'virtualMachineInstances', 'kubeVirts', 'networkAttachments', 'nodeNetworkStates'],
  migration(each) {
    const { snapshot, sourceNode, targetNode } = each;
    const abort = abortOf(each);
    const network = migrationNetworkOf(each);
    if (network === undefined || abort === undefined || abort.why === 'timeout') return undefined;
    const [source, target] = [sourceNode, targetNode].map((node) =>
      node === undefined ? undefined : masterMtu(snapshot, network, node),
    );
    if (source === undefined || target === undefined || source.mtu === target.mtu) return undefined;
    const states = itemsOf(snapshot.lists.nodeNetworkStates);
    return {
      confidence: 'likely',
      message: `nothing was transferred any more, and ${source.name} under the migration network has MTU ${source.mtu} on ${sourceNode ?? ''} and ${target.mtu} on ${targetNode ?? ''}: full packets of one do not fit the other`,
      evidence: [
        ...abort.evidence,
        ...(
          [
            [sourceNode, source],
            [targetNode, target],
          ] as const
        ).flatMap(([node, { name, mtu: value }]) => {
          const state = states.find(({ metadata }) => metadata.name === node);
          return state === undefined
            ? []
            : [atField(state, `.status.currentState.interfaces[name=${name}].mtu`, value)];
        }),
      ],
      remedies: [
        'Give NIC, VLAN, bridge, network attachment and switch ports of the migration network one MTU on all nodes.',
        'Test it: ping -M do -s (MTU minus 28) from each node to each other.',
      ],
    };
  },
};
