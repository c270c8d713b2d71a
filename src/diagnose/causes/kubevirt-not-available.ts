import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

/** KubeVirt says of itself that it does not work. */
export const kubevirtNotAvailable: Cause = {
  id: 'kubevirt/not-available',
  title: 'KubeVirt is not available, or degraded',
  source: 'facts/kubevirt.md D7, G3',
  needs: ['kubeVirts'],
  cluster({ snapshot }) {
    for (const kubeVirt of itemsOf(snapshot.lists.kubeVirts)) {
      const conditions = kubeVirt.status?.conditions ?? [];
      const away = conditions.find(({ type, status }) => type === 'Available' && status === 'False');
      const degraded = conditions.find(({ type, status }) => type === 'Degraded' && status === 'True');
      const said = away ?? degraded;
      if (said === undefined) continue;
      return {
        confidence: 'certain',
        message: `KubeVirt says of itself that it is ${away === undefined ? 'degraded' : 'not available'}: ${said.message ?? said.reason ?? ''}`,
        evidence: [
          atField(kubeVirt, `.status.conditions[type=${said.type}].status`, said.status),
          ...(said.message === undefined
            ? []
            : [atField(kubeVirt, `.status.conditions[type=${said.type}].message`, said.message)]),
        ],
        remedies: [
          `See which of its pods are not ready: kubectl get pods -n ${kubeVirt.metadata.namespace}.`,
          'Running VMs go on; do not move or change any before it is available again.',
        ],
      };
    }
    return undefined;
  },
};
