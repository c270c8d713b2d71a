import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const PROBE = /probe|default gateway|rolled? ?back/i;

/** NMState could not bring a node's network into the state that a policy asks for; it puts back what was there (facts/kubevirt.md D7). */
export const networkPolicyFailed: Cause = {
  id: 'network/policy-failed',
  title: 'A network policy was not applied',
  source: 'mission: Issue 3, Known Issues; facts/kubevirt.md D7',
  needs: ['nodeNetworkPolicies'],
  node(node, { enactments }) {
    for (const enactment of enactments) {
      if (!enactment.metadata.name.startsWith(`${node.name}.`)) continue;
      const failing = enactment.status?.conditions?.find(({ type, status }) => type === 'Failing' && status === 'True');
      if (failing === undefined) continue;
      const policy = enactment.metadata.name.slice(node.name.length + 1);
      return {
        confidence: 'certain',
        message: `NMState could not apply the policy ${policy} on ${node.name}, and put its network back as it was`,
        evidence: [atField(enactment, '.status.conditions[type=Failing].message', failing.message)],
        remedies: [
          `Read what it says, and compare with the node: kubectl get nns ${node.name} -o yaml.`,
          'Correct the policy: NMState tries again at each change of it.',
        ],
      };
    }
    return undefined;
  },
  cluster({ snapshot, enactments }) {
    const failed = itemsOf(snapshot.lists.nodeNetworkPolicies).flatMap((policy) => {
      const condition = policy.status?.conditions?.find(({ type, status }) => type === 'Degraded' && status === 'True');
      return condition === undefined ? [] : [{ policy, condition }];
    });
    const [first] = failed;
    if (first === undefined) return undefined;
    const { policy, condition } = first;
    const failing = enactments.flatMap((enactment) => {
      const why = enactment.status?.conditions?.find(({ type, status }) => type === 'Failing' && status === 'True');
      return why !== undefined && enactment.metadata.name.endsWith(`.${policy.metadata.name}`)
        ? [{ enactment, why }]
        : [];
    });
    return {
      confidence: 'certain',
      message: `the network policy ${policy.metadata.name} was not applied (${condition.message ?? condition.reason})${failing.length === 0 ? '' : `; it failed on ${failing.map(({ enactment }) => enactment.metadata.name.slice(0, -policy.metadata.name.length - 1)).join(', ')}`}`,
      evidence: [
        atField(policy, '.status.conditions[type=Degraded].status', 'True'),
        ...failing.map(({ enactment, why }) =>
          atField(enactment, '.status.conditions[type=Failing].message', why.message),
        ),
      ],
      remedies: [
        ...(failing.some(({ why }) => PROBE.test(why.message ?? ''))
          ? [
              'The node lost its own network, and NMState put it back: leave the interface under br-ex alone, OVN-Kubernetes owns it. Use another NIC.',
            ]
          : []),
        'Read what NMState says of the node that failed, and correct the policy: kubectl get nnce.',
        'A migration network needs its interface on every node before liveMigrationConfig.network is set.',
      ],
    };
  },
  texts: [/failed to configure|FailedToConfigure/],
  meaning: {
    message:
      'NMState could not bring the network of a node into the state a NodeNetworkConfigurationPolicy asks for, and put it back as it was.',
    remedies: ['See which policy and which node: ferry diagnose cluster.'],
  },
};
