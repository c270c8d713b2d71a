import { type Provenance, provenanceOf } from '../../../diagnose/provenance.ts';
import { keyOf } from '../../../model/memo.ts';
import { type Migration, migrationsOf } from '../../../model/migrations.ts';
import { settingsOf } from '../../../model/settings.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { vmsByName } from '../../../model/vm.ts';
import { at, atSetting, type Check, type Draft, info, warning } from '../../check.ts';
import { counted, some } from '../../text.ts';

const starters: Record<Provenance['who'], string> = {
  ferry: 'Ferry',
  evacuation: 'an evacuation',
  descheduler: 'the descheduler',
  'workload-update': "KubeVirt's workload updater",
  'volume-migration': 'a volume migration',
  api: 'a user',
  user: 'a user',
};

/** KubeVirt rejects no migration because of its limits: it lets them wait, and only a log line says why (facts/anchors.md 6 row 7). */
export const slots: Check = {
  id: 'limits/slots',
  title: 'Migration slots: who holds them, and who waits',
  source: 'mission: checklist 6, Issue 4, Best Practices 5; facts/kubevirt.md C1; facts/anchors.md 6 rows 7, 26',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  advise(snapshot): Draft[] {
    const { unfinished } = migrationsOf(snapshot);
    if (unfinished.length === 0) return [];
    const cluster = settingsOf(snapshot).parallelMigrationsPerCluster;
    const holding = unfinished.filter(({ takesSlot }) => takesSlot);
    const waiting = unfinished.filter(({ takesSlot }) => !takesSlot);
    const subject = { kind: 'KubeVirt', name: 'migrations' };
    const limit = cluster.value === undefined ? '' : ` of ${cluster.value}`;
    const drafts: Draft[] = [
      info(subject, {
        message: `${holding.length}${limit} migration slots of the cluster are taken${holding.length === 0 ? '' : `: ${byStarter(snapshot, holding)}`}`,
        evidence: [atSetting(cluster, 'parallelMigrationsPerCluster'), ...phases(holding)],
        remedy: 'Nothing is needed: ferry get migrations -A shows them.',
      }),
    ];
    if (waiting.length > 0) {
      drafts.push(
        warning(subject, {
          message: `${counted(waiting.length, 'migration')} ${waiting.length === 1 ? 'waits' : 'wait'} (${byStarter(snapshot, waiting)}): ${some(waiting.map(({ namespace, vmi }) => `${namespace}/${vmi}`))}; held back ${heldBack(snapshot, waiting)}`,
          evidence: [atSetting(cluster, 'parallelMigrationsPerCluster'), ...phases(waiting)],
          remedy:
            "Wait: none is rejected. ferry diagnose vmim/NAME tells a migration's place in the queue. What users start has the lowest priority, after evacuations and updates (KubeVirt 1.9; before behind a feature gate).",
        }),
      );
    }
    return drafts;
  },
};

function heldBack(snapshot: Snapshot, waiting: readonly Migration[]): string {
  const { taken, takenByNode } = migrationsOf(snapshot);
  const { parallelMigrationsPerCluster: cluster, parallelOutboundMigrationsPerNode: outbound } = settingsOf(snapshot);
  if (cluster.value !== undefined && taken >= cluster.value) {
    return `by the cluster's limit (parallelMigrationsPerCluster ${cluster.value})`;
  }
  const full = waiting
    .flatMap(({ sourceNodes }) => sourceNodes)
    .filter((node) => outbound.value !== undefined && (takenByNode.get(node) ?? 0) >= outbound.value);
  return full.length > 0
    ? `by the limit of their node (parallelOutboundMigrationsPerNode ${outbound.value}: ${some([...new Set(full)].sort(), 3)})`
    : 'by no limit: they begin within seconds, or something else keeps them';
}

function byStarter(snapshot: Snapshot, migrations: readonly Migration[]): string {
  const vms = vmsByName(snapshot);
  const counts = new Map<string, number>();
  for (const migration of migrations) {
    const { vmi } = vms.get(keyOf(migration.namespace, migration.vmi)) ?? {};
    const starter = starters[provenanceOf(migration.object, vmi).who];
    counts.set(starter, (counts.get(starter) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([starter, count]) => `${count} by ${starter}`)
    .join(', ');
}

function phases(migrations: readonly Migration[]) {
  return migrations.slice(0, 5).map(({ object }) => at(object, '.status.phase', object.status?.phase));
}
