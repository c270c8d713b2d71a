import type { Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { componentPods } from '../controllers/control-plane.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { crashLoop } from './crash-loop.ts';
import type { Stop } from './fault.ts';

/**
 * The pods of one of KubeVirt's components crash again and again: so many of them, or all, and then those that replace
 * them, too. What the component is for fails as its pods are not ready (src/lab/controllers/control-plane.ts).
 */
export function componentCrash(cluster: Cluster, component: string, count = Infinity): Stop {
  const { store } = cluster;
  const loops = new Map<string, Stop>();

  function befall(pod: Pod): void {
    const { uid = '', name } = pod.metadata;
    if (loops.has(uid) || loops.size >= count || pod.status?.phase !== 'Running') return;
    const find = (): Pod | undefined => {
      const found = store.get<Pod>(resources.pods, CNV_NAMESPACE, name);
      return found === undefined || isFinishedPod(found) ? undefined : found;
    };
    // A crash changes the pod, which must not be taken for a new one.
    loops.set(uid, () => undefined);
    loops.set(uid, crashLoop(cluster, component, find));
  }

  for (const pod of componentPods(cluster, component)) befall(pod);
  const unsubscribe = store.subscribe(({ resource, type, object }) => {
    if (resource !== resources.pods || object.metadata.labels?.['kubevirt.io'] !== component) return;
    const uid = object.metadata.uid ?? '';
    if (type === 'DELETED') {
      loops.get(uid)?.();
      loops.delete(uid);
    } else befall(object);
  });
  return () => {
    unsubscribe();
    for (const stop of loops.values()) stop();
  };
}
