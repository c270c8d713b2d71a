import { at as atField } from '../../model/finding.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { type Cause } from '../cause.ts';
import { isWaiting } from '../said.ts';

/** A migration waits because as many leave its node as may at once. KubeVirt says nothing: it stays Pending (facts/kubevirt.md C1). */
export const outboundLimit: Cause = {
  id: 'queue/outbound-limit',
  title: 'Its node has no free migration slot',
  source: 'facts/kubevirt.md C1; facts/anchors.md 6 row 2',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  migration(each) {
    const { migration, phase, view, snapshot } = each;
    if (view === undefined || !isWaiting(each)) return undefined;
    const limit = settingsOf(snapshot).parallelOutboundMigrationsPerNode.value;
    if (limit === undefined) return undefined;
    const { takenByNode, unfinished } = migrationsOf(snapshot);
    const node = view.sourceNodes.find((name) => (takenByNode.get(name) ?? 0) >= limit);
    if (node === undefined) return undefined;
    const holders = unfinished.filter(({ takesSlot, sourceNodes }) => takesSlot && sourceNodes.includes(node));
    return {
      confidence: 'certain',
      message: `it waits: ${takenByNode.get(node) ?? 0} of the ${limit} migrations that may leave node ${node} at once are under way, of ${holders.map(({ namespace, vmi }) => `${namespace}/${vmi}`).join(', ')}`,
      evidence: [
        atField(migration, '.status.phase', phase === '' ? undefined : phase),
        ...holders.map(({ object }) => atField(object, '.status.phase', object.status?.phase)),
      ],
      remedies: [
        'Wait: it starts by itself when one of them ends.',
        'Cancel one that matters less: ferry cancel OTHER -n NAMESPACE.',
        'If the link of the node has room for more at once, let more leave at once (ferry settings set parallelOutboundMigrationsPerNode=N): each of them then gets less of it.',
      ],
    };
  },
};
