import type { DaemonSet } from '../../model/objects.ts';
import { modify, now } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { fault } from './fault.ts';

/** What `kubectl rollout restart daemonset/virt-handler` does. */
export const virtHandlerRollout = fault({
  name: 'virt-handler-rollout',
  summary: 'all virt-handlers are restarted, node by node, as kubectl rollout restart does',
  parameters: {},
  start: ({ cluster }) => {
    const set = cluster.store.get<DaemonSet>(resources.daemonSets, CNV_NAMESPACE, 'virt-handler');
    if (set === undefined) return undefined;
    modify<DaemonSet>(cluster, resources.daemonSets, set, (draft) => {
      const metadata = draft.spec?.template.metadata;
      if (draft.spec === undefined) return;
      draft.spec.template.metadata = {
        ...metadata,
        annotations: { ...metadata?.annotations, 'kubectl.kubernetes.io/restartedAt': now(cluster) },
      };
    });
    return undefined;
  },
});
