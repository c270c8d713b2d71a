import { conditionOf } from '../../model/vm.ts';
import { atVm, blocker, type Check, type Draft, warning } from '../check.ts';

const FIELD = '.status.conditions[type=LiveMigratable]';

/** What KubeVirt itself says: its webhook refuses the migration of a VM whose condition is False. */
export const liveMigratable: Check = {
  id: 'vm/live-migratable',
  title: 'KubeVirt calls the VM live-migratable',
  source: 'facts/kubevirt.md A4, B1',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    if (!vm.running || vm.phase !== 'Running') return [];
    const condition = conditionOf(vm, 'LiveMigratable');
    if (condition?.status === 'False') {
      const { reason = 'no reason given', message } = condition;
      return [
        blocker(vm, {
          message: `KubeVirt says it can't live-migrate: ${reason}${message === undefined ? '' : `: ${message}`}`,
          summary: `KubeVirt says ${reason}`,
          evidence: [atVm(vm, `${FIELD}.reason`, condition.reason), atVm(vm, `${FIELD}.message`, message)],
          remedy:
            'Remove the cause, or move the VM cold (a restart). KubeVirt names only the first cause it finds; the other findings here say the rest, and what to do about each.',
          allows: 'cold',
        }),
      ];
    }
    if (condition?.status === 'True') return [];
    return [
      warning(vm, {
        message: 'KubeVirt has not said yet whether it can live-migrate: the condition LiveMigratable is not set',
        evidence: atVm(vm, `${FIELD}.status`, condition?.status),
        remedy: "Look again in a minute. If it stays so, look at the log of virt-handler on the VM's node.",
      }),
    ];
  },
};
