import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { EVACUATION } from './migration-backoff.ts';
import { isFinalMigration } from './migration-slots.ts';

/** Tells the descheduler that a pod is being evicted in the background. */
const IN_PROGRESS = 'descheduler.alpha.kubernetes.io/eviction-in-progress';

/**
 * Keeps that annotation on launchers (virt-controller's watch/descheduler, facts/kubevirt.md J): from 1.6 on while the
 * VMI is marked, before while an evacuation's migration has not failed.
 */
export function evictionInProgress(cluster: Cluster): Controller {
  const { store } = cluster;
  const set = (vmi: VirtualMachineInstance, wanted: boolean): void => {
    for (const pod of cluster.podsOf.get(vmi.metadata.uid ?? '')) {
      const has = pod.metadata.annotations?.[IN_PROGRESS] !== undefined;
      const source = pod.spec?.nodeName === vmi.status?.nodeName && !isFinishedPod(pod);
      if (!source || has === wanted) continue;
      modify<Pod>(cluster, resources.pods, pod, (draft) => {
        const { [IN_PROGRESS]: _progress, ...annotations } = draft.metadata.annotations ?? {};
        draft.metadata.annotations = wanted ? { ...annotations, [IN_PROGRESS]: 'true' } : annotations;
      });
    }
  };
  const vmiOf = ({ metadata, spec }: VirtualMachineInstanceMigration): VirtualMachineInstance | undefined =>
    store.get<VirtualMachineInstance>(resources.vmis, metadata.namespace, spec.vmiName ?? '');
  return {
    start: () => {
      store.subscribe(({ resource, object, previous, type }) => {
        if (cluster.version.evictionInProgress === 'mark') {
          if (resource !== resources.vmis || type === 'DELETED') return;
          const now = (object as VirtualMachineInstance).status?.evacuationNodeName;
          const before = (previous as VirtualMachineInstance | undefined)?.status?.evacuationNodeName;
          if (now !== before)
            cluster.virtController.whenWorks(() => set(object as VirtualMachineInstance, now !== undefined));
          return;
        }
        if (resource !== resources.migrations || object.metadata.annotations?.[EVACUATION] === undefined) return;
        const migration = object as VirtualMachineInstanceMigration;
        const vmi = vmiOf(migration);
        if (vmi === undefined || (isFinalMigration(migration) && migration.status?.phase !== 'Failed')) return;
        cluster.virtController.whenWorks(() => set(vmi, !isFinalMigration(migration) && type !== 'DELETED'));
      });
    },
  };
}
