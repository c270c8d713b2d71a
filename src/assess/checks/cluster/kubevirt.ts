import { itemsOf } from '../../../model/snapshot.ts';
import { at, blocker, type Check, type Draft, warning } from '../../check.ts';

/** KubeVirt's own word on whether it works. */
export const kubevirt: Check = {
  id: 'health/kubevirt',
  title: 'KubeVirt is available, and nothing of it is being replaced',
  source: 'mission: Issue 3 (recent configuration change); facts/kubevirt.md D7, C3',
  needs: ['kubeVirts'],
  advise(snapshot): Draft[] {
    return itemsOf(snapshot.lists.kubeVirts).flatMap((object): Draft[] => {
      const subject = { kind: 'KubeVirt', namespace: object.metadata.namespace ?? '', name: object.metadata.name };
      const conditions = object.status?.conditions ?? [];
      const of = (type: string) => conditions.find((condition) => condition.type === type);
      const says = (type: string, status: string) => [
        at(object, `.status.conditions[type=${type}].status`, status),
        at(object, `.status.conditions[type=${type}].message`, of(type)?.message),
      ];
      const { observedKubeVirtVersion: observed, targetKubeVirtVersion: target } = object.status ?? {};
      const drafts: Draft[] = [];
      if (of('Available')?.status === 'False') {
        drafts.push(
          blocker(subject, {
            message: `KubeVirt is not available (${of('Available')?.message ?? 'no reason given'}): nothing can be started or migrated`,
            evidence: says('Available', 'False'),
            remedy:
              'See what is wrong with its parts: ferry diagnose cluster. Afterwards migrations go on by themselves.',
            allows: 'nothing',
          }),
        );
      }
      if (of('Degraded')?.status === 'True') {
        drafts.push(
          warning(subject, {
            message: `KubeVirt is degraded: ${of('Degraded')?.message ?? 'no reason given'}`,
            evidence: says('Degraded', 'True'),
            remedy: `Repair what it names before you move many VMs; which of its pods is in trouble: kubectl get pods -n ${object.metadata.namespace ?? ''}.`,
          }),
        );
      }
      if (observed !== undefined && target !== undefined && observed !== target) {
        drafts.push(
          warning(subject, {
            message: `KubeVirt is being updated from ${observed} to ${target}: virt-handler restarts on every node, and VMs cannot leave or reach a node meanwhile`,
            evidence: [
              at(object, '.status.observedKubeVirtVersion', observed),
              at(object, '.status.targetKubeVirtVersion', target),
            ],
            remedy: 'Wait until it is done (kubectl get kubevirt -A) before you move VMs.',
          }),
        );
      } else if (of('Progressing')?.status === 'True') {
        drafts.push(
          warning(subject, {
            message: `KubeVirt is being rolled out: ${of('Progressing')?.message ?? 'no reason given'}`,
            evidence: says('Progressing', 'True'),
            remedy: 'Wait until it is done (kubectl get kubevirt -A) before you move VMs.',
          }),
        );
      }
      return drafts;
    });
  },
};
