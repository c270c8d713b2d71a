import { itemsOf } from '../../model/snapshot.ts';
import { atVm, type Check, type Draft, warning } from '../check.ts';
import { versionIn } from '../refused.ts';

/** Volumes that a backup or a dump has lent the VM's pod; they do not migrate. */
export const utilityVolumes: Check = {
  id: 'vm/utility-volumes',
  title: 'No utility volume is attached',
  source: 'facts/kubevirt.md A6 (migrationBlockedByUtilityVolumes), A8, C1, E',
  needs: ['virtualMachineInstances'],
  run(vm, snapshot): Draft[] {
    const volumes = vm.spec.utilityVolumes ?? [];
    if (volumes.length === 0 || !vm.running) return [];
    const set = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration?.migrations?.utilityVolumesTimeout;
    const seconds = set ?? versionIn(snapshot)?.migrationDefaults.utilityVolumesTimeout ?? 150;
    const names = volumes.map(({ name }) => name).join(', ');
    return [
      warning(vm, {
        message: `the utility volume${volumes.length === 1 ? '' : 's'} ${names} (of a backup or memory dump) ${volumes.length === 1 ? 'is' : 'are'} attached: a migration waits for up to ${seconds} s, and then fails`,
        evidence: volumes.map(({ name, claimName }) =>
          atVm(vm, `.spec.utilityVolumes[name=${name}].claimName`, claimName),
        ),
        remedy: 'Wait until the backup or dump that needs it has ended, and has taken it away.',
      }),
    ];
  },
};
