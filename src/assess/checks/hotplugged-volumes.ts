import { atVm, type Check, type Draft, warning } from '../check.ts';

/** A migration waits until all hotplugged volumes are attached on the target; one that is not even attached here is in between. */
export const hotpluggedVolumes: Check = {
  id: 'storage/hotplugged-volumes',
  title: 'All hotplugged volumes are attached',
  source: 'facts/kubevirt.md E (hotplugged RWX disk), A6 (Pending to Scheduling waits for the attachment pod)',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    if (!vm.running) return [];
    return (vm.vmi?.status?.volumeStatus ?? []).flatMap(({ name, phase, hotplugVolume }) => {
      if (hotplugVolume === undefined || phase === undefined || phase === 'Ready') return [];
      return warning(vm, {
        message: `volume ${name} is just being plugged in or out (${phase}): a migration waits for it, or fails`,
        evidence: atVm(vm, `.status.volumeStatus[name=${name}].phase`, phase),
        remedy:
          'Wait until the volume is Ready or gone. If it stays so, look at the events of the VirtualMachineInstance and of its pod hp-volume-....',
      });
    });
  },
};
