import { domain, refused, running, table } from '../testing/table.ts';
import { scsiReservation } from './scsi-reservation.ts';

const lun = (reservation: boolean) => ({
  domain: domain({ devices: { disks: [{ name: 'quorum', lun: { bus: 'scsi', reservation } }] } }),
});
const no = refused('PersistentReservationNotLiveMigratable');

table(scsiReservation, [
  [
    'up to 1.8 it keeps the VM',
    { vm: running(lun(true), no), kubevirt: 'v1.8.4' },
    [['blocker', /disk quorum passes SCSI persistent reservations.*KubeVirt 1\.8 does not/, 'cold']],
  ],
  [
    'also where KubeVirt has not said so',
    {
      vm: running(lun(true), { change: ({ vmi }) => Object.assign(vmi.status!, { conditions: [] }) }),
      kubevirt: 'v1.3.1',
    },
    [['blocker', /KubeVirt 1\.3 does not/, 'cold']],
  ],
  [
    'from 1.9 on the storage has to play along',
    { vm: running(lun(true)), kubevirt: 'v1.9.0' },
    [['warning', /has to accept the reservation from the other node/]],
  ],
  ['a LUN without reservations is a disk like others', { vm: running(lun(false)), kubevirt: 'v1.8.4' }, []],
]);
