import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { denied, deniedWithCauses } from './status.ts';
import { startTestServer, type TestServer } from './testing.ts';

const VMS = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines';
const VMIS = '/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances';
const PODS = '/api/v1/namespaces/default/pods';
const MERGE = 'application/merge-patch+json';

let at: TestServer;
beforeEach(async () => {
  at = await startTestServer({
    gracefulPods: true,
    webhooks: [
      {
        name: 'policy-validator.example.com',
        resource: 'migrationpolicies.migrations.kubevirt.io',
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        validate: ({ operation, object }) => {
          if (operation === 'DELETE') throw denied('it is needed');
          if (object.metadata.labels?.['bad'] !== undefined) {
            throw deniedWithCauses([{ reason: 'FieldValueInvalid', message: 'no', field: 'metadata.labels' }]);
          }
        },
      },
    ],
  });
});
afterEach(async () => {
  expect(at.faults).toEqual([]);
  await at.close();
});

const vm = (name: string, more: object = {}): object => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name },
  spec: { runStrategy: 'Always', template: { spec: { domain: { devices: {} } } } },
  ...more,
});
const pod = (name: string, more: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...more },
});
const created = async (path: string, body: object): Promise<KubeObject> => (await at.send('POST', path, { body })).body;

describe('create', () => {
  test('gives identity, defaults and a generation; status is not the user’s to set', async () => {
    const { status, body } = await at.send('POST', VMS, { body: vm('a', { status: { ready: true } }) });
    expect(status).toBe(201);
    expect(body.metadata).toMatchObject({
      name: 'a',
      namespace: 'default',
      generation: 1,
      creationTimestamp: '2026-11-22T20:00:00Z',
    });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body).not.toHaveProperty('status');
  });

  test('makes names from generateName', async () => {
    const body = await created(VMS, vm('', { metadata: { generateName: 'vm-' } }));
    expect(body.metadata.name).toMatch(/^vm-[a-z0-9]{5}$/);
  });

  test.each([
    ['no name', { metadata: {} }, 'metadata.name: Required value: name or generateName is required'],
    [
      'a bad name',
      { metadata: { name: 'A_b' } },
      'metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain',
    ],
    [
      'a bad label',
      { metadata: { name: 'a', labels: { x: 'a b' } } },
      'metadata.labels: Invalid value: "a b": a valid label must be',
    ],
  ])('with %s is a 422', async (_what, more, message) => {
    const { status, body } = await at.send('POST', VMS, { body: vm('a', more) });
    expect(status).toBe(422);
    expect(body.message).toContain(message);
  });

  test.each([
    ['of another kind', { kind: 'Pod' }, 400],
    ['of another version', { apiVersion: 'kubevirt.io/v2' }, 400],
    ['for another namespace', { metadata: { name: 'a', namespace: 'other' } }, 400],
  ])('%s is refused', async (_what, more, status) => {
    expect((await at.send('POST', VMS, { body: vm('a', more) })).status).toBe(status);
  });

  test('of what exists is a 409, also as a dry run', async () => {
    await created(VMS, vm('a'));
    for (const query of ['', '?dryRun=All']) {
      const { status, body } = await at.send('POST', VMS + query, { body: vm('a') });
      expect(status).toBe(409);
      expect(body).toMatchObject({
        reason: 'AlreadyExists',
        message: 'virtualmachines.kubevirt.io "a" already exists',
      });
    }
  });

  test('as a dry run stores nothing', async () => {
    const { version } = at.store;
    const { status, body } = await at.send('POST', `${VMS}?dryRun=All`, { body: vm('a') });
    expect(status).toBe(201);
    expect(body.metadata.resourceVersion).toBeUndefined();
    expect(at.store.version).toBe(version);
    expect((await at.send('POST', `${VMS}?dryRun=Some`, { body: vm('a') })).status).toBe(422);
  });

  test('takes YAML too', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata: {a: b}\n';
    const { status } = await at.send('POST', '/api/v1/namespaces/default/configmaps', {
      body,
      contentType: 'application/yaml',
    });
    expect(status).toBe(201);
  });

  test('warns of unknown fields, refuses or ignores them as it is told', async () => {
    const body = (name: string): object =>
      vm(name, { spec: { template: { spec: { domain: { devices: {} } } }, bogus: 1 } });
    const warned = await at.send('POST', VMS, { body: body('a') });
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"spec.bogus\\""');
    expect(warned.body).not.toHaveProperty('spec.bogus');
    expect(
      (await at.send('POST', `${VMS}?fieldValidation=Ignore`, { body: body('b') })).headers['warning'],
    ).toBeUndefined();
    expect((await at.send('POST', `${VMS}?fieldValidation=Strict`, { body: body('c') })).status).toBe(400);
  });
});

