import type { KubeDescheduler, KubeObject } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { DESCHEDULER_NAMESPACE } from '../controllers/descheduler.ts';
import { resources } from '../resources.ts';

/** The operator's namespace, and the KubeDescheduler that somebody made in it. */
export function createDescheduler(
  { store }: Cluster,
  spec: NonNullable<KubeDescheduler['spec']>,
  creationTimestamp: string,
): void {
  const namespace: KubeObject & Record<string, unknown> = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: DESCHEDULER_NAMESPACE, creationTimestamp },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
  store.create(resources.namespaces, namespace);
  const descheduler: KubeDescheduler = {
    apiVersion: 'operator.openshift.io/v1',
    kind: 'KubeDescheduler',
    metadata: { name: 'cluster', namespace: DESCHEDULER_NAMESPACE, creationTimestamp },
    spec,
  };
  store.create(resources.kubeDeschedulers, descheduler);
}
