import { migrationsOf } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { atSetting, type Check, type Draft, warning } from '../check.ts';

const remedy = (name: string): string =>
  `Nothing is needed: the migration waits in Pending until a slot is free. Only if the network can bear it, allow more: ferry settings set ${name}=N.`;

/** A full cluster makes a migration wait; it is never rejected (facts/anchors.md 6, row 7). */
export const limits: Check = {
  id: 'limits/parallel-migrations',
  title: 'The cluster and the node have a free migration slot',
  source: 'mission: checklist 6, CANNOT (limit), Issue 4; facts/kubevirt.md C1; facts/anchors.md 6 row 7',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  run(vm, snapshot): Draft[] {
    if (vm.node === undefined) return [];
    const { taken, takenByNode } = migrationsOf(snapshot);
    const { parallelMigrationsPerCluster: cluster, parallelOutboundMigrationsPerNode: outbound } = settingsOf(snapshot);
    const findings: Draft[] = [];
    if (cluster.value !== undefined && taken >= cluster.value) {
      findings.push(
        warning(vm, {
          message: `${taken} of ${cluster.value} migrations of the cluster are under way: this one would wait in Pending`,
          evidence: atSetting(cluster, 'parallelMigrationsPerCluster'),
          remedy: remedy('parallelMigrationsPerCluster'),
        }),
      );
    }
    const leaving = takenByNode.get(vm.node) ?? 0;
    if (outbound.value !== undefined && leaving >= outbound.value) {
      findings.push(
        warning(vm, {
          message: `${leaving} of ${outbound.value} outbound migrations of node ${vm.node} are under way: this one would wait in Pending`,
          evidence: atSetting(outbound, 'parallelOutboundMigrationsPerNode'),
          remedy: remedy('parallelOutboundMigrationsPerNode'),
        }),
      );
    }
    return findings;
  },
};
