import { beforeEach, describe, expect, test } from 'vitest';
import type {
  KubeObject,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import type { Operation, SubresourceResponse, User } from '../api/extension.ts';
import { ApiError, byWebhook } from '../api/status.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { virtApi } from './virt-api.ts';

let lab: TestLab;
let api: ReturnType<typeof virtApi>;
const user: User = { name: 'alice', groups: [] };

beforeEach(() => {
  lab = testLab(small);
  api = virtApi(lab);
});

/** Runs the webhooks as the API server does. The denial, or the object that would be stored. */
function admit(
  operation: Operation,
  resource: string,
  object: object,
  more: { oldObject?: object; user?: User; name?: string; dryRun?: boolean } = {},
): { denied?: ApiError; object?: KubeObject } {
  const namespace = (object as KubeObject).metadata.namespace;
  const concerned = api.webhooks.filter((hook) => hook.resource === resource && hook.operations.includes(operation));
  let current = object as KubeObject;
  const [main = '', subresource] = resource.split('/');
  const request = () => ({
    operation,
    resource: main,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    name: more.name ?? current.metadata.name,
    object: current,
    ...(more.oldObject === undefined ? {} : { oldObject: more.oldObject as KubeObject }),
    user: more.user ?? user,
    dryRun: more.dryRun ?? false,
  });
  for (const hook of concerned) if (hook.mutate !== undefined) current = hook.mutate(request());
  for (const hook of concerned) {
    try {
      hook.validate?.(request());
    } catch (error) {
      if (error instanceof ApiError) return { denied: byWebhook(hook.name, error) };
      throw error;
    }
  }
  return { object: current };
}

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
  } as unknown as VirtualMachineInstanceMigration;
}

const CREATE = 'admission webhook "migration-create-validator.kubevirt.io" denied the request: ';

