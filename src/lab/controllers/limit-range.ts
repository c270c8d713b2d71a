import {
  limitsIn,
  limitViolations,
  requestsOverLimits,
  withLimitDefaults as withDefaults,
} from '../../model/limit-ranges.ts';
import type { LimitRange, Limits, Pod } from '../../model/objects.ts';
import type { Webhook } from '../api/extension.ts';
import { forbidden } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

function limitsOf(cluster: Cluster, namespace: string | undefined): Limits[] {
  if (cluster.store.count(resources.limitRanges) === 0) return [];
  return limitsIn(cluster.store.list<LimitRange>(resources.limitRanges, namespace ?? ''));
}

/** A pod with the defaults of its namespace's LimitRanges; the pod itself if there is nothing to add. */
export function withLimitDefaults<T extends Pod>(cluster: Cluster, pod: T): T {
  return withDefaults(pod, limitsOf(cluster, pod.metadata.namespace));
}

/** Why the API server would turn a pod down for its requests and limits, LimitRanger first; undefined if it would not. */
export function outsideLimits(cluster: Cluster, pod: Pod): string | undefined {
  const found = limitViolations(pod, limitsOf(cluster, pod.metadata.namespace));
  if (found.length === 0) return invalid(pod);
  const why = found.length === 1 ? found[0] : `[${found.join(', ')}]`;
  return `pods "${pod.metadata.name}" is forbidden: ${why}`;
}

function invalid(pod: Pod): string | undefined {
  const found = requestsOverLimits(pod);
  if (found.length === 0) return undefined;
  return `Pod "${pod.metadata.name}" is invalid: ${found.length === 1 ? found[0] : `[${found.join(', ')}]`}`;
}

/** The LimitRanger admission plugin, for pods. */
export function limitRanger(cluster: Cluster): Webhook {
  return {
    name: 'LimitRanger',
    own: true,
    resource: resources.pods,
    operations: ['CREATE'],
    mutate: ({ object, subresource }) =>
      subresource === undefined ? withLimitDefaults(cluster, object as Pod) : object,
    validate: ({ object, subresource }) => {
      const refused = subresource === undefined ? outsideLimits(cluster, object) : undefined;
      if (refused !== undefined) throw forbidden(refused, { name: object.metadata.name, kind: resources.pods });
    },
  };
}
