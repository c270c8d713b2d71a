import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { type NodeView, vmNodesOf } from '../../model/nodes.ts';
import { isReadyPod } from '../../model/pods.ts';
import { settingsOf } from '../../model/settings.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const STATUS = 'k8s.v1.cni.cncf.io/network-status';
const NETWORKS = 'k8s.v1.cni.cncf.io/networks';

/** A virt-handler that works without migration0, although it is to have it; it silently uses the pod network then. */
function without(node: NodeView, snapshot: Snapshot): Evidence[] | undefined {
  const { network } = settingsOf(snapshot);
  const { handler } = node;
  if (network.value === undefined || handler === undefined || !isReadyPod(handler)) return undefined;
  const status = handler.metadata.annotations?.[STATUS];
  if (status?.includes('"migration0"') === true) return undefined;
  return [
    ...(network.object === undefined || network.field === undefined
      ? []
      : [{ object: network.object, field: network.field, value: network.raw ?? null }]),
    status === undefined
      ? atField(handler, `.metadata.annotations["${NETWORKS}"]`, handler.metadata.annotations?.[NETWORKS])
      : atField(handler, `.metadata.annotations["${STATUS}"]`, status),
  ];
}

function rolledOut(snapshot: Snapshot): boolean {
  const set = itemsOf(snapshot.lists.daemonSets).find(({ metadata }) => metadata.name === 'virt-handler');
  return set?.spec?.template.metadata?.annotations?.[NETWORKS]?.includes('migration0') === true;
}

/** A migration network is set, and a virt-handler is not on it (facts/kubevirt.md D7). */
export const nodeNoMigrationInterface: Cause = {
  id: 'handler/not-on-network',
  title: 'virt-handler is not on the migration network',
  source: 'facts/kubevirt.md D7; facts/anchors.md 2 pain 26',
  needs: ['nodes', 'pods', 'daemonSets', 'kubeVirts'],
  node(node, { snapshot }) {
    const evidence = without(node, snapshot);
    if (evidence === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `a migration network is set, but virt-handler on ${node.name} is not on it${rolledOut(snapshot) ? ': it has not been restarted since' : ': virt-operator has not handed the setting on yet'}; migrations to this node go over the pod network, and from nodes on the network to it they can fail`,
      evidence,
      remedies: ['See what holds the roll-out up: ferry diagnose cluster.', 'Do not move VMs before it is done.'],
    };
  },
  cluster({ snapshot }) {
    const found = vmNodesOf(snapshot).flatMap((node) => {
      const evidence = without(node, snapshot);
      return evidence === undefined ? [] : [{ name: node.name, evidence }];
    });
    if (found.length === 0) return undefined;
    return {
      confidence: 'likely',
      message: `a migration network is set, but virt-handler on ${found.map(({ name }) => name).join(', ')} is not on it (yet): migrations to these nodes go over the pod network`,
      evidence: found.flatMap(({ evidence }, at) => (at === 0 ? evidence : evidence.slice(-1))),
      remedies: [
        'Wait for the roll-out: kubectl rollout status daemonset/virt-handler -n openshift-cnv.',
        'If it does not go on, look at the pod that is not ready.',
      ],
    };
  },
};
