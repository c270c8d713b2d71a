import { age, column, customAge, type Kind } from './kind.ts';
import { atomicConditions, integer, list, object, open, string, whole } from './schema.ts';

const claim = open('A claim.', {
  accessModes: list('ReadWriteOnce, ReadWriteMany ...', { type: 'string' }),
  volumeMode: string('Block or Filesystem.'),
  storageClassName: string('The StorageClass.'),
});

const properties = list(
  'What claims of the class should be; the best comes first.',
  object('A combination.', {
    accessModes: list('ReadWriteOnce, ReadWriteMany ...', { type: 'string' }),
    volumeMode: string('Block or Filesystem.'),
  }),
);

/** The kinds of the Containerized Data Importer that the lab has (cdi.kubevirt.io, CDI 1.60 to 1.66). */
export const cdiKinds: Kind[] = [
  {
    group: 'cdi.kubevirt.io',
    versions: ['v1beta1'],
    storage: 'v1beta1',
    kind: 'DataVolume',
    plural: 'datavolumes',
    singular: 'datavolume',
    shortNames: ['dv', 'dvs'],
    categories: ['all'],
    namespaced: true,
    custom: true,
    status: true,
    schema: whole(
      'A claim that is filled from a source.',
      {
        spec: open('The claim and its source.', {
          pvc: claim,
          storage: claim,
          source: open('Where the data comes from: blank, http, pvc, registry, upload ...'),
          contentType: string('kubevirt or archive.', { enum: ['kubevirt', 'archive'] }),
        }),
        status: open('How it goes.', {
          claimName: string('The claim.'),
          phase: string('Pending, ImportInProgress, Succeeded ...'),
          progress: string('In percent.'),
          restartCount: integer('Restarts of the pod that transfers the data.'),
          conditions: atomicConditions('Bound, Running, Ready.'),
        }),
      },
      { required: ['spec'] },
    ),
    columns: [
      column('Phase', '.status.phase', { description: 'The phase the data volume is in' }),
      column('Progress', '.status.progress', {
        description: 'Transfer progress in percentage if known, N/A otherwise',
      }),
      column('Restarts', '.status.restartCount', {
        type: 'integer',
        description: 'The number of times the transfer has been restarted.',
      }),
      age,
    ],
  },
  {
    group: 'cdi.kubevirt.io',
    versions: ['v1beta1'],
    storage: 'v1beta1',
    kind: 'StorageProfile',
    plural: 'storageprofiles',
    singular: 'storageprofile',
    namespaced: false,
    custom: true,
    status: true,
    schema: whole(
      'What is known of a StorageClass.',
      {
        spec: open('What an administrator sets, over what CDI knows.', { claimPropertySets: properties }),
        status: open('What holds.', {
          claimPropertySets: properties,
          cloneStrategy: string('copy, snapshot or csi-clone.'),
          dataImportCronSourceFormat: string('pvc or snapshot.'),
          provisioner: string('The provisioner of the class.'),
          storageClass: string('The class.'),
        }),
      },
      { required: ['spec'] },
    ),
    columns: [customAge],
  },
];
