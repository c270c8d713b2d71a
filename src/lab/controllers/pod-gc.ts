import type { Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, type Controller, remove } from '../cluster.ts';
import { indexBy } from '../index-by.ts';
import { resources } from '../resources.ts';

/** kube-controller-manager's --terminated-pod-gc-threshold. */
const THRESHOLD = 12_500;
/** How often it looks, ms. */
const PERIOD = 20_000;

/** kube-controller-manager's pod garbage collector: of too many pods that have ended, the oldest are deleted. */
export function podGarbageCollector(cluster: Cluster, threshold = THRESHOLD): Controller {
  return {
    start: () => {
      const ended = indexBy<Pod>(cluster.store, resources.pods, (pod) => (isFinishedPod(pod) ? 'ended' : undefined));
      cluster.clock.every(PERIOD, () => {
        const excess = ended.count('ended') - threshold;
        if (excess <= 0) return;
        const age = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '');
        const oldest = ended.get('ended').toSorted((a, b) => age(a) - age(b));
        for (const pod of oldest.slice(0, excess)) remove(cluster, resources.pods, pod);
      });
    },
  };
}
