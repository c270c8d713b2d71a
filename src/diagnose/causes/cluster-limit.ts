import { at as atField } from '../../model/finding.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { type Cause } from '../cause.ts';
import { isWaiting } from '../said.ts';

/** A migration waits because the cluster's slots are taken. KubeVirt says nothing: it stays Pending (facts/kubevirt.md C1). */
export const clusterLimit: Cause = {
  id: 'queue/cluster-limit',
  title: 'The cluster has no free migration slot',
  source: 'mission: Issue 4; facts/kubevirt.md C1; facts/anchors.md 6 row 7',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  migration(each) {
    const { migration, phase, snapshot } = each;
    if (!isWaiting(each)) return undefined;
    const limit = settingsOf(snapshot).parallelMigrationsPerCluster.value;
    const { taken, unfinished } = migrationsOf(snapshot);
    if (limit === undefined || taken < limit) return undefined;
    const holders = unfinished.filter(({ takesSlot }) => takesSlot);
    return {
      confidence: 'certain',
      message: `it waits: ${taken} of the cluster's ${limit} migration slots are taken, by ${holders.map(({ namespace, vmi }) => `${namespace}/${vmi}`).join(', ')}`,
      evidence: [
        atField(migration, '.status.phase', phase === '' ? undefined : phase),
        ...holders.map(({ object }) => atField(object, '.status.phase', object.status?.phase)),
      ],
      remedies: [
        'Wait: it starts by itself when one of them ends.',
        'Cancel one that matters less: ferry cancel OTHER -n NAMESPACE.',
        'If the network has room for more at once: ferry settings set parallelMigrationsPerCluster=N; ferry settings advise says what it would bear.',
      ],
    };
  },
  texts: [/cluster (?:migration )?limit reached/i, /migration rejected/i],
  meaning: {
    message:
      'KubeVirt rejects no migration for its limits: it stays Pending, without an event, until a slot is free. The message does not come from KubeVirt.',
    remedies: [
      'Look at what holds the slots: ferry get migrations -A.',
      'Ask about the one that waits: ferry diagnose MIGRATION.',
    ],
  },
};
