import { expect, test } from 'vitest';
import { claim, kubeVirt, storageClass, vm } from '../../model/testing/fixtures.ts';
import { domain, refused, running, saidOf, table } from '../testing/table.ts';
import { volumeMigration } from './volume-migration.ts';

const no = refused('DisksNotLiveMigratable', 'PVC c is not shared');
const rwo = (spec: object = {}) => [
  ...vm('web', running(spec, { ...no, claims: ['c'] })),
  claim('c', { accessModes: ['ReadWriteOnce'] }),
];
const configured = (configuration: object) => {
  const object = kubeVirt();
  object.spec!.configuration = configuration;
  return object;
};
const root = (more: object) => ({ domain: domain({ devices: { disks: [{ name: 'disk0', ...more }] } }) });

table(volumeMigration, [
  [
    'what only the disks hold can be copied to shared storage',
    { objects: [...rwo(), claim('other')] },
    [['info', /can move them to another storage class while it runs/]],
  ],
  [
    'not where changes wait for a restart',
    { objects: [...rwo(), configured({ vmRolloutStrategy: 'Stage' })] },
    [['info', /can't copy them while it runs: changes wait for a restart/]],
  ],
  [
    'not in 1.4 without its gates',
    { objects: [...rwo(), configured({ vmRolloutStrategy: 'LiveUpdate' })], kubevirt: 'v1.4.1' },
    [['info', /gates VolumesUpdateStrategy and VolumeMigration are not both on/]],
  ],
  [
    'in 1.4 with them',
    {
      objects: [
        ...rwo(),
        configured({
          vmRolloutStrategy: 'LiveUpdate',
          developerConfiguration: { featureGates: ['VolumesUpdateStrategy', 'VolumeMigration'] },
        }),
      ],
      kubevirt: 'v1.4.1',
    },
    [['info', /can move them/]],
  ],
  [
    'not a LUN',
    {
      objects: rwo({
        ...root({ lun: { bus: 'scsi' } }),
        volumes: [{ name: 'disk0', persistentVolumeClaim: { claimName: 'c' } }],
      }),
    },
    [['info', /disk0 is a LUN/]],
  ],
  [
    'not a disk that VMs share',
    {
      objects: rwo({
        ...root({ disk: { bus: 'virtio' }, shareable: true }),
        volumes: [{ name: 'disk0', persistentVolumeClaim: { claimName: 'c' } }],
      }),
    },
    [['info', /disk0 is shared with other VMs/]],
  ],
  [
    'where something else holds it, too, copying would not help',
    { objects: [...vm('web', running({}, { ...refused('SEVNotLiveMigratable'), claims: ['c'] })), claim('c')] },
    [],
  ],
]);

test('only classes that can be shared are proposed', () => {
  const { findings } = saidOf(volumeMigration, {
    objects: [
      ...rwo(),
      storageClass('san', 'csi.trident.netapp.io', { backendType: 'ontap-san' }),
      storageClass('lvms', 'topolvm.io'),
      claim('a'),
      claim('b', { storageClassName: 'san' }),
      claim('d', { storageClassName: 'lvms' }),
    ],
  });
  expect(findings[0]?.remedy).toContain('(here: nfs)');
});