describe('update', () => {
  test('of spec counts the generation up; of metadata or status it does not', async () => {
    await created(VMS, vm('a'));
    const patch = async (path: string, body: object): Promise<KubeObject> =>
      (await at.send('PATCH', path, { body, contentType: MERGE })).body;
    expect((await patch(`${VMS}/a`, { metadata: { labels: { x: 'y' } } })).metadata.generation).toBe(1);
    expect((await patch(`${VMS}/a`, { spec: { runStrategy: 'Halted' } })).metadata.generation).toBe(2);
    expect((await patch(`${VMS}/a/status`, { status: { ready: true } })).metadata.generation).toBe(2);
  });

  test('through the object leaves status alone, through /status everything else', async () => {
    await created(VMS, vm('a'));
    const main = await at.send('PATCH', `${VMS}/a`, { body: { status: { ready: true } }, contentType: MERGE });
    expect(main.body).not.toHaveProperty('status');
    const body = { spec: { runStrategy: 'Halted' }, metadata: { labels: { x: 'y' } }, status: { ready: true } };
    const status = await at.send('PATCH', `${VMS}/a/status`, { body, contentType: MERGE });
    expect(status.body).toMatchObject({ spec: { runStrategy: 'Always' }, status: { ready: true } });
    expect(status.body.metadata.labels).toBeUndefined();
  });

  test('of a VMI writes its status directly, for it has no status subresource, and counts its generation', async () => {
    await created(VMIS, {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      metadata: { name: 'a' },
      spec: { domain: { devices: {} } },
      status: {},
    });
    const body = [{ op: 'add', path: '/status/evacuationNodeName', value: 'n1' }];
    const answer = await at.send('PATCH', `${VMIS}/a`, { body, contentType: 'application/json-patch+json' });
    expect(answer.body).toMatchObject({ status: { evacuationNodeName: 'n1' }, metadata: { generation: 2 } });
    expect((await at.send('PATCH', `${VMIS}/a/status`, { body: {}, contentType: MERGE })).status).toBe(404);
  });

  test('with a stale version is a 409; without one, custom resources refuse it', async () => {
    const first = await created(VMS, vm('a'));
    await at.send('PATCH', `${VMS}/a`, { body: { metadata: { labels: { x: 'y' } } }, contentType: MERGE });
    const stale = await at.send('PUT', `${VMS}/a`, { body: first });
    expect(stale.status).toBe(409);
    expect(stale.body.message).toBe(
      'Operation cannot be fulfilled on virtualmachines.kubevirt.io "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await at.send('PUT', `${VMS}/a`, { body: vm('a') })).status).toBe(422);
    expect((await at.send('PUT', `${VMS}/b`, { body: vm('b') })).status).toBe(404);
  });

  test('of another incarnation is a 409', async () => {
    await created(VMS, vm('a'));
    const { status, body } = await at.send('PATCH', `${VMS}/a`, {
      body: { metadata: { uid: 'other' } },
      contentType: MERGE,
    });
    expect(status).toBe(409);
    expect(body.message).toContain('Precondition failed: UID in precondition: other');
  });

  test('that changes nothing is no change', async () => {
    const before = await created(VMS, vm('a'));
    const { spec } = before as KubeObject & { spec: object };
    const body = Object.fromEntries(Object.entries({ ...before, spec }).reverse());
    const answer = await at.send('PUT', `${VMS}/a`, { body });
    expect(answer.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('cannot change what the server keeps', async () => {
    const before = await created(VMS, vm('a'));
    const metadata = {
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      generation: 99,
    };
    const { body } = await at.send('PATCH', `${VMS}/a`, { body: { metadata }, contentType: MERGE });
    expect(body.metadata).toEqual(before.metadata);
  });

  test('through another served version is the same object', async () => {
    await created(VMS, vm('a'));
    const path = VMS.replace('/v1/', '/v1alpha3/');
    const answer = await at.send('PATCH', `${path}/a`, {
      body: { spec: { runStrategy: 'Halted' } },
      contentType: MERGE,
    });
    expect(answer.body.apiVersion).toBe('kubevirt.io/v1alpha3');
    expect((await at.send('GET', `${VMS}/a`)).body).toMatchObject({
      apiVersion: 'kubevirt.io/v1',
      spec: { runStrategy: 'Halted' },
    });
  });
});

describe('admission', () => {
  const POLICIES = '/apis/migrations.kubevirt.io/v1alpha1/migrationpolicies';
  const policy = (name: string, labels = {}): object => ({
    apiVersion: 'migrations.kubevirt.io/v1alpha1',
    kind: 'MigrationPolicy',
    metadata: { name, labels },
    spec: { selectors: {} },
  });

  test('denies with its name; causes make it a 422, an error alone has neither reason nor details', async () => {
    const invalid = await at.send('POST', POLICIES, { body: policy('a', { bad: 'x' }) });
    expect(invalid.status).toBe(422);
    expect(invalid.body).toMatchObject({
      message: 'admission webhook "policy-validator.example.com" denied the request: no',
      reason: 'Invalid',
      details: { causes: [{ field: 'metadata.labels' }] },
    });
    await at.send('POST', POLICIES, { body: policy('a') });
    const refused = await at.send('DELETE', `${POLICIES}/a`);
    expect(refused.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'admission webhook "policy-validator.example.com" denied the request: it is needed',
      code: 400,
    });
  });
});

describe('delete', () => {
  const finalized = vm('a', { metadata: { name: 'a', finalizers: ['example.com/hold'] } });

  test('of a custom resource answers a Status', async () => {
    const { metadata } = await created(VMS, vm('a'));
    const { status, body } = await at.send('DELETE', `${VMS}/a`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', kind: 'virtualmachines', uid: metadata.uid },
    });
    expect((await at.send('GET', `${VMS}/a`)).status).toBe(404);
  });

  test('waits for finalizers, whoever removes the last one', async () => {
    await created(VMS, finalized);
    const { body } = await at.send('DELETE', `${VMS}/a`);
    expect(body.metadata).toMatchObject({
      deletionTimestamp: '2026-11-22T20:00:00Z',
      deletionGracePeriodSeconds: 0,
      generation: 2,
    });
    await at.send('PATCH', `${VMS}/a`, { body: { metadata: { finalizers: null } }, contentType: MERGE });
    expect((await at.send('GET', `${VMS}/a`)).status).toBe(404);
  });

  test('a second time changes nothing', async () => {
    await created(VMS, finalized);
    const first = await at.send('DELETE', `${VMS}/a`);
    const second = await at.send('DELETE', `${VMS}/a`);
    expect(second.body.metadata).toEqual(first.body.metadata);
  });

  test('with preconditions that do not hold is a 409', async () => {
    await created(VMS, vm('a'));
    const { status } = await at.send('DELETE', `${VMS}/a`, { body: { preconditions: { uid: 'other' } } });
    expect(status).toBe(409);
    expect((await at.send('GET', `${VMS}/a`)).status).toBe(200);
  });

  test('as a dry run deletes nothing', async () => {
    await created(VMS, vm('a'));
    expect((await at.send('DELETE', `${VMS}/a`, { body: { dryRun: ['All'] } })).status).toBe(200);
    expect((await at.send('GET', `${VMS}/a`)).status).toBe(200);
  });

  test.each([
    ['a pod on a node has its grace period', { nodeName: 'n1' }, {}, 30],
    ['a pod on a node has the grace period it is given', { nodeName: 'n1' }, { gracePeriodSeconds: 5 }, 5],
    ['a pod without a node goes at once', {}, {}, undefined],
    ['a pod that is forced goes at once', { nodeName: 'n1' }, { gracePeriodSeconds: 0 }, undefined],
  ])('%s', async (_what, spec, options, grace) => {
    await created(PODS, pod('p', spec));
    await at.send('DELETE', `${PODS}/p`, { body: options });
    const { status, body } = await at.send('GET', `${PODS}/p`);
    expect(status).toBe(grace === undefined ? 404 : 200);
    if (grace !== undefined) {
      expect(body.metadata.deletionGracePeriodSeconds).toBe(grace);
      expect(Date.parse(body.metadata.deletionTimestamp ?? '')).toBe(at.clock.now() + grace * 1000);
    }
  });

  test('of a collection takes what is selected', async () => {
    await created(VMS, vm('a', { metadata: { name: 'a', labels: { x: '1' } } }));
    await created(VMS, vm('b'));
    expect((await at.send('DELETE', `${VMS}?labelSelector=x`)).status).toBe(200);
    expect((await at.send('GET', VMS)).body.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
  });
});

test.each([
  ['PATCH', VMS, 405],
  ['PUT', VMS, 405],
  ['POST', `${VMS}/a`, 405],
  ['POST', '/apis/kubevirt.io/v1/virtualmachines', 405],
  ['GET', '/apis/kubevirt.io/v1/virtualmachines/a', 404],
])('%s %s is a %i', async (method, path, status) => {
  await created(VMS, vm('a'));
  expect((await at.send(method, path, { body: method === 'GET' ? undefined : {} })).status).toBe(status);
});
