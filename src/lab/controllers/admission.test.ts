import { beforeEach, describe, expect, test } from 'vitest';
import type { VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { type TestApi, testApi } from './testing.ts';

let lab: TestLab;
let api: TestApi;

beforeEach(() => {
  lab = testLab(small);
  api = testApi(lab);
});

function vmim(
  vmiName: string | undefined,
  namespace = 'shop',
  spec: object = {},
  metadata: object = {},
): VirtualMachineInstanceMigration {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: 'm', namespace, ...metadata },
    spec: { vmiName, ...spec },
  };
}

const CREATE = 'admission webhook "migration-create-validator.kubevirt.io" denied the request: ';

describe('creating a migration', () => {
  test('adds the label, over the user’s own, and the finalizer', () => {
    const { object } = api.admit(
      'CREATE',
      resources.migrations,
      vmim('orders-db', 'shop', {}, { labels: { 'kubevirt.io/vmi-name': 'x', a: 'b' } }),
    );
    expect(object?.metadata.labels).toEqual({ 'kubevirt.io/vmi-name': 'orders-db', a: 'b' });
    expect(object?.metadata.finalizers).toEqual(['kubevirt.io/migrationJobFinalize']);
  });

  test.each<[string, () => VirtualMachineInstanceMigration, number, string]>([
    ['no vmiName', () => vmim(undefined), 422, 'vmiName is missing'],
    ['an unknown VMI', () => vmim('nosuch'), 400, 'the VMI "shop/nosuch" does not exist'],
    [
      'a VMI of another namespace',
      () => vmim('orders-db', 'finance'),
      400,
      'the VMI "finance/orders-db" does not exist',
    ],
    ['a stopped VM', () => vmim('payroll-batch', 'finance'), 400, 'the VMI "finance/payroll-batch" does not exist'],
    [
      'a disk that is not shared',
      () => vmim('mail-relay'),
      400,
      'Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: cannot migrate VMI: PVC mail-relay-rootdisk is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)',
    ],
    [
      'a host device',
      () => vmim('image-render'),
      400,
      'Cannot migrate VMI, Reason: HostDeviceNotLiveMigratable, Message: VMI uses a PCI host devices',
    ],
    [
      'sendTo without its gate',
      () => vmim('orders-db', 'shop', { sendTo: { migrationID: 'a', connectURL: 'x' } }),
      422,
      'DecentralizedLiveMigration feature gate is not enabled in kubevirt resource',
    ],
  ])('is denied for %s', (_, object, code, message) => {
    const { denied } = api.admit('CREATE', resources.migrations, object());
    expect([denied?.code, denied?.message]).toEqual([code, CREATE + message]);
  });

  test('is denied for a VMI that has ended', () => {
    modify<VirtualMachineInstance>(
      lab,
      resources.vmis,
      lab.vmi('shop', 'orders-db'),
      (draft) => void (draft.status = { ...draft.status, phase: 'Failed' }),
    );
    expect(api.admit('CREATE', resources.migrations, vmim('orders-db')).denied?.message).toBe(
      `${CREATE}Cannot migrate VMI in finalized state.`,
    );
  });

  test('is denied while another one is under way, and allowed after it', () => {
    const first = lab.migrate('shop', 'orders-db');
    const { denied } = api.admit('CREATE', resources.migrations, vmim('orders-db'));
    expect(denied?.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `${CREATE}in-flight migration detected. Active migration job (${first.metadata.uid}) is currently already in progress for VMI orders-db.`,
      code: 400,
    });
    lab.clock.runUntilIdle();
    expect(api.admit('CREATE', resources.migrations, vmim('orders-db')).denied).toBeUndefined();
  });

  test('names the cause where KubeVirt does', () => {
    expect(api.admit('CREATE', resources.migrations, vmim(undefined)).denied?.status).toMatchObject({
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueRequired', message: 'vmiName is missing', field: 'spec.vmiName' }] },
    });
  });

  test('does not ask whether there is a node to go to', () => {
    expect(
      api.admit(
        'CREATE',
        resources.migrations,
        vmim('license-server', 'finance', { addedNodeSelector: { 'kubernetes.io/hostname': 'nowhere' } }),
      ).denied,
    ).toBeUndefined();
  });
});

