import { beforeEach, describe, expect, test } from 'vitest';
import type {
  PersistentVolumeClaim,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiSpec,
} from '../../model/objects.ts';
import { versions } from '../../model/versions/index.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import type { DataVolume } from './cdi-claim.ts';
import { conditionOf } from './conditions.ts';
import { testApi } from './testing.ts';

// mail-relay has one disk, mail-relay-rootdisk, on local storage of worker-2.

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small, { seconds: 5 });
});

const vm = (name = 'mail-relay'): VirtualMachine => lab.store.get<VirtualMachine>(resources.vms, 'shop', name)!;
const vmi = (name = 'mail-relay'): VirtualMachineInstance => lab.vmi('shop', name);
const condition = (of: { status?: { conditions?: unknown[] } }, type: string) =>
  conditionOf(of.status?.conditions, type);
const migrations = (): VirtualMachineInstanceMigration[] =>
  lab.store.list<VirtualMachineInstanceMigration>(resources.migrations, 'shop');

function fill(
  name: string,
  storageClassName: string,
  size = '30Gi',
  source: DataVolume['spec']['source'] = { blank: {} },
): void {
  const volume: DataVolume = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace: 'shop' },
    spec: { source, storage: { storageClassName, resources: { requests: { storage: size } } } },
  };
  lab.store.create(resources.dataVolumes, volume);
  lab.run();
}

function edit(change: (draft: VirtualMachine, spec: VmiSpec) => void, name = 'mail-relay'): void {
  modify<VirtualMachine>(lab, resources.vms, vm(name), (draft) => change(draft, draft.spec.template.spec!));
}

/** Points the disk at another DataVolume. */
function moveTo(name: string): void {
  edit((draft, spec) => {
    draft.spec.updateVolumesStrategy = 'Migration';
    spec.volumes = [{ name: 'rootdisk', dataVolume: { name } }];
  });
}

function moveBack(): void {
  edit((_, spec) => {
    spec.volumes = [{ name: 'rootdisk', persistentVolumeClaim: { claimName: 'mail-relay-rootdisk' } }];
  });
}

