import { beforeEach, describe, expect, test } from 'vitest';
import type { Pod, VirtualMachine } from '../../model/objects.ts';
import { ApiError } from '../api/status.ts';
import { modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { type TestApi, testApi } from './testing.ts';

const CREATE = 'admission webhook "migration-create-validator.kubevirt.io" denied the request: ';
let lab: TestLab;
let api: TestApi;

beforeEach(() => {
  lab = testLab(small);
  api = testApi(lab);
});

describe('subresources.kubevirt.io', () => {
  const vm = (name: string, action: string, body: object = {}, namespace = 'shop') =>
    api.sub('virtualmachines.subresources.kubevirt.io', action, { name, body, namespace });
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
      api.sub('virtualmachineinstances.subresources.kubevirt.io', action, { name: 'orders-db' });
    expect(vmi('pause').status).toBe(200);
    lab.clock.runUntilIdle();
    expect(status('orders-db')).toBe('Paused');
    const ready = () => [
      lab.vmi('shop', 'orders-db').status?.conditions?.find(({ type }) => type === 'Ready')?.status,
      lab.podsOf
        .get(lab.vmi('shop', 'orders-db').metadata.uid ?? '')
        .map((pod) => pod.status?.conditions?.find(({ type }) => type === 'Ready')?.reason),
      lab.store.get<VirtualMachine>(resources.vms, 'shop', 'orders-db')?.status?.ready,
    ];
    expect(ready()).toEqual(['False', ['ReadinessGatesNotReady'], undefined]);
    expect(() => vmi('pause')).toThrow('VMI is already paused');
    vmi('unpause');
    lab.clock.runUntilIdle();
    expect(status('orders-db')).toBe('Running');
    expect(ready()).toEqual(['True', [undefined], true]);
    expect(() => vmi('unpause')).toThrow('VMI is not paused');
  });

  test('the version and the guest agent’s answers have a kind', () => {
    const guest = (what: string, name = 'orders-db', namespace = 'shop') =>
      api.sub('virtualmachineinstances.subresources.kubevirt.io', what, { name, namespace, method: 'GET' });
    expect(api.sub('version.subresources.kubevirt.io', '', { name: '', method: 'GET' }).body).toMatchObject({
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
    edit((spec) => void (spec.hostname = 'other'));
    expect(restartRequired()).toMatchObject({
      status: 'True',
      message: 'a non-live-updatable field was changed in the template spec',
    });
    edit((spec) => void (spec.nodeSelector = { a: 'b' }));
    expect(lab.vmi('shop', 'orders-db').spec.nodeSelector).toBeUndefined();
    edit((spec) => void delete spec.hostname);
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
