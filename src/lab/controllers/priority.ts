import type { KubeObject, Pod } from '../../model/objects.ts';
import type { Webhook } from '../api/extension.ts';
import { forbidden } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

interface PriorityClass extends KubeObject {
  value: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

/** Classes that every API server has (Kubernetes scheduling.SystemPriorityClasses). */
const SYSTEM: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** A pod with the priority of its class, or of the cluster's default one; `unknown`: the class is not there. */
export function withPriority<T extends Pod>(cluster: Cluster, pod: T): { pod: T } | { unknown: string } {
  const name = pod.spec?.priorityClassName;
  if (pod.spec === undefined) return { pod };
  const found =
    name === undefined
      ? [...cluster.store.values<PriorityClass>(resources.priorityClasses)].find((each) => each.globalDefault === true)
      : cluster.store.get<PriorityClass>(resources.priorityClasses, undefined, name);
  const value = found?.value ?? SYSTEM[name ?? ''];
  if (value === undefined)
    return name === undefined ? { pod } : { unknown: `no PriorityClass with name ${name} was found` };
  const { preemptionPolicy = 'PreemptLowerPriority', metadata } = found ?? {};
  const spec = { ...pod.spec, priorityClassName: metadata?.name ?? name, priority: value, preemptionPolicy };
  return { pod: { ...pod, spec } };
}

/** The Priority admission plugin (Kubernetes plugin/pkg/admission/priority), for pods. */
export function priorityAdmission(cluster: Cluster): Webhook {
  return {
    name: 'Priority',
    own: true,
    resource: resources.pods,
    operations: ['CREATE'],
    mutate: ({ object, subresource }) => {
      if (subresource !== undefined) return object;
      const admitted = withPriority(cluster, object as Pod);
      if ('pod' in admitted) return admitted.pod;
      const text = `pods "${object.metadata.name}" is forbidden: ${admitted.unknown}`;
      throw forbidden(text, { name: object.metadata.name, kind: resources.pods });
    },
  };
}
