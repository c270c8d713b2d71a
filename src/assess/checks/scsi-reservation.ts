import { atVm, blocker, type Check, type Draft, warning } from '../check.ts';
import { refuses, versionIn } from '../refused.ts';

/** A SCSI persistent reservation is held by the node, not by the guest. */
export const scsiReservation: Check = {
  id: 'storage/scsi-reservation',
  title: 'No disk passes SCSI reservations through',
  source: 'facts/kubevirt.md A4 (PersistentReservationNotLiveMigratable), E (LUN disk)',
  needs: [],
  run(vm, snapshot): Draft[] {
    const disks = (vm.spec.domain.devices.disks ?? []).filter(({ lun }) => lun?.reservation === true);
    if (disks.length === 0) return [];
    return disks.flatMap(({ name }) => {
      const evidence = atVm(vm, `.spec.domain.devices.disks[name=${name}].lun.reservation`, true);
      if (refuses('persistent-reservation', vm, snapshot)) {
        return blocker(vm, {
          message:
            `disk ${name} passes SCSI persistent reservations through to the guest; KubeVirt ${versionIn(snapshot)?.name ?? ''} does not migrate it live`.replace(
              '  ',
              ' ',
            ),
          summary: `disk ${name} uses SCSI reservations`,
          evidence,
          remedy:
            'Move it cold (a restart), or remove lun.reservation from the disk if no cluster software in the guest needs it. From KubeVirt 1.9 on such VMs can live-migrate.',
          allows: 'cold',
        });
      }
      return warning(vm, {
        message: `disk ${name} passes SCSI persistent reservations through to the guest: the storage has to accept the reservation from the other node as well`,
        evidence,
        remedy:
          'Try it on a VM whose cluster partner can take over. The target can be no node on which another VM with reservations runs.',
      });
    });
  },
};
