import { at, atVm, blocker, type Check, type Draft, warning } from '../check.ts';

/** A migration waits until all hotplugged volumes are attached on the target; one that is not even attached here is in between, or never will be. */
export const hotpluggedVolumes: Check = {
  id: 'storage/hotplugged-volumes',
  title: 'All hotplugged volumes are attached',
  source: 'facts/kubevirt.md E (hotplugged RWX disk), A6 (Pending to Scheduling waits for the attachment pod)',
  needs: ['virtualMachineInstances'],
  run(vm): Draft[] {
    if (!vm.running) return [];
    return (vm.vmi?.status?.volumeStatus ?? []).flatMap(({ name, phase, hotplugVolume }) => {
      if (hotplugVolume === undefined || phase === undefined || phase === 'Ready') return [];
      const claim = vm.volumes.find((volume) => volume.name === name)?.claim;
      const told = atVm(vm, `.status.volumeStatus[name=${name}].phase`, phase);
      if (claim !== undefined && claim.status?.phase !== 'Bound') {
        const { name: claimName } = claim.metadata;
        return blocker(vm, {
          message: `volume ${name} was plugged in, but its claim ${claimName} has no storage yet (${claim.status?.phase ?? 'Pending'}): no node can attach it, and a migration would wait for that without end`,
          summary: `hotplugged volume ${name} has no storage yet`,
          evidence: [told, at(claim, '.status.phase', claim.status?.phase)],
          remedy: `See why the claim gets no volume (kubectl describe pvc ${claimName} -n ${vm.namespace}), or take the volume out again (virtctl removevolume ${vm.name} --volume-name=${name} -n ${vm.namespace}).`,
          allows: 'cold',
        });
      }
      return warning(vm, {
        message: `volume ${name} is just being plugged in or out (${phase}): a migration waits for it, or fails`,
        evidence: told,
        remedy:
          'Wait until the volume is Ready or gone. If it stays so, look at the events of the VirtualMachineInstance and of its pod hp-volume-....',
      });
    });
  },
};
