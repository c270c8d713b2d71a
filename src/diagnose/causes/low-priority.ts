import { at as atField } from '../../model/finding.ts';
import { type Migration, migrationsOf } from '../../model/migrations.ts';
import { type Cause } from '../cause.ts';
import { usesPriority, weightOf } from '../queue.ts';
import { isWaiting } from '../said.ts';

/** Where KubeVirt sorts the queue by priority, what users ask for goes last (facts/kubevirt.md C1; anchors 6 row 26). */
export const lowPriority: Cause = {
  id: 'queue/low-priority',
  title: 'Others go first',
  source: 'facts/kubevirt.md C1; facts/anchors.md 6 row 26',
  needs: ['migrations', 'kubeVirts'],
  migration(each) {
    const { view, snapshot, migration } = each;
    if (view === undefined || !isWaiting(each) || !usesPriority(snapshot)) return undefined;
    const before = migrationsOf(snapshot).unfinished.filter(
      (other: Migration) => !other.takesSlot && weightOf(other) > weightOf(view),
    );
    const [first] = before;
    if (first === undefined) return undefined;
    return {
      confidence: 'likely',
      message: `${before.length} ${before.length === 1 ? 'migration that waits goes' : 'migrations that wait go'} first: KubeVirt serves drains and its own updates before what users ask for`,
      evidence: [
        atField(migration, '.spec.priority', migration.spec.priority),
        ...before.slice(0, 3).map(({ object }) => atField(object, '.spec.priority', object.spec.priority)),
      ],
      remedies: [
        'Wait until the drain or the update is over; its place in the queue is shown.',
        'Only KubeVirt may set the priority of a migration. If it is urgent, cancel some of those that go first: ferry cancel OTHER -n NAMESPACE.',
      ],
    };
  },
  texts: [/only virt-controller is allowed to set priority/],
  meaning: {
    message:
      'Priorities of migrations are for KubeVirt itself: drains first, then its updates, and what users ask for last.',
    remedies: ['Leave spec.priority out.'],
  },
};
