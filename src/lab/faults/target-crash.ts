import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { endPod } from '../controllers/kubelet.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';
import { isTarget } from './target-pods.ts';

/** How long after the phase began it happens, ms. */
const SOON = 200;

/** The launcher at the target ends with an error, as one that runs out of memory does. */
export const targetCrash = fault({
  name: 'target-crash',
  summary: 'target pods of migrations crash as soon as the migration is in a phase',
  parameters: { vm: 'optional', node: 'optional', phase: { default: 'Running' } },
  start: ({ cluster }, { phase, ...given }) => {
    const { clock, store, targetPods } = cluster;
    const crashSoon = ({ metadata, status }: VirtualMachineInstanceMigration): void => {
      if (status?.phase !== phase) return;
      clock.after(SOON, () => {
        for (const pod of targetPods.get(metadata.uid ?? '')) {
          if (!over && isTarget(pod, given) && !isFinishedPod(pod)) endPod(cluster, pod, 'Failed');
        }
      });
    };
    let over = false;
    for (const migration of store.list<VirtualMachineInstanceMigration>(resources.migrations)) crashSoon(migration);
    const unsubscribe = store.subscribe(({ resource, type, object, previous }) => {
      if (resource !== resources.migrations || type === 'DELETED') return;
      const migration = object as VirtualMachineInstanceMigration;
      const before = previous as VirtualMachineInstanceMigration | undefined;
      if (before?.status?.phase !== migration.status?.phase) crashSoon(migration);
    });
    return () => {
      over = true;
      unsubscribe();
    };
  },
});
