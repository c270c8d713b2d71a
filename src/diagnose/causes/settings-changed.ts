import { at as atField } from '../../model/finding.ts';
import { compareText } from '../../model/memo.ts';
import { settingsOf } from '../../model/settings.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const WATCHED = [
  'completionTimeoutPerGiB',
  'parallelOutboundMigrationsPerNode',
  'parallelMigrationsPerCluster',
] as const;

/** Each migration keeps the settings it was given; if today's differ, they were changed since, by somebody or by an upgrade (facts/kubevirt.md A5, A10; HCO PR#4426). */
export const settingsChanged: Cause = {
  id: 'settings/changed',
  title: 'The settings have changed since earlier migrations',
  source: 'facts/kubevirt.md A5, A10, H; facts/anchors.md 2 pain 11, 6 rows 1, 2',
  needs: ['migrations', 'kubeVirts', 'hyperConvergeds'],
  cluster({ snapshot }) {
    const settings = settingsOf(snapshot);
    const kept = itemsOf(snapshot.lists.migrations)
      // What a MigrationPolicy gave it says nothing about the cluster.
      .filter(
        ({ status }) =>
          status?.migrationState?.migrationConfiguration !== undefined &&
          status.migrationState.migrationPolicyName === undefined,
      )
      .sort((a, b) => compareText(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? ''));
    const changes = WATCHED.flatMap((name) => {
      const now = settings[name];
      const differing = kept.find(({ status }) => {
        const earlier = status?.migrationState?.migrationConfiguration?.[name];
        return earlier !== undefined && now.value !== undefined && earlier !== now.value;
      });
      return differing === undefined
        ? []
        : [{ name, now, differing, earlier: differing.status?.migrationState?.migrationConfiguration?.[name] }];
    });
    if (changes.length === 0) return undefined;
    const timeout = changes.find(({ name }) => name === 'completionTimeoutPerGiB');
    const byUpgrade = timeout?.earlier === 150 && timeout.now.value === 20;
    return {
      confidence: 'possible',
      message: `${changes.map(({ name, earlier, now }) => `${name} was ${earlier} and is ${now.value}`).join('; ')} since the migration${changes.length === 1 ? '' : 's'} of ${[...new Set(changes.map(({ differing }) => `${differing.metadata.namespace}/${differing.spec.vmiName}`))].join(', ')}${byUpgrade ? '. An upgrade to OpenShift Virtualization with HyperConverged 1.19 changes 150 to 20 by itself' : ''}: what went well then can fail, or take longer, now`,
      evidence: changes.flatMap(({ name, now, differing, earlier }) => [
        atField(differing, `.status.migrationState.migrationConfiguration.${name}`, earlier),
        ...(now.object === undefined || now.field === undefined
          ? []
          : [{ object: now.object, field: now.field, value: now.raw ?? null }]),
      ]),
      remedies: [
        ...(timeout === undefined
          ? []
          : [
              'Look whether the large and busy VMs still get through in their time; give those that do not a MigrationPolicy with the old completionTimeoutPerGiB.',
            ]),
        'If nobody wanted it, set the old values (ferry settings set KEY=VALUE): what is set stays.',
      ],
    };
  },
};
