import { at as atField } from '../../model/finding.ts';
import { groupBy } from '../../model/memo.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const REJECTED = 'migrationRejectedByResourceQuota';

/** A migration needs a second pod for as long as it runs; where a quota leaves no room for it, every VM of the namespace waits (facts/kubevirt.md A6). */
export const quotaWaiting: Cause = {
  id: 'quota/migrations-wait',
  title: 'Resource quotas keep migrations waiting',
  source: 'facts/kubevirt.md A6, E; facts/anchors.md 2 pain 7',
  needs: ['migrations', 'resourceQuotas'],
  cluster({ snapshot }) {
    const rejected = itemsOf(snapshot.lists.migrations).filter(({ status }) =>
      (status?.conditions ?? []).some(({ type, status: value }) => type === REJECTED && value === 'True'),
    );
    const byNamespace = [...groupBy(rejected, ({ metadata }) => metadata.namespace)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    if (byNamespace.length === 0) return undefined;
    return {
      confidence: 'certain',
      message: `migrations wait for room in their namespace's resource quota: ${byNamespace.map(([namespace, waiting]) => `${waiting.map(({ spec }) => spec.vmiName).join(', ')} in ${namespace}`).join('; ')}. A VM counts twice while it moves`,
      evidence: rejected.map((object) => atField(object, `.status.conditions[type=${REJECTED}].status`, 'True')),
      remedies: [
        ...byNamespace.map(
          ([namespace]) =>
            `Raise the quota by the largest VM of the namespace: kubectl describe resourcequota -n ${namespace}.`,
        ),
        'The migrations go on by themselves when the quota changes.',
      ],
    };
  },
};
