import { describe, expect, test } from 'vitest';
import type { VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { printableStatus, type VmContext } from './printable-status.ts';

const now = Date.parse('2026-03-01T10:00:00Z');
const vm = (metadata: object = {}): VirtualMachine =>
  ({ metadata: { name: 'vm', ...metadata }, spec: {} }) as unknown as VirtualMachine;
const vmi = (status: object, metadata: object = {}): VirtualMachineInstance =>
  ({ metadata: { name: 'vm', ...metadata }, status }) as unknown as VirtualMachineInstance;
const paused = [{ type: 'Paused', status: 'True' }];
const copying = { startTimestamp: '2026-03-01T09:59:00Z' };
const noClaim = [{ type: 'Synchronized', status: 'False', reason: 'FailedPvcNotFound' }];
const unschedulable = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }];

describe('STATUS of a VM', () => {
  test.each<[string, string, VirtualMachine, VirtualMachineInstance | undefined, Partial<VmContext>?]>([
    [
      'Terminating',
      'it is being deleted, even while it runs',
      vm({ deletionTimestamp: 'x' }),
      vmi({ phase: 'Running' }),
    ],
    ['Stopping', 'its VMI is being deleted', vm(), vmi({ phase: 'Running' }, { deletionTimestamp: 'x' })],
    ['Stopping', 'its run strategy wants it down', vm(), vmi({ phase: 'Running' }), { stopExpected: true }],
    ['Migrating', 'its memory is being copied', vm(), vmi({ phase: 'Running', migrationState: copying })],
    ['Migrating', 'it migrates paused', vm(), vmi({ phase: 'Running', migrationState: copying, conditions: paused })],
    [
      'Running',
      'a migration waits for its target',
      vm(),
      vmi({ phase: 'Running', migrationState: { migrationUid: 'x', targetNode: 'n' } }),
    ],
    [
      'Running',
      'a migration has ended',
      vm(),
      vmi({ phase: 'Running', migrationState: { ...copying, endTimestamp: '2026-03-01T09:59:30Z' } }),
    ],
    ['Paused', 'it is paused', vm(), vmi({ phase: 'Running', conditions: paused })],
    ['Running', 'it runs', vm(), vmi({ phase: 'Running' })],
    ['ErrorPvcNotFound', 'a claim does not exist', vm(), vmi({ phase: 'Pending', conditions: noClaim })],
    ['DataVolumeError', 'a DataVolume has failed', vm(), undefined, { dataVolumeFailed: true, provisioning: true }],
    ['Provisioning', 'a DataVolume is being filled', vm(), undefined, { provisioning: true, startExpected: true }],
    [
      'Provisioning',
      'a DataVolume is being filled, though nobody wants it to run',
      vm(),
      undefined,
      { provisioning: true },
    ],
    ['ErrorUnschedulable', 'no node takes its pod', vm(), vmi({ phase: 'Scheduling', conditions: unschedulable })],
    ['WaitingForVolumeBinding', 'a claim is not bound', vm(), vmi({ phase: 'Pending' }), { claimUnbound: true }],
    ['Starting', 'it should run and has no VMI yet', vm(), undefined, { startExpected: true }],
    ['Starting', 'its pod is being scheduled', vm(), vmi({ phase: 'Scheduling' })],
    ['Stopped', 'it has no VMI and should have none', vm(), undefined],
    ['Stopped', 'its VMI has ended', vm(), vmi({ phase: 'Succeeded' })],
    ['Stopped', 'a claim is not bound but nobody wants it to run', vm(), undefined, { claimUnbound: true }],
    ['Unknown', 'its VMI is in no known phase', vm(), vmi({ phase: 'Unknown' })],
  ])('is %s when %s', (status, _, object, instance, context = {}) => {
    const full = {
      now,
      dataVolumeFailed: false,
      provisioning: false,
      claimUnbound: false,
      startExpected: false,
      stopExpected: false,
      ...context,
    };
    expect(printableStatus(object, instance, full)).toBe(status);
  });
});
