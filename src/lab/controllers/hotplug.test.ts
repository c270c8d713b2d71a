import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  KubeObject,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { type KubeVirtVersion, kubevirt16, versions } from '../../model/versions/index.ts';
import { ApiError } from '../api/status.ts';
import { modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { evictForMemory } from './kubelet-eviction.ts';
import { testApi } from './testing.ts';

const VM = 'virtualmachines.subresources.kubevirt.io';
const VMI = 'virtualmachineinstances.subresources.kubevirt.io';
const WEB = 'storefront-web-1';

const [kubevirt14, kubevirt19] = [4, 9].map((minor) => versions.find((version) => version.minor === minor)!) as [
  KubeVirtVersion,
  KubeVirtVersion,
];

let lab: TestLab;

function start(version: KubeVirtVersion, seconds = 5): void {
  lab = testLab(small, { version, seconds });
  // HyperConverged's operator writes KubeVirt's gates.
  lab.run();
  for (const name of ['more', 'yet-more']) claim(name);
}

function claim(name: string, accessMode = 'ReadWriteMany'): void {
  lab.store.create(resources.claims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop' },
    spec: {
      accessModes: [accessMode],
      volumeMode: 'Filesystem',
      storageClassName: 'ontap-nas',
      resources: { requests: { storage: '5Gi' } },
    },
    status: { phase: 'Pending' },
  } as KubeObject);
  lab.run();
}

beforeEach(() => start(kubevirt16));

afterEach(() => {
  expect(lab.faults).toEqual([]);
});

const volumeOf = (name: string) => ({
  name,
  disk: { disk: { bus: 'scsi' } },
  volumeSource: { persistentVolumeClaim: { claimName: name } },
});
const call = (resource: string, subresource: string, body: object): number =>
  testApi(lab).sub(resource, subresource, { name: WEB, body }).status;
const refusal = (resource: string, subresource: string, body: object): string => {
  try {
    call(resource, subresource, body);
    return 'none';
  } catch (error) {
    return error instanceof ApiError ? `${error.code} ${error.message}` : String(error);
  }
};
const plug = (name = 'more', on = VM): void => {
  call(on, 'addvolume', volumeOf(name));
  lab.run();
};
const attachments = (): Pod[] =>
  lab.store.list<Pod>(resources.pods, 'shop').filter(({ metadata }) => metadata.name.startsWith('hp-volume-'));
const volume = (name: string) => lab.vmi('shop', WEB).status?.volumeStatus?.find((status) => status.name === name);
const launchers = (): Pod[] => lab.podsOf.get(lab.vmi('shop', WEB).metadata.uid ?? '');
const vm = (): VirtualMachine => lab.store.get<VirtualMachine>(resources.vms, 'shop', WEB)!;
const told = (): string[] => lab.eventsOf('VirtualMachineInstance', WEB).filter((text) => /attach|volume/i.test(text));

