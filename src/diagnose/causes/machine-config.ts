import { at as atField } from '../../model/finding.ts';
import { type NodeView, nodesOf } from '../../model/nodes.ts';
import { type Cause, type Suspicion } from '../cause.ts';

const PREFIX = 'machineconfiguration.openshift.io/';

function look(node: NodeView): (Suspicion & { state: string }) | undefined {
  const { annotations = {} } = node.object.metadata;
  const state = annotations[`${PREFIX}state`];
  const reason = annotations[`${PREFIX}reason`];
  if (state === undefined || state === 'Done') return undefined;
  const evidence = [
    atField(node.object, `.metadata.annotations["${PREFIX}state"]`, state),
    ...(reason === undefined || reason === ''
      ? []
      : [atField(node.object, `.metadata.annotations["${PREFIX}reason"]`, reason)]),
  ];
  if (state === 'Working' || state === 'Rebooting') {
    return {
      state,
      confidence: 'certain',
      message: `OpenShift's Machine Config Operator updates the system of ${node.name}: it cordons and drains it, and restarts it`,
      evidence,
      remedies: [
        'Wait: it goes on to the next node by itself. VMs can be moved several times on the way.',
        `If it does not go on, see which VM keeps the node: ferry check node/${node.name}.`,
      ],
    };
  }
  return {
    state,
    confidence: 'certain',
    message: `OpenShift's Machine Config Operator could not update the system of ${node.name} (${state})${reason ? `: ${reason}` : ''}; it stays cordoned, and the other nodes wait`,
    evidence,
    remedies: [
      'Read why: oc describe machineconfigpool worker, oc logs -n openshift-machine-config-operator of the machine-config-daemon on the node.',
      `If a drain did not end, see which VM keeps the node: ferry check node/${node.name}.`,
    ],
  };
}

/** OpenShift changes the system of its nodes one after the other, and drains each: it moves VMs, and its drains wait for them. */
export const machineConfig: Cause = {
  id: 'node/machine-config',
  title: 'OpenShift updates the system of nodes',
  source: 'facts/anchors.md 2 pains 1, 14',
  needs: ['nodes'],
  node(node) {
    const found = look(node);
    if (found === undefined) return undefined;
    const { state: _, ...suspicion } = found;
    return suspicion;
  },
  cluster({ snapshot }) {
    const found = [...nodesOf(snapshot).values()].flatMap((node) => look(node) ?? []);
    // What has failed holds up the rest.
    const first = found.find(({ state }) => state !== 'Working' && state !== 'Rebooting') ?? found[0];
    if (first === undefined) return undefined;
    const { state: _, ...suspicion } = first;
    return suspicion;
  },
};
