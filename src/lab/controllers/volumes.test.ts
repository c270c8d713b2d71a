import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, PersistentVolumeClaim, VirtualMachine } from '../../model/objects.ts';
import { remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

const claimNow = (name: string): PersistentVolumeClaim | undefined =>
  lab.store.get<PersistentVolumeClaim>(resources.claims, 'shop', name);

function create(name: string, storageClassName: string | undefined, mode = 'ReadWriteMany'): void {
  const spec = {
    accessModes: [mode],
    resources: { requests: { storage: '5Gi' } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  };
  lab.store.create(resources.claims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop' },
    spec,
    status: { phase: 'Pending' },
  } as KubeObject);
  lab.run();
}

/** A VM like mail-relay, on another claim. */
function createVm(claimName: string): void {
  const like = lab.store.get<VirtualMachine>(resources.vms, 'shop', 'mail-relay')!;
  const template = structuredClone(like.spec.template);
  template.spec!.volumes = [{ name: 'rootdisk', persistentVolumeClaim: { claimName } }];
  const vm: VirtualMachine = {
    apiVersion: like.apiVersion,
    kind: like.kind,
    metadata: { name: 'new', namespace: 'shop' },
    spec: { ...like.spec, template },
  };
  lab.store.create(resources.vms, vm);
  lab.run();
}

describe('a new claim', () => {
  test.each([
    ['ontap-nas', 'Bound'],
    [undefined, 'Bound'],
    ['lvms-vg1', 'Pending'],
    ['nosuch', 'Pending'],
  ])('of class %s is %s', (storage, phase) => {
    create('c', storage);
    expect(claimNow('c')?.status?.phase).toBe(phase);
    if (storage === undefined) expect(claimNow('c')?.spec?.storageClassName).toBe('ontap-nas');
  });

  test('on local storage is bound where its first VM runs, and keeps the VM there', () => {
    create('c', 'lvms-vg1', 'ReadWriteOnce');
    createVm('c');
    expect(claimNow('c')?.status?.phase).toBe('Bound');
    const vmi = lab.vmi('shop', 'new');
    expect(vmi.status?.phase).toBe('Running');
    expect(vmi.status?.conditions?.find(({ type }) => type === 'LiveMigratable')).toMatchObject({
      status: 'False',
      reason: 'DisksNotLiveMigratable',
    });
    const volume = lab.store.get<KubeObject & { spec?: { nodeAffinity?: object } }>(
      resources.volumes,
      undefined,
      claimNow('c')?.spec?.volumeName ?? '',
    );
    expect(JSON.stringify(volume?.spec?.nodeAffinity)).toContain(vmi.status?.nodeName);
  });
});

test('a deleted claim stays while a VM uses it, then goes with its volume', () => {
  create('c', 'ontap-nas');
  createVm('c');
  const volume = claimNow('c')?.spec?.volumeName ?? '';
  remove(lab, resources.claims, claimNow('c')!);
  lab.run();
  expect(claimNow('c')?.metadata.deletionTimestamp).toBeDefined();
  remove(lab, resources.vms, lab.store.get(resources.vms, 'shop', 'new')!);
  lab.run();
  expect(claimNow('c')).toBeUndefined();
  expect(lab.store.get(resources.volumes, undefined, volume)).toBeUndefined();
});