describe('a volume that is plugged in', () => {
  test('is attached by a pod of its own beside the launcher, mounted, and given to the guest', () => {
    plug();
    const [pod, ...others] = attachments();
    expect(others).toEqual([]);
    expect(pod?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Pod', name: launchers()[0]?.metadata.name });
    expect([pod?.status?.phase, pod?.spec?.nodeName]).toEqual(['Running', 'worker-0']);
    expect(volume('more')).toMatchObject({
      phase: 'Ready',
      target: 'sda',
      reason: 'VolumeReady',
      hotplugVolume: { attachPodName: pod?.metadata.name, attachPodUID: pod?.metadata.uid },
      persistentVolumeClaimInfo: { claimName: 'more', accessModes: ['ReadWriteMany'] },
    });
    const name = pod?.metadata.name ?? '';
    expect(told()).toEqual([
      `Normal SuccessfulCreate Created attachment pod ${name}`,
      `Normal SuccessfulCreate Created hotplug attachment pod ${name}, for volume more`,
      'Normal VolumeMountedToPod Volume more has been mounted in virt-launcher pod',
      'Normal VolumeReady Successfully attach hotplugged volume more to VM',
    ]);
  });

  test('of the VM is in its template, too, and needs no restart', () => {
    plug();
    expect(vm().spec.template.spec?.volumes?.at(-1)).toEqual({
      name: 'more',
      persistentVolumeClaim: { claimName: 'more', hotpluggable: true },
    });
    expect(vm().status?.volumeRequests).toBeUndefined();
    expect(vm().status?.conditions?.map(({ type }) => type)).not.toContain('RestartRequired');
  });

  test('of the VMI is there until the next start', () => {
    plug('more', VMI);
    expect(volume('more')?.phase).toBe('Ready');
    expect(vm().spec.template.spec?.volumes?.map(({ name }) => name)).not.toContain('more');
  });

  test('and a second one: another pod has both, and the first is gone', () => {
    plug();
    const first = attachments()[0]?.metadata.name;
    plug('yet-more');
    const [pod, ...others] = attachments();
    expect(others).toEqual([]);
    expect(pod?.metadata.name).not.toBe(first);
    expect(pod?.spec?.volumes?.map(({ name }) => name)).toEqual(['hotplug-disks', 'more', 'yet-more']);
    expect([volume('more')?.target, volume('yet-more')?.target]).toEqual(['sda', 'sdb']);
    expect(volume('more')?.hotplugVolume?.attachPodName).toBe(pod?.metadata.name);
  });

  test('and taken out leaves nothing', () => {
    plug();
    call(VM, 'removevolume', { name: 'more' });
    lab.run();
    expect([attachments(), volume('more')]).toEqual([[], undefined]);
    expect(vm().spec.template.spec?.volumes?.map(({ name }) => name)).not.toContain('more');
    expect(told()).toContain('Normal VolumeUnMountedFromPod Volume more has been unmounted from virt-launcher pod');
  });

  test('waits for its claim', () => {
    call(VM, 'addvolume', volumeOf('later'));
    lab.run();
    expect([attachments(), volume('later')]).toEqual([
      [],
      expect.objectContaining({ phase: 'Pending', reason: 'FailedPvcNotFound', message: 'PVC later not found' }),
    ]);
    claim('later');
    expect(volume('later')?.phase).toBe('Ready');
  });

  test('on storage that is not shared keeps the VM from migrating', () => {
    claim('alone', 'ReadWriteOnce');
    plug('alone');
    expect(lab.vmi('shop', WEB).status?.conditions?.find(({ type }) => type === 'LiveMigratable')?.message).toMatch(
      /PVC alone is not shared/,
    );
  });

  test('is there again after a restart: the launcher does not have it, an attachment pod does', () => {
    plug();
    remove(lab, resources.vmis, lab.vmi('shop', WEB));
    lab.run();
    expect(launchers()[0]?.spec?.volumes?.map(({ name }) => name)).not.toContain('more');
    expect([attachments().length, volume('more')?.phase]).toEqual([1, 'Ready']);
  });

  test.each([
    ['addvolume', { ...volumeOf('more'), name: '' }, '400 AddVolumeOptions requires name to be set'],
    ['addvolume', { name: 'more' }, '400 AddVolumeOptions requires disk to not be nil'],
    ['addvolume', { name: 'more', disk: {} }, '400 AddVolumeOptions requires VolumeSource to not be nil'],
    ['addvolume', volumeOf('rootdisk'), /^409 .*volume \[rootdisk\] because volume with that name already exists$/],
    ['removevolume', {}, '400 RemoveVolumeOptions requires name to be set'],
    ['removevolume', { name: 'nosuch' }, /^409 .*Unable to remove volume \[nosuch\] because it does not exist$/],
    ['removevolume', { name: 'rootdisk' }, /^409 .*\[rootdisk\] because it is not hotpluggable$/],
  ])('is refused by %s of %j', (subresource, body, message) => {
    for (const resource of [VM, VMI]) expect(refusal(resource, subresource, body)).toMatch(message);
  });

  test('changes nothing on a dry run', () => {
    expect(call(VM, 'addvolume', { ...volumeOf('more'), dryRun: ['All'] })).toBe(202);
    lab.run();
    expect(attachments()).toEqual([]);
  });
});

describe('declared in the template', () => {
  const declare = (): void => {
    modify<VirtualMachine>(lab, resources.vms, vm(), (draft) => {
      const { spec } = draft.spec.template;
      spec!.volumes!.push({ name: 'more', persistentVolumeClaim: { claimName: 'more', hotpluggable: true } });
      spec!.domain.devices.disks!.push({ name: 'more', disk: { bus: 'scsi' } });
    });
    lab.run();
  };

  test('a volume is plugged in by v1.9, and out again', () => {
    start(kubevirt19);
    declare();
    expect([attachments().length, volume('more')?.phase]).toEqual([1, 'Ready']);
    modify<VirtualMachine>(lab, resources.vms, vm(), (draft) => {
      draft.spec.template.spec!.volumes!.pop();
      draft.spec.template.spec!.domain.devices.disks!.pop();
    });
    lab.run();
    expect([attachments(), volume('more')]).toEqual([[], undefined]);
  });

  test('it is not by v1.6, where HotplugVolumes is on', () => {
    declare();
    expect([attachments(), volume('more')]).toEqual([[], undefined]);
  });

  test('v1.9 plugs nothing into the VMI of a VM alone', () => {
    start(kubevirt19);
    expect(refusal(VMI, 'addvolume', volumeOf('more'))).toBe(`400 VMI shop/${WEB} is owned by a VM`);
    plug();
    expect(volume('more')?.phase).toBe('Ready');
  });
});

describe('a migration', () => {
  const migrate = (): VirtualMachineInstanceMigration => lab.migrate('shop', WEB);
  const onTarget = (migration: VirtualMachineInstanceMigration): Pod | undefined =>
    attachments().find(({ metadata }) => metadata.labels?.['kubevirt.io/migrationJobUID'] === migration.metadata.uid);

  test.each([kubevirt14, kubevirt16, kubevirt19])('takes the volumes along in $kubevirt', (version) => {
    start(version);
    plug();
    const source = attachments()[0]?.metadata.name;
    const migration = migrate();
    lab.until(migration, 'Running');
    const there = onTarget(migration);
    const state = lab.vmi('shop', WEB).status?.migrationState;
    expect(there?.spec?.nodeName).toBe(state?.targetNode);
    expect(state?.targetAttachmentPodUID).toBe(there?.metadata.uid);
    expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toContain(
      `Normal SuccessfulCreate Created attachment pod ${there?.metadata.name}`,
    );
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
    expect(attachments().map(({ metadata }) => metadata.name)).toEqual([there?.metadata.name]);
    expect(source).not.toBe(there?.metadata.name);
    expect(volume('more')).toMatchObject({ phase: 'Ready', hotplugVolume: { attachPodName: there?.metadata.name } });
    lab.run();
    lab.migrate('shop', WEB);
    lab.run();
    expect([attachments().length, volume('more')?.phase]).toEqual([1, 'Ready']);
  });

  test.each([
    [kubevirt14.kubevirt, kubevirt14, 'Scheduling'],
    [kubevirt16.kubevirt, kubevirt16, 'Pending'],
  ])('waits, without end, in %s for an attachment pod that does not start', (_, version, phase) => {
    start(version);
    plug();
    const held = (pod: Pod): boolean => pod.metadata.name.startsWith('hp-volume-');
    lab.broken.unstartable.add(held);
    const migration = migrate();
    lab.clock.advanceBy(3_600_000);
    expect(lab.migration(migration)?.status?.phase).toBe(phase);
    lab.broken.unstartable.delete(held);
    lab.clock.advanceBy(60_000);
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
  });

  test.each(['Scheduled', 'TargetReady', 'Running'])('fails when the pod is evicted in %s', (phase) => {
    start(kubevirt16, 0);
    plug();
    const migration = migrate();
    lab.until(migration, phase);
    evictForMemory(lab, onTarget(migration)!);
    lab.until(migration, 'Failed');
    expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toContain(
      'Warning FailedMigration Migration failed because target attachment pod shutdown during migration',
    );
  });

  test('goes on when somebody deletes the pod while the guest moves; virt-controller makes another one', () => {
    start(kubevirt16, 5);
    plug();
    const migration = migrate();
    lab.until(migration, 'Running');
    remove(lab, resources.pods, onTarget(migration)!);
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
    expect([attachments().length, volume('more')?.phase]).toEqual([1, 'Ready']);
  });

  test('that is given up leaves no pod at the target', () => {
    plug();
    const migration = migrate();
    lab.until(migration, 'Scheduling');
    remove(lab, resources.migrations, migration);
    lab.run();
    expect(attachments().map(({ spec }) => spec?.nodeName)).toEqual(['worker-0']);
    const { status }: VirtualMachineInstance = lab.vmi('shop', WEB);
    expect(status?.nodeName).toBe('worker-0');
  });
});
