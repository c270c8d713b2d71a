import { conditionOf } from '../../model/vm.ts';
import { atVm, type Check, type Draft, info } from '../check.ts';

const FIELD = '.status.conditions[type=StorageLiveMigratable]';

/** KubeVirt's second opinion, which leaves the disks aside and names all other causes; it is there since v1.4. */
export const storageLiveMigratable: Check = {
  id: 'vm/storage-live-migratable',
  title: 'KubeVirt could migrate the disks along with the VM',
  source: 'facts/kubevirt.md A4, E (volume migration)',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    if (!vm.running) return [];
    const live = conditionOf(vm, 'LiveMigratable');
    const storage = conditionOf(vm, 'StorageLiveMigratable');
    if (storage?.status === 'False') {
      const { reason = 'no reason given', message } = storage;
      return [
        info(vm, {
          message: `KubeVirt could not move its disks while it runs either: ${reason}${message === undefined ? '' : `: ${message}`}`,
          evidence: [atVm(vm, `${FIELD}.reason`, reason), atVm(vm, `${FIELD}.message`, message)],
          remedy: 'These are all causes besides the disks; each has to be removed before the VM can migrate.',
        }),
      ];
    }
    if (storage?.status === 'True' && live?.status === 'False' && live.reason === 'DisksNotLiveMigratable') {
      return [
        info(vm, {
          message:
            'only its disks keep it from live-migrating; KubeVirt can move them to another storage class while it runs',
          evidence: atVm(vm, `${FIELD}.status`, 'True'),
          remedy:
            'Migrate its volumes to a class that offers ReadWriteMany (spec.updateVolumesStrategy: Migration); then it can live-migrate.',
        }),
      ];
    }
    return [];
  },
};
