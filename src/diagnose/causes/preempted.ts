import { at as atField } from '../../model/finding.ts';
import { atEvent, type Cause } from '../cause.ts';

/** The scheduler makes room for pods of a higher priority. It does not ask KubeVirt, and no disruption budget binds it (facts/anchors.md 2 pain 28). */
export const preempted: Cause = {
  id: 'vm/preempted',
  title: 'It was shut down to make room for a pod of higher priority',
  source: 'facts/anchors.md 2 pain 28 (kubermatic#14449)',
  needs: ['pods', 'virtualMachines'],
  reads: ['events'],
  vm({ vm, vmi, events }) {
    const said = events.findLast(({ about, reason }) => about.kind === 'Pod' && reason === 'Preempted');
    if (said === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `the scheduler deleted its pod ${said.about.name} to make room for a pod of higher priority: such a VM is not migrated, it is shut down`,
      evidence: [
        atEvent(said),
        ...(vmi === undefined ? [] : [atField(vmi, '.spec.priorityClassName', vmi.spec.priorityClassName ?? null)]),
      ],
      remedies: [
        'Give VMs that matter a priorityClassName in their template that is at least as high as that of what displaced them.',
        `Make room where it is short: move VMs off the node (ferry move VM), or see what fills it (ferry check ${vm.name} -n ${vm.namespace}).`,
      ],
    };
  },
  texts: [/^Preempted by /m],
  meaning: {
    message:
      'The scheduler deleted this pod to make room for one of higher priority. A VM is shut down by that, not migrated.',
    remedies: ['Give VMs that matter a priorityClassName that is high enough.'],
  },
};
