import { kubeVirt, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { utilityVolumes } from './utility-volumes.ts';

const lent = running({ utilityVolumes: [{ name: 'scratch', claimName: 'backup-scratch' }] });

table(utilityVolumes, [
  [
    'a migration waits for them, but not for ever',
    { vm: lent, kubevirt: 'v1.8.4' },
    [['warning', /utility volume scratch .* is attached: a migration waits for up to 150 s/]],
  ],
  [
    'as long as it was set',
    { objects: [...vm('web', lent), kubeVirt({ utilityVolumesTimeout: 30 })], kubevirt: 'v1.8.4' },
    [['warning', /up to 30 s/]],
  ],
  [
    'volumes of the VM itself are none',
    { vm: running({ volumes: [{ name: 'scratch', persistentVolumeClaim: { claimName: 'c' } }] }), kubevirt: 'v1.8.4' },
    [],
  ],
]);
