import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, PersistentVolumeClaim } from '../../model/objects.ts';
import { modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import type { DataVolume } from './cdi-claim.ts';
import type { StorageProfile } from './cdi-profiles.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

const volume = (name = 'dv'): DataVolume | undefined => lab.store.get(resources.dataVolumes, 'shop', name);
const claim = (name = 'dv'): PersistentVolumeClaim | undefined => lab.store.get(resources.claims, 'shop', name);

function create(spec: DataVolume['spec'], name = 'dv', annotations?: Record<string, string>): void {
  const object: DataVolume = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace: 'shop', ...(annotations === undefined ? {} : { annotations }) },
    spec,
  };
  lab.store.create(resources.dataVolumes, object);
}

const storage = (storageClassName?: string, size = '10Gi'): NonNullable<DataVolume['spec']['storage']> => ({
  resources: { requests: { storage: size } },
  ...(storageClassName === undefined ? {} : { storageClassName }),
});

/** The phases a watch has seen, in order, each once. */
function phases(name = 'dv'): string[] {
  const seen = lab.log.flatMap(({ resource, object }) =>
    resource === resources.dataVolumes && object.metadata.name === name
      ? [(object as DataVolume).status?.phase ?? '']
      : [],
  );
  return seen.filter((phase, index) => phase !== seen[index - 1]);
}

const condition = (type: string) => volume()?.status?.conditions?.find((each) => each.type === type);

