import { atVm, type Check, type Draft, warning } from '../check.ts';

/** From 1.8 on KubeVirt backs running VMs up itself; a migration waits for the backup, one that drains a node ends it. */
export const backup: Check = {
  id: 'vm/backup',
  title: 'No backup of the VM is under way',
  source: 'facts/kubevirt.md A6 (migrationBlockedByBackup), D2, E',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    const status = vm.vmi?.status?.changedBlockTracking?.backupStatus;
    if (status === undefined || !vm.running || status.completed === true || status.failed === true) return [];
    if (status.endTimestamp !== undefined || status.backupName === undefined) return [];
    return [
      warning(vm, {
        message: `backup ${status.backupName} of it is under way: a migration waits in Pending until it has ended, and a drain of its node breaks the backup off`,
        evidence: atVm(vm, '.status.changedBlockTracking.backupStatus.backupName', status.backupName),
        remedy: 'Wait until the backup has ended before you move the VM or drain its node.',
      }),
    ];
  },
};
