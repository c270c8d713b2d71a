import { at as atField } from '../../model/finding.ts';
import { vmNodesOf } from '../../model/nodes.ts';
import { settingsOf } from '../../model/settings.ts';
import { type Cause } from '../cause.ts';
import { migrationAddress, migrationNetworkOf } from '../migration-network.ts';

/** A migration network is set, and virt-handlers run without it: they use the pod network and say nothing (facts/kubevirt.md D7). */
export const networkFallback: Cause = {
  id: 'network/fallback',
  title: 'Migrations use the pod network',
  source: 'facts/kubevirt.md D7; facts/anchors.md 6 row 19',
  needs: ['kubeVirts', 'nodes', 'pods'],
  cluster(cluster) {
    const { snapshot } = cluster;
    const network = migrationNetworkOf(cluster);
    if (network === undefined || !snapshot.lists.pods.known) return undefined;
    const nodes = vmNodesOf(snapshot).filter(({ handler }) => handler !== undefined);
    const without = nodes.filter(({ handler }) => handler !== undefined && migrationAddress(handler) === undefined);
    if (without.length === 0) return undefined;
    const { object, field, raw } = settingsOf(snapshot).network;
    return {
      confidence: 'likely',
      message: `the migration network is set to ${network.written}, and virt-handler of ${without.length} of ${nodes.length} nodes has no interface on it (${without
        .slice(0, 5)
        .map(({ name }) => name)
        .join(
          ', ',
        )}${without.length > 5 ? ', ...' : ''}): those use the pod network, without a word, and migrations between them and the others fail`,
      evidence: [
        ...(object === undefined ? [] : [{ object, field: field ?? '', value: raw ?? network.written }]),
        ...without
          .slice(0, 3)
          .flatMap(({ handler }) =>
            handler === undefined
              ? []
              : [
                  atField(
                    handler,
                    '.metadata.annotations["k8s.v1.cni.cncf.io/network-status"]',
                    handler.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status'],
                  ),
                ],
          ),
      ],
      remedies: [
        `If the setting is new, wait for the roll-out: kubectl rollout status daemonset/virt-handler -n ${without[0]?.handler?.metadata.namespace ?? ''}.`,
        'If the roll-out stands, see why the newest virt-handler pod does not start; if it does not go on although all are ready, look at the conditions of KubeVirt.',
      ],
    };
  },
  texts: [/no IP found on migration0/, /migration0/],
  meaning: {
    message:
      'migration0 is the interface of virt-handler on the migration network. Without it virt-handler uses the pod network and says nothing; with it but without an address it crashes (no IP found on migration0): the network attachment has no IPAM, or its range is used up.',
    remedies: [
      'Give the network attachment an IPAM with more addresses than there are nodes.',
      'See which nodes lack it: ferry diagnose cluster.',
    ],
  },
};