describe('a DataVolume', () => {
  test.each<[string, DataVolume['spec'], string[]]>([
    [
      'that is blank is filled at once',
      { source: { blank: {} }, storage: storage('ontap-san') },
      ['', 'Pending', 'ImportScheduled', 'ImportInProgress', 'Succeeded'],
    ],
    [
      'is imported over HTTP',
      { source: { http: { url: 'https://images.example/rhel9.qcow2' } }, storage: storage('ontap-nas') },
      ['', 'Pending', 'ImportScheduled', 'ImportInProgress', 'Succeeded'],
    ],
    [
      'is imported from a registry',
      { source: { registry: { url: 'docker://quay.example/rhel9' } }, storage: storage('ontap-nas') },
      ['', 'Pending', 'ImportScheduled', 'ImportInProgress', 'Succeeded'],
    ],
    [
      'is cloned from a claim at rest',
      {
        source: { pvc: { namespace: 'finance', name: 'payroll-batch-rootdisk' } },
        storage: storage('ontap-san', '50Gi'),
      },
      ['', 'Pending', 'CloneScheduled', 'CloneInProgress', 'Succeeded'],
    ],
    [
      'waits for an upload, which nobody sends',
      { source: { upload: {} }, storage: storage('ontap-nas') },
      ['', 'Pending', 'UploadScheduled', 'UploadReady'],
    ],
    [
      'on storage of a node waits for the first consumer to say which',
      { source: { blank: {} }, storage: storage('lvms-vg1') },
      ['', 'PendingPopulation'],
    ],
    [
      'of a class that is not there stays Pending',
      { source: { blank: {} }, pvc: { ...storage('nosuch'), accessModes: ['ReadWriteOnce'] } },
      ['', 'Pending'],
    ],
    [
      'whose source is in use waits for its end',
      { source: { pvc: { name: 'orders-db-data' } }, storage: storage('ontap-san', '600Gi') },
      ['', 'Pending'],
    ],
  ])('%s', (_, spec, expected) => {
    create(spec);
    lab.run();
    expect(phases()).toEqual(expected);
  });

  test('ends Ready and Bound, its claim owned by it', () => {
    create({ source: { blank: {} }, storage: storage('ontap-san') });
    lab.run();
    expect(volume()?.status).toMatchObject({ claimName: 'dv', progress: '100.0%', restartCount: 0 });
    expect(condition('Bound')).toMatchObject({ status: 'True', reason: 'Bound', message: 'PVC dv Bound' });
    expect(condition('Ready')).toMatchObject({ status: 'True' });
    expect(condition('Running')).toMatchObject({ status: 'False', reason: 'Completed', message: 'Import Complete' });
    expect(claim()?.metadata.ownerReferences).toMatchObject([{ kind: 'DataVolume', name: 'dv', controller: true }]);
    expect(claim()?.metadata.annotations?.['cdi.kubevirt.io/storage.usePopulator']).toBe('true');
    expect(claim()?.spec?.dataSourceRef?.kind).toBe('VolumeImportSource');
    expect(lab.eventsOf('DataVolume', 'dv')).toEqual([
      'Normal Pending PVC dv Pending',
      'Normal ImportScheduled Import into dv scheduled',
      'Normal ImportInProgress Import into dv in progress',
      'Normal ImportSucceeded Successfully imported into PVC dv',
      'Normal Bound PVC dv Bound',
    ]);
    remove(lab, resources.dataVolumes, volume()!);
    lab.run();
    expect(claim()).toBeUndefined();
  });

  test('tells how far a long import is', () => {
    create({ source: { http: { url: 'https://images.example/big' } }, storage: storage('ontap-san', '100Gi') });
    lab.clock.advanceBy(20_000);
    const progress = Number.parseFloat(volume()?.status?.progress ?? '');
    expect(progress).toBeGreaterThan(0);
    expect(progress).toBeLessThan(100);
    expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'TransferRunning' });
  });

  test.each<[string, string, object]>([
    ['block storage that all nodes reach', 'ontap-san', { accessModes: ['ReadWriteMany'], volumeMode: 'Block' }],
    ['a file system that all nodes reach', 'ontap-nas', { accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem' }],
    ['storage of one node', 'lvms-vg1', { accessModes: ['ReadWriteOnce'], volumeMode: 'Block' }],
    ['a cloud disk', 'gp3-csi', { accessModes: ['ReadWriteOnce'], volumeMode: 'Block' }],
  ])('gets what its StorageProfile says: %s', (_, name, expected) => {
    create({ source: { blank: {} }, storage: storage(name) });
    lab.run();
    expect(claim()?.spec).toMatchObject({ ...expected, storageClassName: name });
  });

  test('asks for more than its disk where a file system needs room', () => {
    create({ source: { blank: {} }, storage: storage('ontap-nas', '10Gi') });
    lab.run();
    expect(claim()?.spec?.resources?.requests?.['storage']).toBe(String(Math.ceil(10 * 2 ** 30 * 1.06)));
  });

  test('without a class goes to the default one for virtual machines', () => {
    create({ source: { blank: {} }, storage: storage() });
    lab.run();
    expect(claim()?.spec?.storageClassName).toBe('ontap-nas');
  });

  test('whose class CDI knows nothing of has to say its access modes', () => {
    lab.store.create(resources.storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'odd' },
      provisioner: 'odd.example',
    } as KubeObject);
    create({ source: { blank: {} }, storage: storage('odd') });
    lab.run();
    expect(claim()).toBeUndefined();
    expect(lab.eventsOf('DataVolume', 'dv')).toContain(
      'Warning ErrClaimNotValid Spec is missing accessMode and volumeMode, cannot get access mode from StorageProfile odd',
    );
    const profile = lab.store.get<StorageProfile>(resources.storageProfiles, undefined, 'odd')!;
    modify<StorageProfile>(lab, resources.storageProfiles, profile, (draft) => {
      draft.spec = { claimPropertySets: [{ accessModes: ['ReadWriteMany'], volumeMode: 'Block' }] };
    });
    lab.run();
    expect(volume()?.status?.phase).toBe('Succeeded');
  });

  test('whose source does not answer is tried again and again', () => {
    create({ source: { http: { url: 'http://images.invalid/x' } }, storage: storage('ontap-nas') });
    lab.clock.advanceBy(60_000);
    expect(volume()?.status?.phase).toBe('ImportInProgress');
    expect(volume()?.status?.restartCount).toBeGreaterThan(1);
    expect(condition('Running')).toMatchObject({ status: 'False', reason: 'Error' });
    expect(condition('Running')?.message).toContain('no such host');
  });

  test('takes over a claim only if it may', () => {
    create({ source: { blank: {} }, storage: storage('ontap-nas') }, 'orders-db-data');
    lab.run();
    expect(lab.eventsOf('DataVolume', 'orders-db-data')).toContain(
      'Warning ErrResourceExists Resource "orders-db-data" already exists and is not managed by DataVolume',
    );
    create({ source: { blank: {} }, storage: storage('ontap-nas') }, 'orders-db-rootdisk', {
      'cdi.kubevirt.io/allowClaimAdoption': 'true',
    });
    lab.run();
    expect(volume('orders-db-rootdisk')?.status?.phase).toBe('Succeeded');
  });
});
