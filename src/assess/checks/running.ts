import { at, atVm, blocker, type Check, type Draft } from '../check.ts';

/** Only what runs can be moved while it runs. */
export const running: Check = {
  id: 'vm/running',
  title: 'The VM runs',
  source: 'mission: Migration Requirements (MUST HAVE, CANNOT); facts/kubevirt.md B1',
  needs: ['virtualMachines', 'virtualMachineInstances'],
  run(vm): Draft[] {
    const { vmi, phase = '' } = vm;
    if (!vm.running) {
      const evidence =
        vm.vm === undefined
          ? atVm(vm, '.status.phase', phase)
          : at(vm.vm, '.status.printableStatus', vm.vm.status?.printableStatus);
      return [
        blocker(vm, {
          message:
            vmi === undefined
              ? 'the VM is stopped: it has no VirtualMachineInstance'
              : `its instance has ended (${phase})`,
          evidence,
          remedy: 'Move it cold (it starts on the new node when it is next started), or start it first.',
          allows: 'cold',
        }),
      ];
    }
    if (vmi?.metadata.deletionTimestamp !== undefined) {
      return [
        blocker(vm, {
          message: 'the VM is being stopped',
          evidence: atVm(vm, '.metadata.deletionTimestamp', vmi.metadata.deletionTimestamp),
          remedy: 'Wait until it has stopped or runs again.',
          allows: 'cold',
        }),
      ];
    }
    if (phase !== 'Running') {
      return [
        blocker(vm, {
          message: `the VM is not running yet: its instance is ${phase === '' ? 'new' : phase}`,
          evidence: atVm(vm, '.status.phase', phase),
          remedy: 'Wait until it runs. If it does not start, its events say why.',
          allows: 'cold',
        }),
      ];
    }
    return [];
  },
};