describe('creating a migration', () => {
  test('adds the label, over the user’s own, and the finalizer', () => {
    const { object } = admit(
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
    const { denied } = admit('CREATE', resources.migrations, object());
    expect([denied?.code, denied?.message]).toEqual([code, CREATE + message]);
  });

  test('is denied for a VMI that has ended', () => {
    modify<VirtualMachineInstance>(
      lab,
      resources.vmis,
      lab.vmi('shop', 'orders-db'),
      (draft) => void (draft.status = { ...draft.status, phase: 'Failed' }),
    );
    expect(admit('CREATE', resources.migrations, vmim('orders-db')).denied?.message).toBe(
      `${CREATE}Cannot migrate VMI in finalized state.`,
    );
  });

  test('is denied while another one is under way, and allowed after it', () => {
    const first = lab.migrate('shop', 'orders-db');
    const { denied } = admit('CREATE', resources.migrations, vmim('orders-db'));
    expect(denied?.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `${CREATE}in-flight migration detected. Active migration job (${first.metadata.uid}) is currently already in progress for VMI orders-db.`,
      code: 400,
    });
    lab.clock.runUntilIdle();
    expect(admit('CREATE', resources.migrations, vmim('orders-db')).denied).toBeUndefined();
  });

  test('names the cause where KubeVirt does', () => {
    expect(admit('CREATE', resources.migrations, vmim(undefined)).denied?.status).toMatchObject({
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueRequired', message: 'vmiName is missing', field: 'spec.vmiName' }] },
    });
  });

  test('does not ask whether there is a node to go to', () => {
    expect(
      admit(
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
    const { denied } = admit('UPDATE', resources.migrations, after, { oldObject: before });
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
    expect(admit('UPDATE', resources.vmis, spec, { oldObject: vmi }).denied?.message).toBe(
      `${prefix}update of VMI object is restricted`,
    );
    expect(admit('UPDATE', resources.vmis, labels, { oldObject: vmi }).denied?.message).toBe(
      `${prefix}modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited`,
    );
    expect(admit('UPDATE', resources.vmis, spec, { oldObject: vmi, user: controller }).denied).toBeUndefined();
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
    const { denied } = admit('UPDATE', resources.vms, { ...vm, spec: { ...vm.spec, ...spec } }, { oldObject: vm });
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
    const { denied } = admit('CREATE', resources.migrationPolicies, policy);
    expect(denied?.message).toBe(
      'admission webhook "migration-policy-validator.kubevirt.io" denied the request: must not be negative',
    );
    expect(denied?.status.details?.causes?.[0]?.field).toBe(`spec.${field}`);
  });
});

describe('eviction', () => {
  const evict = (namespace: string, vm: string, more: { dryRun?: boolean } = {}): ApiError | undefined => {
    const pod = lab.podsOf
      .get(lab.vmi(namespace, vm).metadata.uid ?? '')
      .find(({ status }) => status?.phase === 'Running')!;
    return admit(
      'CREATE',
      'pods/eviction',
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name, namespace } },
      more,
    ).denied;
  };
  const setStrategy = (strategy: string | undefined): void => {
    for (const name of ['orders-db', 'mail-relay']) {
      modify<VirtualMachineInstance>(lab, resources.vmis, lab.vmi('shop', name), (draft) =>
        Object.assign(draft.spec, { evictionStrategy: strategy }),
      );
    }
  };
  const PREFIX = 'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ';
  const TRIGGERED = 'Eviction triggered evacuation of VMI "shop/orders-db"';
  const STUCK = 'VMI mail-relay is configured with an eviction strategy but is not live-migratable';

  test.each<[string, string, string, string | undefined]>([
    ['LiveMigrate', 'can migrate', 'orders-db', TRIGGERED],
    ['LiveMigrate', 'cannot', 'mail-relay', STUCK],
    ['LiveMigrateIfPossible', 'can migrate', 'orders-db', TRIGGERED],
    ['LiveMigrateIfPossible', 'cannot', 'mail-relay', undefined],
    ['External', 'cannot', 'mail-relay', 'Eviction triggered evacuation of VMI "shop/mail-relay"'],
    ['None', 'can migrate', 'orders-db', undefined],
  ])('with strategy %s of a VMI that %s (%s)', (strategy, _, name, message) => {
    setStrategy(strategy);
    const denied = evict('shop', name);
    expect([denied?.code, denied?.message]).toEqual(
      message === undefined ? [undefined, undefined] : [429, PREFIX + message],
    );
    expect(denied?.status.reason).toBeUndefined();
    const marked = message !== undefined && message !== STUCK;
    expect(lab.vmi('shop', name).status?.evacuationNodeName).toBe(
      marked ? lab.vmi('shop', name).status?.nodeName : undefined,
    );
  });

  test('asked again says that it is under way; a dry run marks nothing', () => {
    expect(evict('shop', 'orders-db', { dryRun: true })?.message).toBe(PREFIX + TRIGGERED);
    expect(lab.vmi('shop', 'orders-db').status?.evacuationNodeName).toBeUndefined();
    evict('shop', 'orders-db');
    expect(evict('shop', 'orders-db')?.message).toBe(`${PREFIX}Evacuation in progress: ${TRIGGERED}`);
  });

  test('moves the VM away, and clears the mark', () => {
    evict('shop', 'orders-db');
    lab.clock.runUntilIdle();
    lab.clock.advanceBy(30_000);
    const status = lab.vmi('shop', 'orders-db').status;
    expect(status?.nodeName).not.toBe('worker-0');
    expect(status?.evacuationNodeName).toBeUndefined();
    const [migration] = lab.migrationsOf.get('shop/orders-db');
    expect(migration?.metadata.name).toMatch(/^kubevirt-evacuation-/);
    expect(migration?.metadata.annotations?.['kubevirt.io/evacuationMigration']).toBe('worker-0');
  });

  test('of an ordinary pod respects disruption budgets', () => {
    const target = lab.store
      .list<Pod>(resources.pods, 'openshift-cnv')
      .find(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-api')!;
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'virt-api-pdb', namespace: 'openshift-cnv' },
      spec: { minAvailable: 2, selector: { matchLabels: { 'kubevirt.io': 'virt-api' } } },
    };
    lab.store.create(resources.disruptionBudgets, budget as KubeObject);
    const call = () =>
      sub('pods', 'eviction', { namespace: 'openshift-cnv', name: target.metadata.name, method: 'POST' });
    expect(call).toThrow("Cannot evict pod as it would violate the pod's disruption budget.");
    lab.store.delete(resources.disruptionBudgets, 'openshift-cnv', 'virt-api-pdb');
    expect(call().status).toBe(201);
    lab.clock.runUntilIdle();
    expect(lab.store.get(resources.pods, 'openshift-cnv', target.metadata.name)).toBeUndefined();
  });

  test('cordon alone does nothing', () => {
    modify(lab, resources.nodes, lab.store.get(resources.nodes, undefined, 'worker-0')!, (draft) =>
      Object.assign(draft, { spec: { unschedulable: true } }),
    );
    lab.clock.runUntilIdle();
    lab.clock.advanceBy(60_000);
    expect(lab.store.count(resources.migrations)).toBe(0);
  });

  test('the drain taint evacuates every VM that can migrate', () => {
    modify(lab, resources.nodes, lab.store.get(resources.nodes, undefined, 'worker-3')!, (draft) =>
      Object.assign(draft, { spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } }),
    );
    lab.clock.advanceBy(120_000);
    expect(lab.vmisOn.get('worker-3')).toEqual([]);
  });
});

