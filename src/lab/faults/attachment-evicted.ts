import type { Pod, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { evictForMemory } from '../controllers/kubelet-eviction.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';
import { isTarget } from './target-pods.ts';

/** How long after the phase began it happens, ms. */
const SOON = 200;

/** The target's kubelet runs short of memory, and ends the pod that has hot-plugged volumes: it uses more than it has requested. */
export const attachmentEvicted = fault({
  name: 'attachment-evicted',
  summary:
    'kubelets evict the pods that attach hot-plugged volumes on targets of migrations as soon as the migration is in a phase',
  parameters: { vm: 'optional', node: 'optional', phase: { default: 'Running' } },
  start: ({ cluster }, { phase, ...given }) => {
    const { clock, store, targetPods, attachmentPods } = cluster;
    let over = false;
    const evict = (target: Pod): void => {
      if (over || !isTarget(target, given)) return;
      for (const pod of attachmentPods.get(target.metadata.uid ?? '')) {
        if (!isFinishedPod(pod) && pod.spec?.nodeName !== undefined) evictForMemory(cluster, pod);
      }
    };
    const evictSoon = ({ metadata, status }: VirtualMachineInstanceMigration): void => {
      if (status?.phase !== phase) return;
      clock.after(SOON, () => targetPods.get(metadata.uid ?? '').forEach(evict));
    };
    for (const migration of store.list<VirtualMachineInstanceMigration>(resources.migrations)) evictSoon(migration);
    const unsubscribe = store.subscribe(({ resource, type, object, previous }) => {
      if (resource !== resources.migrations || type === 'DELETED') return;
      const migration = object as VirtualMachineInstanceMigration;
      const before = previous as VirtualMachineInstanceMigration | undefined;
      if (before?.status?.phase !== migration.status?.phase) evictSoon(migration);
    });
    return () => {
      over = true;
      unsubscribe();
    };
  },
});