describe('a VM that is pointed at other volumes with updateVolumesStrategy Migration', () => {
  test('moves to them, disk and all, and can migrate from then on', () => {
    const from = vmi().status?.nodeName;
    expect(condition(vmi(), 'LiveMigratable')).toMatchObject({ status: 'False', reason: 'DisksNotLiveMigratable' });
    expect(condition(vmi(), 'StorageLiveMigratable')).toMatchObject({ status: 'True' });
    fill('moved', 'ontap-san');
    moveTo('moved');
    lab.run();
    const order = lab.asked[0]?.order;
    expect(order?.diskBytes).toBe(30 * 2 ** 30);
    expect(migrations()).toMatchObject([
      {
        metadata: {
          annotations: { 'kubevirt.io/workloadUpdateMigration': '' },
          labels: { 'kubevirt.io/volume-update-migration': 'mail-relay' },
        },
        status: { phase: 'Succeeded' },
      },
    ]);
    expect(migrations()[0]?.metadata.name).toMatch(/^kubevirt-workload-update-/);
    expect(vmi().status?.nodeName).not.toBe(from);
    expect(vmi().spec.volumes).toEqual([{ name: 'rootdisk', dataVolume: { name: 'moved' } }]);
    expect(vmi().status?.migratedVolumes).toBeUndefined();
    expect(vmi().status?.migrationMethod).toBe('LiveMigration');
    expect(condition(vmi(), 'VolumesChange')).toBeUndefined();
    expect(condition(vmi(), 'LiveMigratable')).toMatchObject({ status: 'True' });
    expect(condition(vm(), 'RestartRequired')).toBeUndefined();
    lab.migrate('shop', 'mail-relay');
    lab.run();
    expect(migrations().every(({ status }) => status?.phase === 'Succeeded')).toBe(true);
    expect(lab.asked[1]?.order.diskBytes).toBe(0);
  });

  test('tells in between what is copied where', () => {
    lab = testLab(small, { seconds: 0 });
    fill('moved', 'ontap-san');
    moveTo('moved');
    lab.run();
    expect(condition(vmi(), 'VolumesChange')).toMatchObject({ status: 'True', message: 'migrate volumes' });
    expect(condition(vm(), 'VolumesChange')).toMatchObject({ status: 'True' });
    expect(vmi().status?.migrationMethod).toBe('BlockMigration');
    const migrated = [
      {
        volumeName: 'rootdisk',
        sourcePVCInfo: { claimName: 'mail-relay-rootdisk', accessModes: ['ReadWriteOnce'], volumeMode: 'Block' },
        destinationPVCInfo: { claimName: 'moved', accessModes: ['ReadWriteMany'], volumeMode: 'Block' },
      },
    ];
    expect(vmi().status?.migratedVolumes).toMatchObject(migrated);
    expect(vm().status?.volumeUpdateState?.volumeMigrationState?.migratedVolumes).toMatchObject(migrated);
    // The source runs on its old claim, the target on the new one.
    const claims = lab.podsOf
      .get(vmi().metadata.uid!)
      .map((pod: Pod) => pod.spec?.volumes?.find(({ name }) => name === 'rootdisk')?.persistentVolumeClaim?.claimName);
    expect(new Set(claims)).toEqual(new Set(['mail-relay-rootdisk', 'moved']));
    expect(vm().status?.printableStatus).toBe('Migrating');
  });

  test('stays where it is when they are pointed back', () => {
    lab = testLab(small, { seconds: 0 });
    const from = vmi().status?.nodeName;
    fill('moved', 'ontap-san');
    moveTo('moved');
    lab.run();
    moveBack();
    lab.run();
    expect(vmi().status).toMatchObject({ nodeName: from, migrationState: { failed: true, abortStatus: 'Succeeded' } });
    expect(vmi().spec.volumes?.[0]?.persistentVolumeClaim?.claimName).toBe('mail-relay-rootdisk');
    expect(vmi().status?.migratedVolumes).toBeUndefined();
    expect(condition(vmi(), 'VolumesChange')).toMatchObject({ status: 'False', reason: 'VolumesChangeCancellation' });
    expect(vm().status?.volumeUpdateState).toBeUndefined();
    expect(lab.eventsOf('VirtualMachineInstance', 'mail-relay')).toContain(
      'Normal SuccessfulChangeAbortion Aborted change for vmi: mail-relay',
    );
    expect(migrations().filter(({ status }) => status?.phase !== 'Failed')).toEqual([]);
  });

  test('refuses a third place while it moves', () => {
    lab = testLab(small, { seconds: 0 });
    fill('moved', 'ontap-san');
    fill('other', 'ontap-san');
    moveTo('moved');
    lab.run();
    moveTo('other');
    lab.run();
    expect(condition(vm(), 'Failure')).toMatchObject({
      status: 'True',
      reason: 'VolumesUpdateError',
      message:
        'error encountered while handling volumes update requests: The volume can only be reverted to the previous version during the update',
    });
  });

  test('tries again after a failure, later and later', () => {
    lab = testLab(small, { seconds: 0 });
    fill('moved', 'ontap-san');
    moveTo('moved');
    lab.run();
    lab.asked[0]?.done({ result: 'failed', reason: 'link down' });
    lab.clock.advanceBy(60_000);
    expect(lab.asked).toHaveLength(2);
    expect(lab.eventsOf('VirtualMachineInstance', 'mail-relay')).toContain(
      'Warning MigrationBackoff backoff migrating vmi shop/mail-relay',
    );
  });

  test('has to be repaired by hand when it was stopped meanwhile', () => {
    lab = testLab(small, { seconds: 0 });
    fill('moved', 'ontap-san');
    moveTo('moved');
    lab.run();
    edit((draft) => void (draft.spec.runStrategy = 'Halted'));
    lab.run();
    expect(condition(vm(), 'ManualRecoveryRequired')).toMatchObject({
      status: 'True',
      reason: 'VMI was removed or was final during the volume migration',
    });
    const api = testApi(lab);
    expect(() => api.sub('virtualmachines.subresources.kubevirt.io', 'start', { name: 'mail-relay' })).toThrow(
      /VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets/,
    );
    edit((draft) => void (draft.spec.runStrategy = 'Always'));
    lab.run();
    expect(lab.store.get(resources.vmis, 'shop', 'mail-relay')).toBeUndefined();
    moveBack();
    lab.run();
    expect(condition(vm(), 'ManualRecoveryRequired')).toBeUndefined();
    expect(vmi().status?.phase).toBe('Running');
  });

  test('waits for a DataVolume that is not there yet', () => {
    moveTo('late');
    lab.run();
    expect(condition(vmi(), 'VolumesChange')).toMatchObject({
      status: 'False',
      message: "One of the destination volumes doesn't exist: the datavolume late doesn't exist",
    });
    fill('late', 'ontap-san');
    expect(vmi().status?.volumeStatus?.[0]?.persistentVolumeClaimInfo?.claimName).toBe('late');
    expect(condition(vmi(), 'LiveMigratable')).toMatchObject({ status: 'True' });
  });

  test('moves to storage of another node, too, whose volume is made there', () => {
    fill('local', 'lvms-vg1');
    expect(lab.store.get<DataVolume>(resources.dataVolumes, 'shop', 'local')?.status?.phase).toBe('PendingPopulation');
    moveTo('local');
    lab.run();
    const claim = lab.store.get<PersistentVolumeClaim>(resources.claims, 'shop', 'local');
    const volume = lab.store.get(resources.volumes, undefined, claim?.spec?.volumeName ?? '');
    expect(JSON.stringify(volume)).toContain(`"values":["${vmi().status?.nodeName}"]`);
    expect(vmi().status?.migratedVolumes).toBeUndefined();
    expect(condition(vmi(), 'LiveMigratable')).toMatchObject({ status: 'False' });
  });

  test.each([
    [4, /^Live migration failed error encountered during MigrateToURI3 libvirt api call: virError\(/],
    [
      5,
      /^Volume migration cannot be performed because the destination volume is smaller then the source volume: error encountered/,
    ],
    [
      6,
      /^virError\(Code=1, Domain=10, Message='internal error: unable to execute QEMU command 'blockdev-add': The sum/,
    ],
    [8, /^virError\(Code=1, Domain=10, .* has to be smaller or equal to the actual size of the containing file/],
    [
      9,
      /^Volume migration cannot be performed because the destination volume is smaller than the source volume: virError\(/,
    ],
  ])('fails for as long as the new volume is smaller; KubeVirt 1.%i says so in its way', (minor, reason) => {
    lab = testLab(small, { seconds: 5, version: versions.find((version) => version.minor === minor)! });
    fill('small', 'ontap-san', '10Gi');
    moveTo('small');
    lab.clock.advanceBy(30_000);
    expect(vmi().status?.migrationState?.failureReason).toMatch(reason);
  });

  test.each<[string, (spec: VmiSpec) => void, string]>([
    [
      'a shared disk',
      (spec) => void Object.assign(spec.domain.devices.disks![0]!, { shareable: true }),
      'invalid volumes to update with migration: shareable: [rootdisk]',
    ],
    [
      'a LUN',
      (spec) => void (spec.domain.devices.disks = [{ name: 'rootdisk', lun: { bus: 'scsi' } }]),
      'invalid volumes to update with migration: luns: [rootdisk]',
    ],
    [
      'a guest with a host device',
      (spec) => void (spec.domain.devices.hostDevices = [{ name: 'd', deviceName: 'nvidia.com/GA102GL_A10' }]),
      "cannot migrate the volumes as the VMI isn't migratable: HostDeviceNotLiveMigratable: VMI uses a PCI host devices",
    ],
  ])('needs a restart with %s', (_, change, message) => {
    edit((draft, spec) => {
      draft.spec.runStrategy = 'Halted';
      change(spec);
    });
    lab.run();
    edit((draft, spec) => {
      draft.spec.runStrategy = 'Always';
      delete spec.nodeSelector;
      if ((spec.domain.devices.hostDevices ?? []).length > 0) {
        spec.volumes = [{ name: 'rootdisk', persistentVolumeClaim: { claimName: 'payroll' } }];
        lab.store.create(resources.claims, {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'payroll', namespace: 'shop' },
          spec: {
            accessModes: ['ReadWriteMany'],
            storageClassName: 'ontap-san',
            volumeMode: 'Block',
            resources: { requests: { storage: '30Gi' } },
          },
          status: { phase: 'Pending' },
        });
        // The only device is taken by image-render.
        modify<VirtualMachine>(
          lab,
          resources.vms,
          vm('image-render'),
          (other) => void (other.spec.runStrategy = 'Halted'),
        );
      }
    });
    lab.run();
    expect(vmi().status?.phase).toBe('Running');
    fill('moved', 'ontap-san');
    moveTo('moved');
    lab.run();
    expect(condition(vm(), 'RestartRequired')).toMatchObject({ status: 'True', message });
    expect(migrations()).toEqual([]);
  });

  test('must take along every disk of one node', () => {
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'second', namespace: 'shop' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'gp3-csi',
        resources: { requests: { storage: '1Gi' } },
      },
      status: { phase: 'Pending' },
    };
    lab.store.create(resources.claims, claim);
    const second = { name: 'second', persistentVolumeClaim: { claimName: 'second' } };
    edit((draft, spec) => {
      draft.spec.runStrategy = 'Halted';
      spec.volumes?.push(second);
      spec.domain.devices.disks?.push({ name: 'second', disk: { bus: 'virtio' } });
    });
    lab.run();
    edit((draft) => void (draft.spec.runStrategy = 'Always'));
    lab.run();
    fill('moved', 'ontap-san');
    edit((draft, spec) => {
      draft.spec.updateVolumesStrategy = 'Migration';
      spec.volumes = [{ name: 'rootdisk', dataVolume: { name: 'moved' } }, second];
    });
    lab.run();
    expect(condition(vm(), 'RestartRequired')).toMatchObject({
      message: 'cannot migrate the VM. The volume second is RWO and not included in the migration volumes',
    });
  });
});

test('without that strategy other volumes need a restart', () => {
  fill('moved', 'ontap-san');
  edit((_, spec) => void (spec.volumes = [{ name: 'rootdisk', dataVolume: { name: 'moved' } }]));
  lab.run();
  expect(condition(vm(), 'RestartRequired')).toMatchObject({
    message: 'a non-live-updatable field was changed in the template spec',
  });
  expect(migrations()).toEqual([]);
});