function sub(
  resource: string,
  subresource: string,
  {
    namespace = 'shop',
    name,
    method = 'PUT',
    body = {},
  }: { namespace?: string; name: string; method?: string; body?: object },
): SubresourceResponse {
  const found = api.subresources.find(
    (each) => each.resource === resource && each.subresource === subresource && each.methods.includes(method),
  );
  if (found === undefined) throw new Error(`no ${resource}/${subresource}`);
  return found.handle({ method, user, namespace, name, rest: '', query: new URLSearchParams(), headers: {}, body });
}

describe('subresources.kubevirt.io', () => {
  const vm = (name: string, action: string, body: object = {}, namespace = 'shop') =>
    sub('virtualmachines.subresources.kubevirt.io', action, { name, body, namespace });
  const status = (name: string, namespace = 'shop') =>
    lab.store.get<VirtualMachine>(resources.vms, namespace, name)?.status?.printableStatus;
  const failure = (run: () => unknown): [number, string] => {
    try {
      run();
    } catch (error) {
      if (error instanceof ApiError) return [error.code, error.message];
      throw error;
    }
    throw new Error('it was accepted');
  };
  const conflict = (name: string, why: string): [number, string] => [
    409,
    `Operation cannot be fulfilled on virtualmachine.kubevirt.io "${name}": ${why}`,
  ];

  test('migrate creates a migration and answers 202 with nothing', () => {
    expect(vm('orders-db', 'migrate', { addedNodeSelector: { 'kubernetes.io/hostname': 'worker-3' } })).toEqual({
      status: 202,
    });
    lab.clock.runUntilIdle();
    expect(lab.migrationsOf.get('shop/orders-db')[0]?.metadata.name).toMatch(/^kubevirt-migrate-vm-/);
    expect(lab.vmi('shop', 'orders-db').status?.nodeName).toBe('worker-3');
  });

  test('refuses what virt-api refuses, in its words', () => {
    expect(failure(() => vm('nosuch', 'migrate'))).toEqual([404, 'virtualmachine.kubevirt.io "nosuch" not found']);
    expect(failure(() => vm('payroll-batch', 'migrate', {}, 'finance'))).toEqual([
      404,
      'virtualmachineinstance.kubevirt.io "payroll-batch" not found',
    ]);
    expect(failure(() => vm('mail-relay', 'migrate'))[0]).toBe(500);
    expect(failure(() => vm('mail-relay', 'migrate'))[1]).toContain(
      `${CREATE}Cannot migrate VMI, Reason: DisksNotLiveMigratable`,
    );
    expect(failure(() => vm('orders-db', 'start'))).toEqual(conflict('orders-db', 'VM is already running'));
    expect(failure(() => vm('payroll-batch', 'stop', {}, 'finance'))).toEqual(
      conflict('payroll-batch', 'VM is not running'),
    );
    expect(failure(() => vm('payroll-batch', 'restart', {}, 'finance'))).toEqual(
      conflict('payroll-batch', 'RunStategy Halted does not support manual restart requests'),
    );
    expect(failure(() => vm('orders-db', 'restart', { gracePeriodSeconds: 5 }))).toEqual([
      400,
      'For force restart, only gracePeriod=0 is supported for now',
    ]);
  });

  test('a dry run changes nothing', () => {
    const version = lab.store.version;
    for (const action of ['stop', 'restart', 'migrate']) vm('orders-db', action, { dryRun: ['All'] });
    expect(lab.store.version).toBe(version);
  });

  test('start, stop and restart work, and a started VM can migrate', () => {
    vm('payroll-batch', 'start', {}, 'finance');
    lab.clock.runUntilIdle();
    expect(status('payroll-batch', 'finance')).toBe('Running');
    expect(lab.vmi('finance', 'payroll-batch').status).toMatchObject({
      phase: 'Running',
      migrationMethod: 'LiveMigration',
    });
    expect(lab.vmi('finance', 'payroll-batch').status?.phaseTransitionTimestamps?.map(({ phase }) => phase)).toEqual([
      'Pending',
      'Scheduling',
      'Scheduled',
      'Running',
    ]);
    lab.migrate('finance', 'payroll-batch');
    lab.clock.runUntilIdle();
    expect(lab.migrationsOf.get('finance/payroll-batch')[0]?.status?.phase).toBe('Succeeded');
    const uid = lab.vmi('finance', 'payroll-batch').metadata.uid;
    vm('payroll-batch', 'restart', {}, 'finance');
    lab.clock.runUntilIdle();
    expect(lab.vmi('finance', 'payroll-batch').metadata.uid).not.toBe(uid);
    expect(status('payroll-batch', 'finance')).toBe('Running');
    vm('payroll-batch', 'stop', {}, 'finance');
    lab.clock.runUntilIdle();
    expect(status('payroll-batch', 'finance')).toBe('Stopped');
    expect(lab.store.get(resources.vmis, 'finance', 'payroll-batch')).toBeUndefined();
    expect(lab.faults).toEqual([]);
  });

  test('pause and unpause', () => {
    const vmi = (action: string) =>
      sub('virtualmachineinstances.subresources.kubevirt.io', action, { name: 'orders-db' });
    expect(vmi('pause').status).toBe(200);
    lab.clock.runUntilIdle();
    expect(status('orders-db')).toBe('Paused');
    expect(() => vmi('pause')).toThrow('VMI is already paused');
    vmi('unpause');
    lab.clock.runUntilIdle();
    expect(status('orders-db')).toBe('Running');
    expect(() => vmi('unpause')).toThrow('VMI is not paused');
  });

  test('the version and the guest agent’s answers have a kind', () => {
    const guest = (what: string, name = 'orders-db', namespace = 'shop') =>
      sub('virtualmachineinstances.subresources.kubevirt.io', what, { name, namespace, method: 'GET' });
    expect(sub('version.subresources.kubevirt.io', '', { name: '', method: 'GET' }).body).toMatchObject({
      gitVersion: 'v1.6.6',
    });
    for (const what of ['guestosinfo', 'filesystemlist', 'userlist', 'interfacelist'])
      expect(guest(what).body).toMatchObject({
        apiVersion: 'subresources.kubevirt.io/v1',
        kind: expect.stringMatching(/^VirtualMachineInstance/),
      });
    expect(() => guest('guestosinfo', 'report-archive', 'finance')).toThrow('VMI does not have guest agent connected');
  });
});

