import { at as atField } from '../../model/finding.ts';
import { type NodeView, nodesOf } from '../../model/nodes.ts';
import type { MigrationCase } from '../case.ts';
import { type Cause } from '../cause.ts';

/** Virt-controller takes a virt-handler for dead after this long without a heartbeat (facts/kubevirt.md C4). */
const SILENT_MS = 5 * 60_000;

/** A node of the migration does not answer (facts/kubevirt.md C4). */
export const nodeLost: Cause = {
  id: 'node/lost',
  title: 'A node of the migration does not answer',
  source: 'facts/kubevirt.md C4',
  needs: ['migrations', 'virtualMachineInstances', 'nodes'],
  migration(each) {
    if (each.phase === 'Succeeded' || (each.final && !failedSinceLost(each))) return undefined;
    const { snapshot, now, sourceNode, targetNode } = each;
    for (const [name, role] of [
      [sourceNode, 'source'],
      [targetNode, 'target'],
    ] as const) {
      const node = name === undefined ? undefined : nodesOf(snapshot).get(name);
      if (node === undefined) continue;
      const silent = silence(node, now);
      if (node.ready && silent === undefined) continue;
      const how = node.ready
        ? 'its virt-handler has been silent for more than 5 minutes'
        : `is NotReady: ${node.notReadyBecause ?? ''}`;
      return {
        confidence: 'certain',
        message: `its ${role} node ${node.name} does not answer: it ${how.startsWith('its') ? `is up, but ${how}` : how}`,
        evidence: [
          node.ready
            ? atField(node.object, '.metadata.annotations["kubevirt.io/heartbeat"]', silent)
            : atField(node.object, '.status.conditions[type=Ready].status', node.readyStatus),
        ],
        remedies:
          role === 'source'
            ? [
                `Bring node ${node.name} back: a VM can be moved live only while its node is alive.`,
                'If the node is lost for good, fence it (NodeHealthCheck, or power it off and delete the node); the VM then starts anew elsewhere. Never before it is certain that the VM does not run any more: two that write to one disk destroy it.',
              ]
            : [
                `Bring node ${node.name} back, or cancel and go elsewhere: ferry cancel, then ferry move VM --to NODE.`,
                'The VM goes on running on its source node.',
              ],
      };
    }
    return undefined;
  },
  texts: [
    /virt-handler is not responsive, marking node as unresponsive/,
    /virt-handler on node \S+ is not responsive/,
    /NodeUnresponsive/,
  ],
  meaning: {
    message:
      'virt-handler of a node has not been heard of for more than 5 minutes; KubeVirt puts no VMs there, and migrations from and to it do not go on.',
    remedies: ['See what is the matter with the node: ferry diagnose node/NODE.'],
  },
};

/** A node that was lost after the migration had failed is not why. */
function failedSinceLost({ state, migration, snapshot, sourceNode, targetNode }: MigrationCase): boolean {
  const end = Date.parse(
    state?.endTimestamp ?? migration.status?.phaseTransitionTimestamps?.at(-1)?.phaseTransitionTimestamp ?? '',
  );
  return [sourceNode, targetNode].some((name) => {
    const ready = nodesOf(snapshot)
      .get(name ?? '')
      ?.object.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready === undefined || ready.status === 'True') return false;
    const lost = Date.parse(ready.lastTransitionTime ?? '');
    return Number.isNaN(lost) || Number.isNaN(end) || lost - 60_000 <= end;
  });
}

function silence({ object }: NodeView, now: number): string | undefined {
  const text = object.metadata.annotations?.['kubevirt.io/heartbeat'];
  const time = Date.parse((text ?? '').replaceAll('"', ''));
  return !Number.isNaN(time) && now - time > SILENT_MS ? text : undefined;
}
