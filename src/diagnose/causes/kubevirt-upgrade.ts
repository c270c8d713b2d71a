import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

/** An upgrade restarts KubeVirt's components, and then moves every VM (facts/kubevirt.md C3). */
export const kubevirtUpgrade: Cause = {
  id: 'kubevirt/upgrade',
  title: 'KubeVirt is being changed or upgraded',
  source: 'facts/kubevirt.md C3, D7; facts/anchors.md 2 pains 22, 23',
  needs: ['kubeVirts'],
  cluster({ snapshot }) {
    for (const kubeVirt of itemsOf(snapshot.lists.kubeVirts)) {
      const { observedKubeVirtVersion: from, targetKubeVirtVersion: to, conditions = [] } = kubeVirt.status ?? {};
      const upgrade = from !== undefined && to !== undefined && from !== to;
      // What was complete before and now is not (a component crashes) is no change: virt-operator calls that
      // DeploymentInProgress, and itself not available. During an update it goes on calling itself available.
      const broken = conditions.some(({ type, status }) => type === 'Available' && status === 'False');
      const progressing = broken
        ? undefined
        : conditions.find(({ type, status }) => type === 'Progressing' && status === 'True');
      if (!upgrade && progressing === undefined) continue;
      return {
        confidence: upgrade ? 'certain' : 'likely',
        message: upgrade
          ? `KubeVirt is upgraded from ${from} to ${to}: its components are restarted, and then every VM is moved into the new virt-launcher`
          : `KubeVirt is changing its components${progressing?.message ? ` (${progressing.message})` : ''}: migrations that begin meanwhile can fail`,
        evidence: [
          ...(upgrade
            ? [
                atField(kubeVirt, '.status.observedKubeVirtVersion', from),
                atField(kubeVirt, '.status.targetKubeVirtVersion', to),
              ]
            : []),
          ...(progressing === undefined
            ? []
            : [atField(kubeVirt, '.status.conditions[type=Progressing].status', 'True')]),
        ],
        remedies: [
          `Wait: kubectl wait kubevirt ${kubeVirt.metadata.name} -n ${kubeVirt.metadata.namespace} --for=condition=Progressing=false --timeout=15m.`,
          'After an upgrade, move one VM of each kind before many: ferry move VM.',
        ],
      };
    }
    return undefined;
  },
};
