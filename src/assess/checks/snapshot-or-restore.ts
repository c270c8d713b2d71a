import { at, type Check, type Draft, warning } from '../check.ts';

/** KubeVirt does not refuse a migration meanwhile; the snapshot or the restore may suffer. */
export const snapshotOrRestore: Check = {
  id: 'vm/snapshot-or-restore',
  title: 'No snapshot of the VM is being taken or restored',
  source: 'facts/kubevirt.md E (VM snapshot/restore in progress)',
  needs: ['virtualMachines'],
  run(vm): Draft[] {
    const { snapshotInProgress, restoreInProgress } = vm.vm?.status ?? {};
    if (vm.vm === undefined || !vm.running) return [];
    const found: Draft[] = [];
    if (snapshotInProgress !== undefined) {
      found.push(
        warning(vm, {
          message: `snapshot ${snapshotInProgress} of it is being taken: its file systems may be frozen, and KubeVirt lets a migration start all the same`,
          evidence: at(vm.vm, '.status.snapshotInProgress', snapshotInProgress),
          remedy: 'Wait until the VirtualMachineSnapshot is ready, then move the VM.',
        }),
      );
    }
    if (restoreInProgress !== undefined) {
      found.push(
        warning(vm, {
          message: `restore ${restoreInProgress} waits for it: its disks are to be replaced by those of a snapshot as soon as it is stopped`,
          evidence: at(vm.vm, '.status.restoreInProgress', restoreInProgress),
          remedy: 'Stop the VM if the restore is wanted, or delete the VirtualMachineRestore, before you move it.',
        }),
      );
    }
    return found;
  },
};
