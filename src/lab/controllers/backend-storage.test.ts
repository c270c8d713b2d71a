import { describe, expect, test } from 'vitest';
import type { PersistentVolumeClaim, ResourceQuota, VirtualMachine } from '../../model/objects.ts';
import { kubevirt16 } from '../../model/versions/index.ts';
import { kubevirt13 } from '../../model/versions/v1.3.ts';
import { resources } from '../resources.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { small } from '../scenarios/small.ts';
import { local, nfs } from '../scenarios/storage.ts';
import { type TestLab, testLab } from '../testing.ts';
import { isTrue } from './conditions.ts';

/** Claims of the default class are on one node only. */
const unshared: Scenario = {
  ...small,
  storage: small.storage.map((kind) => ({ ...kind, isDefault: kind.name === local.name })),
};

function withTpm(lab: TestLab, tpm: object = { persistent: true }): void {
  const vm: VirtualMachine = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'safe', namespace: 'shop', uid: 'safe' },
    spec: {
      runStrategy: 'Always',
      template: { spec: { domain: { cpu: { cores: 1 }, memory: { guest: '1Gi' }, devices: { tpm } } } },
    },
  };
  lab.store.create(resources.vms, vm);
  lab.run();
}

const claims = (lab: TestLab): PersistentVolumeClaim[] =>
  lab.store
    .list<PersistentVolumeClaim>(resources.claims, 'shop')
    .filter(({ metadata }) => metadata.name.startsWith('persistent-state-for-'));

describe('the claim for the state of a TPM', () => {
  test('is named for its VM until v1.3, and must be one that nodes share', () => {
    const lab = testLab(unshared, { version: kubevirt13 });
    withTpm(lab);
    expect(claims(lab)).toMatchObject([
      { metadata: { name: 'persistent-state-for-safe' }, spec: { accessModes: ['ReadWriteOnce'] } },
    ]);
    expect(lab.vmi('shop', 'safe').status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'LiveMigratable',
        status: 'False',
        message: 'cannot migrate VMI: Backend storage PVC is not RWX',
      }),
    );
  });

  test('has a generated name and a label from v1.4 on, and is followed by one of the target', () => {
    const lab = testLab(unshared, { seconds: 5, version: kubevirt16 });
    withTpm(lab);
    const [first, ...none] = claims(lab);
    expect(none).toEqual([]);
    expect(first?.metadata.name).toMatch(/^persistent-state-for-safe-[a-z0-9]{5}$/);
    expect(first?.metadata.labels).toEqual({ 'persistent-state-for': 'safe' });
    expect(lab.vmi('shop', 'safe').status?.volumeStatus).toMatchObject([{ name: first?.metadata.name }]);
    expect(isTrue(lab.vmi('shop', 'safe').status?.conditions, 'LiveMigratable')).toBe(true);
    const migration = lab.migrate('shop', 'safe');
    lab.until(migration, 'Running');
    expect(claims(lab)).toHaveLength(2);
    const done = lab.until(migration, 'Succeeded');
    lab.run();
    const [second, ...others] = claims(lab);
    expect(others).toEqual([]);
    expect(second?.metadata.name).not.toBe(first?.metadata.name);
    expect(second?.metadata.labels).toEqual({ 'persistent-state-for': 'safe' });
    expect(lab.migration(done)?.status?.migrationState).toMatchObject({
      sourcePersistentStatePVCName: first?.metadata.name,
      targetPersistentStatePVCName: second?.metadata.name,
    });
  });

  test('of a target goes with a migration that fails', () => {
    const lab = testLab(unshared, { version: kubevirt16 });
    withTpm(lab);
    const before = claims(lab).map(({ metadata }) => metadata.name);
    const migration = lab.migrate('shop', 'safe');
    lab.until(migration, 'Running');
    lab.asked[0]?.done({ result: 'failed', reason: 'no' });
    lab.until(migration, 'Failed');
    lab.run();
    expect(claims(lab).map(({ metadata }) => metadata.name)).toEqual(before);
  });

  test('serves the target, too, where nodes share it', () => {
    const lab = testLab({ ...small, storage: [{ ...nfs }, ...small.storage.slice(1)] }, { seconds: 5 });
    withTpm(lab);
    const before = claims(lab).map(({ metadata }) => metadata.name);
    lab.until(lab.migrate('shop', 'safe'), 'Succeeded');
    lab.run();
    expect(claims(lab).map(({ metadata }) => metadata.name)).toEqual(before);
  });

  test('is not made for a TPM that forgets, and waits for room in a quota', () => {
    const lab = testLab(unshared, { seconds: 5 });
    withTpm(lab, {});
    expect(claims(lab)).toEqual([]);
    const other = testLab(unshared, { seconds: 5 });
    withTpm(other);
    const quota: ResourceQuota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace: 'shop', uid: 'small' },
      spec: { hard: { 'count/persistentvolumeclaims': '1' } },
    };
    other.store.create(resources.resourceQuotas, quota);
    const migration = other.migrate('shop', 'safe');
    other.clock.advanceBy(20_000);
    expect(other.migration(migration)?.status?.phase).toBe('Pending');
    expect(claims(other)).toHaveLength(1);
    other.store.delete(resources.resourceQuotas, 'shop', 'small');
    other.until(migration, 'Succeeded');
  });
});
