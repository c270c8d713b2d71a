import { at as atField } from '../../model/finding.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { type Cause } from '../cause.ts';

/** VMs leave a node one or two at a time (facts/kubevirt.md C1); KubeVirt tells nobody that the others wait. */
export const nodeOutbound: Cause = {
  id: 'node/outbound-slots',
  title: 'As many VMs are leaving the node as may leave it at once',
  source: 'mission: Issue 4; facts/kubevirt.md C1',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  node(node, { snapshot }) {
    const limit = settingsOf(snapshot).parallelOutboundMigrationsPerNode.value;
    const { unfinished, takenByNode } = migrationsOf(snapshot);
    const here = unfinished.filter(({ sourceNodes }) => sourceNodes.includes(node.name));
    const waiting = here.filter(({ takesSlot }) => !takesSlot);
    const leaving = here.filter(({ takesSlot }) => takesSlot);
    if (limit === undefined || (takenByNode.get(node.name) ?? 0) < limit || waiting.length === 0) return undefined;
    return {
      confidence: 'certain',
      message: `${leaving.length} VM${leaving.length === 1 ? '' : 's'} leave${leaving.length === 1 ? 's' : ''} ${node.name} (${leaving.map(({ vmi }) => vmi).join(', ')}), as many as may at once, and ${waiting.length} wait${waiting.length === 1 ? 's' : ''} (${waiting.map(({ vmi }) => vmi).join(', ')})`,
      evidence: here.map(({ object }) => atField(object, '.status.phase', object.status?.phase)),
      remedies: [
        'Wait: the next one begins by itself when one has ended.',
        `See when: ferry diagnose vmim/${waiting[0]?.name} -n ${waiting[0]?.namespace}.`,
        'If the network has room, let more leave at once (ferry settings set parallelOutboundMigrationsPerNode=N): each migration then gets a smaller share of it.',
      ],
    };
  },
};
