import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../kube/types.ts';
import { fakeClient } from './testing/fake-client.ts';
import { cancelMigration, createMigration } from './writer.ts';

const labels = { 'app.kubernetes.io/managed-by': 'ferry', 'ferry.run/run': 'r1' };
const wanted = { namespace: 'vms', name: 'ferry-web-1', vmiName: 'web', labels };
const key = 'kubevirt.io/v1/virtualmachineinstancemigrations';

const existing = (change: object = {}): StoredObject =>
  ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: {
      name: 'ferry-web-1',
      namespace: 'vms',
      uid: 'u1',
      labels: { ...labels, 'kubevirt.io/vmi-name': 'web' },
    },
    spec: { vmiName: 'web' },
    ...change,
  }) as StoredObject;

const inFlight = {
  status: 400,
  message:
    'admission webhook "migration-create-validator.kubevirt.io" denied the request: in-flight migration detected. Active migration job (u1) is currently already in progress for VMI web.',
};

describe('createMigration', () => {
  test('creates exactly what was asked for', async () => {
    const objects = {};
    const { client } = fakeClient({ objects });
    const { migration, created } = await createMigration(client, {
      ...wanted,
      addedNodeSelector: { 'kubernetes.io/hostname': 'n2' },
    });
    expect(created).toBe(true);
    expect(migration).toEqual({
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name: 'ferry-web-1', namespace: 'vms', uid: 'uid-ferry-web-1', labels },
      spec: { vmiName: 'web', addedNodeSelector: { 'kubernetes.io/hostname': 'n2' } },
    });
    expect(objects).toEqual({ [key]: [migration] });
  });

  test('asked twice, there is one migration', async () => {
    const { client } = fakeClient({});
    const first = await createMigration(client, wanted);
    const second = await createMigration(client, wanted);
    expect(second).toEqual({ migration: first.migration, created: false });
  });

  test('a dry run is passed on', async () => {
    const { client, calls } = fakeClient({});
    await createMigration(client, wanted, { dryRun: true });
    expect(calls).toEqual(['CREATE virtualmachineinstancemigrations vms/ferry-web-1 dry']);
  });

  test("the webhook's answer before the name is looked at is success too, if the migration in flight is this one", async () => {
    const { client } = fakeClient({
      objects: { [key]: [existing()] },
      refuse: { 'create kubevirt.io/virtualmachineinstancemigrations': inFlight },
    });
    await expect(createMigration(client, wanted)).resolves.toMatchObject({
      created: false,
      migration: { metadata: { uid: 'u1' } },
    });
  });

  test("somebody else's migration in flight is an error, in KubeVirt's words", async () => {
    const { client } = fakeClient({ refuse: { 'create kubevirt.io/virtualmachineinstancemigrations': inFlight } });
    await expect(createMigration(client, wanted)).rejects.toThrow('in-flight migration detected');
  });

  test.each([
    ['is for another VM', existing({ spec: { vmiName: 'db' } })],
    ["lacks Ferry's labels", existing({ metadata: { name: 'ferry-web-1', namespace: 'vms', uid: 'u1' } })],
    [
      'goes to a chosen node',
      existing({ spec: { vmiName: 'web', addedNodeSelector: { 'kubernetes.io/hostname': 'n2' } } }),
    ],
  ])('a migration of the name that %s is refused', async (_, object) => {
    const { client } = fakeClient({ objects: { [key]: [object] } });
    await expect(createMigration(client, wanted)).rejects.toMatchObject({ code: 'FERRY_E_REFUSED', exitCode: 8 });
  });

  test('a migration of the name that another run made, deciding the same, is the result', async () => {
    const metadata = { ...existing().metadata, labels: { ...labels, 'ferry.run/run': 'r0' } };
    const { client } = fakeClient({ objects: { [key]: [existing({ metadata })] } });
    await expect(createMigration(client, wanted)).resolves.toMatchObject({ created: false });
  });

  test('any other answer is passed on, and nothing is asked after it', async () => {
    const { client, calls } = fakeClient({
      refuse: { 'create kubevirt.io/virtualmachineinstancemigrations': { status: 403 } },
    });
    await expect(createMigration(client, wanted)).rejects.toMatchObject({ status: 403 });
    expect(calls).toHaveLength(1);
  });
});

describe('cancelMigration', () => {
  test.each([
    ['the migration', 'u1', 'requested', 0],
    ['another of the same name', 'u0', 'gone', 1],
  ])('%s', async (_, uid, result, left) => {
    const objects = { [key]: [existing()] };
    const { client } = fakeClient({ objects });
    await expect(cancelMigration(client, { namespace: 'vms', name: 'ferry-web-1', uid })).resolves.toBe(result);
    expect(objects[key]).toHaveLength(left);
  });

  test('none', async () => {
    const { client } = fakeClient({});
    await expect(cancelMigration(client, { namespace: 'vms', name: 'x', uid: 'u1' })).resolves.toBe('gone');
  });

  test('a dry run deletes nothing; a refusal is passed on', async () => {
    const objects = { [key]: [existing()] };
    const { client, calls } = fakeClient({ objects });
    await cancelMigration(client, { namespace: 'vms', name: 'ferry-web-1', uid: 'u1' }, { dryRun: true });
    expect(calls).toEqual(['DELETE virtualmachineinstancemigrations vms/ferry-web-1 dry']);
    expect(objects[key]).toHaveLength(1);
    const forbidden = fakeClient({
      refuse: { 'delete kubevirt.io/virtualmachineinstancemigrations': { status: 403 } },
    });
    await expect(cancelMigration(forbidden.client, { namespace: 'vms', name: 'x', uid: 'u' })).rejects.toMatchObject({
      status: 403,
    });
  });
});