describe('a VM’s template', () => {
  const edit = (change: (spec: NonNullable<VirtualMachine['spec']['template']['spec']>) => void): void => {
    modify<VirtualMachine>(lab, resources.vms, lab.store.get(resources.vms, 'shop', 'orders-db')!, (draft) =>
      change(draft.spec.template.spec!),
    );
    lab.clock.runUntilIdle();
  };
  const restartRequired = () =>
    lab.store
      .get<VirtualMachine>(resources.vms, 'shop', 'orders-db')
      ?.status?.conditions?.find(({ type }) => type === 'RestartRequired');

  test('node selector, affinity and tolerations reach the running VMI and move nothing', () => {
    edit((spec) => void (spec.nodeSelector = { 'kubernetes.io/hostname': 'worker-2' }));
    expect(lab.vmi('shop', 'orders-db').spec.nodeSelector).toEqual({ 'kubernetes.io/hostname': 'worker-2' });
    expect(lab.vmi('shop', 'orders-db').status?.nodeName).toBe('worker-0');
    expect(restartRequired()).toBeUndefined();
    lab.migrate('shop', 'orders-db');
    lab.clock.runUntilIdle();
    expect(lab.vmi('shop', 'orders-db').status?.nodeName).toBe('worker-2');
    edit((spec) => void delete spec.nodeSelector);
    expect(lab.vmi('shop', 'orders-db').spec.nodeSelector).toBeUndefined();
  });

  test('anything else needs a restart, until it is reverted or restarted', () => {
    edit((spec) => void (spec.domain.memory = { guest: '64Gi' }));
    expect(restartRequired()).toMatchObject({
      status: 'True',
      message: 'a non-live-updatable field was changed in the template spec',
    });
    edit((spec) => void (spec.nodeSelector = { a: 'b' }));
    expect(lab.vmi('shop', 'orders-db').spec.nodeSelector).toBeUndefined();
    edit((spec) => void (spec.domain.memory = { guest: '32Gi' }));
    expect(restartRequired()).toBeUndefined();
    expect(lab.vmi('shop', 'orders-db').spec.nodeSelector).toEqual({ a: 'b' });
  });

  test('deleting the VM ends everything of it', () => {
    const vm = lab.store.get<VirtualMachine>(resources.vms, 'shop', 'orders-db')!;
    modify(lab, resources.vms, vm, (draft) => void (draft.metadata.deletionTimestamp = '2026-03-01T08:00:00Z'));
    lab.clock.runUntilIdle();
    expect(lab.store.get(resources.vms, 'shop', 'orders-db')).toBeUndefined();
    expect(lab.store.get(resources.vmis, 'shop', 'orders-db')).toBeUndefined();
    expect(
      lab.store.list<Pod>(resources.pods, 'shop').filter(({ metadata }) => metadata.name.includes('orders-db')),
    ).toEqual([]);
    expect(lab.faults).toEqual([]);
  });
});
