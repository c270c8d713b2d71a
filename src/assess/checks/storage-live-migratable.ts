import { conditionOf } from '../../model/vm.ts';
import { atVm, type Check, type Draft, info } from '../check.ts';

const FIELD = '.status.conditions[type=StorageLiveMigratable]';

/** KubeVirt's second opinion, which leaves the disks aside and names all other causes; it is there since v1.4. */
export const storageLiveMigratable: Check = {
  id: 'vm/storage-live-migratable',
  title: 'KubeVirt could migrate the disks along with the VM',
  source: 'facts/kubevirt.md A4',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    const storage = vm.running ? conditionOf(vm, 'StorageLiveMigratable') : undefined;
    if (storage?.status !== 'False') return [];
    const { reason = 'no reason given', message } = storage;
    return [
      info(vm, {
        message: `KubeVirt could not move its disks while it runs either: ${reason}${message === undefined ? '' : `: ${message}`}`,
        evidence: [atVm(vm, `${FIELD}.reason`, storage.reason), atVm(vm, `${FIELD}.message`, message)],
        remedy: 'These are all causes besides the disks; each has to be removed before the VM can migrate.',
      }),
    ];
  },
};
