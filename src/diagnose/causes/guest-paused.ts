import { at as atField } from '../../model/finding.ts';
import { conditionOf } from '../../model/vm.ts';
import { type Cause } from '../cause.ts';
import { stateAt } from '../said.ts';

/** KubeVirt pauses a guest to let its migration end where it may disturb it (v1.5+; facts/kubevirt.md D1). */
export const guestPaused: Cause = {
  id: 'migration/guest-paused',
  title: 'KubeVirt has paused the guest',
  source: 'facts/kubevirt.md A3, D1 (KubeVirt 1.5 and newer)',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    if (each.final || each.state?.mode !== 'Paused') return undefined;
    return {
      confidence: 'certain',
      message:
        'its time was over, so KubeVirt has paused the guest to let the migration end: the VM does not answer until then',
      evidence: [stateAt(each, 'mode')],
      remedies: [
        'Wait: without the guest writing, what remains is copied once.',
        'To let the guest go on where it is: ferry cancel VM.',
        'If that must not happen to this VM: allowWorkloadDisruption: false in a MigrationPolicy.',
      ],
    };
  },
  vm({ vm, vmi }) {
    const condition = conditionOf(vm, 'Paused');
    if (vmi === undefined || condition?.status !== 'True' || condition.reason !== 'PausedByMigrationMonitor')
      return undefined;
    if (vm.unfinished.length > 0) return undefined;
    return {
      confidence: 'certain',
      message: 'the guest was paused to let a migration end, the migration is over, and the guest is still paused',
      evidence: [atField(vmi, '.status.conditions[type=Paused].reason', condition.reason)],
      remedies: [`Let it go on: virtctl unpause vm ${vm.name} -n ${vm.namespace}.`],
    };
  },
  texts: [/VMI was paused by the migration monitor|PausedByMigrationMonitor/],
  meaning: {
    message: 'The time of a migration was over, and KubeVirt paused the guest to let it end (allowWorkloadDisruption).',
    remedies: ['Wait for the end of the migration, or cancel it: ferry cancel VM.'],
  },
};