describe('updates that are restricted', () => {
  const before = vmim('orders-db', 'shop', {}, { labels: { 'kubevirt.io/vmi-name': 'orders-db' } });
  const UPDATE = 'admission webhook "migration-update-validator.kubevirt.io" denied the request: ';

  test.each([
    ['its spec', vmim('other', 'shop', {}, before.metadata), "update of Migration object's spec is restricted"],
    [
      'its label away',
      { ...before, metadata: { name: 'm', namespace: 'shop' } },
      "selector label can't be removed from an in-flight migration",
    ],
    [
      'its label',
      { ...before, metadata: { ...before.metadata, labels: { 'kubevirt.io/vmi-name': 'x' } } },
      "selector label can't be modified on an in-flight migration",
    ],
  ])('of a migration: %s', (_, after, message) => {
    const { denied } = api.admit('UPDATE', resources.migrations, after, { oldObject: before });
    expect([denied?.code, denied?.message]).toEqual([422, UPDATE + message]);
  });

  test('of a VMI: its spec and its reserved labels, but for KubeVirt’s own components', () => {
    const vmi = lab.vmi('shop', 'orders-db');
    const spec = { ...vmi, spec: { ...vmi.spec, nodeSelector: { a: 'b' } } };
    const labels = {
      ...vmi,
      metadata: { ...vmi.metadata, labels: { ...vmi.metadata.labels, 'kubevirt.io/nodeName': 'worker-3' } },
    };
    const controller = { name: 'system:serviceaccount:openshift-cnv:kubevirt-controller', groups: [] };
    const prefix = 'admission webhook "virtualmachineinstances-update-validator.kubevirt.io" denied the request: ';
    expect(api.admit('UPDATE', resources.vmis, spec, { oldObject: vmi }).denied?.message).toBe(
      `${prefix}update of VMI object is restricted`,
    );
    expect(api.admit('UPDATE', resources.vmis, labels, { oldObject: vmi }).denied?.message).toBe(
      `${prefix}modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited`,
    );
    expect(api.admit('UPDATE', resources.vmis, spec, { oldObject: vmi, user: controller }).denied).toBeUndefined();
  });

  test.each([
    [
      { running: true, runStrategy: 'Always' },
      'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
    ],
    [{ runStrategy: undefined }, 'One of Running or RunStrategy must be specified'],
    [{ runStrategy: 'Sometimes' }, 'Invalid RunStrategy (Sometimes)'],
    [
      { template: { spec: { evictionStrategy: 'LiveMigrat', domain: { devices: {} } } } },
      'spec.template.spec.evictionStrategy is set with an unrecognized option: LiveMigrat',
    ],
    [
      { template: { spec: { domain: { devices: { disks: [{ name: 'x' }] } } } } },
      "spec.template.spec.domain.devices.disks[0].Name 'x' not found.",
    ],
  ])('of a VM with %j', (spec, message) => {
    const vm = lab.store.get<VirtualMachine>(resources.vms, 'shop', 'orders-db')!;
    const { denied } = api.admit('UPDATE', resources.vms, { ...vm, spec: { ...vm.spec, ...spec } }, { oldObject: vm });
    expect([denied?.code, denied?.message]).toEqual([
      422,
      `admission webhook "virtualmachine-validator.kubevirt.io" denied the request: ${message}`,
    ]);
  });

  test.each(['completionTimeoutPerGiB', 'bandwidthPerMigration'])('of a policy with a negative %s', (field) => {
    const policy = {
      apiVersion: 'migrations.kubevirt.io/v1alpha1',
      kind: 'MigrationPolicy',
      metadata: { name: 'p' },
      spec: { [field]: field.startsWith('b') ? '-1Mi' : -1 },
    };
    const { denied } = api.admit('CREATE', resources.migrationPolicies, policy);
    expect(denied?.message).toBe(
      'admission webhook "migration-policy-validator.kubevirt.io" denied the request: must not be negative',
    );
    expect(denied?.status.details?.causes?.[0]?.field).toBe(`spec.${field}`);
  });
});
