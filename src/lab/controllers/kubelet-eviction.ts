import type { Pod } from '../../model/objects.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { endedStatus } from './pod-status.ts';

/** A kubelet ends a pod that uses more memory than it has requested, because the node has too little (Kubernetes pkg/kubelet/eviction, helpers.go evictionMessage). */
export function evictForMemory(cluster: Cluster, pod: Pod): void {
  const container = pod.spec?.containers[0];
  const request = container?.resources?.requests?.['memory'] ?? '0';
  const message =
    `The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. ` +
    `Container ${container?.name ?? ''} was using 4Mi, request is ${request}, has larger consumption of memory. `;
  const evicted = modify<Pod>(cluster, resources.pods, pod, (draft) => {
    draft.status = { ...endedStatus(draft, 'Failed', now(cluster)), reason: 'Evicted', message };
  });
  if (evicted === undefined) return;
  cluster.events.warning(evicted, { component: 'kubelet', host: pod.spec?.nodeName ?? '' }, 'Evicted', message);
}
