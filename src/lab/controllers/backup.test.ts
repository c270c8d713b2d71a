import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KubeObject, VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { type FaultLab, faultLab } from '../faults/testing.ts';
import { resources } from '../resources.ts';
import { backupStatusOf } from './backup-status.ts';
import { conditionOf } from './conditions.ts';

let lab: FaultLab;

const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
const BACKUPS = '/apis/backup.kubevirt.io/v1alpha1/namespaces/shop/virtualmachinebackups';

beforeEach(async () => {
  lab = await faultLab({ cnv: '4.22' });
});

afterEach(async () => {
  await lab.stop();
  expect(lab.faults).toEqual([]);
});

const vmi = (): VirtualMachineInstance =>
  lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'storefront-web-1')!;
const conditions = (): unknown[] => {
  const backup = lab.store.get<KubeObject & { status?: { conditions?: unknown[] } }>(resources.backups, 'shop', 'b');
  return backup?.status?.conditions ?? [];
};
const said = (type: string): string | undefined => {
  const condition = conditionOf(conditions(), type);
  return condition && `${condition.status} ${condition.reason}`;
};

async function claim(): Promise<void> {
  const spec = {
    accessModes: ['ReadWriteMany'],
    storageClassName: lab.store.list(resources.storageClasses)[0]?.metadata.name,
    resources: { requests: { storage: '20Gi' } },
  };
  const body = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'vault' }, spec };
  expect((await lab.ask('POST', '/api/v1/namespaces/shop/persistentvolumeclaims', body)).status).toBe(201);
}

async function backUp(): Promise<void> {
  const body = {
    apiVersion: 'backup.kubevirt.io/v1alpha1',
    kind: 'VirtualMachineBackup',
    metadata: { name: 'b' },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'storefront-web-1' }, pvcName: 'vault' },
  };
  expect((await lab.ask('POST', BACKUPS, body)).status).toBe(201);
}

/** The gate is open, and the VM is selected and started anew. */
async function track(): Promise<void> {
  const cluster = { store: lab.store, clock: lab.clock } as never;
  const hco = JSON.parse((await lab.ask('GET', HCO)).text) as KubeObject & { spec: { featureGates?: object } };
  Object.assign(hco.spec, {
    featureGates: { ...hco.spec.featureGates, incrementalBackup: true },
    changedBlockTrackingLabelSelectors: { virtualMachineLabelSelector: { matchLabels: { backup: 'yes' } } },
  });
  expect((await lab.ask('PUT', HCO, hco)).status).toBe(200);
  lab.clock.advanceBy(10_000);
  const vm = lab.store.get<VirtualMachine>(resources.vms, 'shop', 'storefront-web-1')!;
  modify<VirtualMachine>(cluster, resources.vms, vm, (draft) => {
    draft.metadata.labels = { ...draft.metadata.labels, backup: 'yes' };
  });
  const path = '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstances/storefront-web-1';
  expect((await lab.ask('DELETE', path)).status).toBe(200);
  lab.clock.advanceBy(60_000);
  expect(backupStatusOf(vmi())?.state).toBe('Enabled');
}

test('a VM whose blocks are not tracked is not backed up, and says so', async () => {
  await claim();
  await backUp();
  lab.clock.advanceBy(30_000);
  expect(said('Initializing')).toBe('True vm storefront-web-1 has no ChangedBlockTracking, cannot start backup');
  expect(vmi().status?.changedBlockTracking).toBeUndefined();
});

test('a backup lends the VM its claim, writes, and takes it back', async () => {
  await track();
  await claim();
  await backUp();
  lab.clock.advanceBy(10_000);
  expect(said('Progressing')).toBe('True Backup is in progress');
  expect(vmi().spec).toMatchObject({ utilityVolumes: [{ name: 'b-backup-target-pvc', claimName: 'vault' }] });
  expect(backupStatusOf(vmi())?.backupStatus).toMatchObject({ backupName: 'b' });
  lab.clock.advanceBy(900_000);
  expect(said('Done')).toBe('True Successfully completed VirtualMachineBackup');
  expect(vmi().spec).not.toHaveProperty('utilityVolumes');
  expect(backupStatusOf(vmi())).toEqual({ state: 'Enabled' });
});

test('a backup that is deleted while it is written is aborted, and gone', async () => {
  await track();
  await claim();
  await backUp();
  lab.clock.advanceBy(10_000);
  expect((await lab.ask('DELETE', `${BACKUPS}/b`)).status).toBe(200);
  lab.clock.advanceBy(10_000);
  expect(lab.store.get(resources.backups, 'shop', 'b')).toBeUndefined();
  expect(vmi().spec).not.toHaveProperty('utilityVolumes');
});

test('a backup waits for a claim that is not there, and goes on when it comes', async () => {
  await track();
  await backUp();
  lab.clock.advanceBy(10_000);
  expect(said('Initializing')).toBe('True PVC shop/vault doesnt exist');
  await claim();
  lab.clock.advanceBy(30_000);
  expect(said('Progressing')).toMatch(/^True/);
});

test('a drain of 1.9 ends the backup, and the VM moves', async () => {
  await lab.stop();
  lab = await faultLab({ cnv: 'next' });
  await track();
  await claim();
  await backUp();
  lab.clock.advanceBy(10_000);
  const from = vmi().status?.nodeName;
  const [pod] = lab.store
    .list(resources.pods, 'shop')
    .filter(({ metadata }) => metadata.labels?.['kubevirt.io/created-by'] === vmi().metadata.uid);
  const { name = '' } = pod?.metadata ?? {};
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'shop' } };
  expect((await lab.ask('POST', `/api/v1/namespaces/shop/pods/${name}/eviction`, eviction)).status).toBe(429);
  lab.clock.advanceBy(120_000);
  expect(said('Done')).toBe('True Backup has failed: backup was aborted');
  expect(vmi().status?.nodeName).not.toBe(from);
  const events = lab.store.list<KubeObject & { reason: string; message: string }>(resources.events, 'shop');
  expect(events.find(({ reason }) => reason === 'BackupAbortedForMigration')?.message).toBe(
    'Aborting backup b for system-critical migration',
  );
});
