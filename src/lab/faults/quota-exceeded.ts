import type { KubeObject, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';

/** A quota that what is there just fills: a migration's second launcher has no room in it. */
export const quotaExceeded = fault({
  name: 'quota-exceeded',
  summary: 'a namespace gets a ResourceQuota that leaves no room for another pod',
  parameters: { namespace: 'required' },
  start: ({ cluster: { store } }, { namespace }, { id }) => {
    const pods = store.list<Pod>(resources.pods, namespace).filter((pod) => !isFinishedPod(pod)).length;
    const name = `lab-${id}`;
    const quota: KubeObject & { spec: object } = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name, namespace },
      spec: { hard: { pods: String(pods) } },
    };
    store.create(resources.resourceQuotas, quota);
    return () => store.delete(resources.resourceQuotas, namespace, name);
  },
});
