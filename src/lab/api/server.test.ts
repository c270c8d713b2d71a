import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeKubeconfig } from '../kubeconfig.ts';
import { clusterRole, groupBinding } from './rbac/bootstrap.ts';
import { ApiServer } from './server.ts';
import { startTestServer, type TestServer } from './testing.ts';
import { TokenBook } from './token-book.ts';

const NODES = '/api/v1/nodes';
const GET_NODES = { verbs: ['get'], apiGroups: [''], resources: ['nodes'] };

describe('who may do what', () => {
  let at: TestServer;

  beforeAll(async () => {
    at = await startTestServer();
    // A binding whose role is gone is told in every refusal, as Kubernetes does.
    at.put('clusterrolebindings.rbac.authorization.k8s.io', groupBinding('x', 'x', ['system:authenticated'], 0));
  });
  afterAll(() => at.close());

  test.each([
    ['GET', NODES, 'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope'],
    [
      'GET',
      `${NODES}?watch=1`,
      'nodes is forbidden: User "bob" cannot watch resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'DELETE',
      '/apis/kubevirt.io/v1/namespaces/vms/virtualmachines/web',
      'virtualmachines.kubevirt.io "web" is forbidden: User "bob" cannot delete resource "virtualmachines" in API group "kubevirt.io" in the namespace "vms"',
    ],
    [
      'PUT',
      '/apis/kubevirt.io/v1/namespaces/vms/virtualmachines/web/status',
      'virtualmachines.kubevirt.io "web" is forbidden: User "bob" cannot update resource "virtualmachines/status" in API group "kubevirt.io" in the namespace "vms"',
    ],
    ['POST', '/metrics', 'forbidden: User "bob" cannot post path "/metrics"'],
  ])('%s %s by someone without rights is refused with the reason', async (method, path, message) => {
    const { status, body } = await at.send(method, path, { token: 'bob' });
    expect(status).toBe(403);
    expect(body.message).toBe(`${message}: RBAC: clusterrole.rbac.authorization.k8s.io "x" not found`);
    expect(body.reason).toBe('Forbidden');
  });

  test.each(['/version', '/livez', '/readyz', '/healthz'])('%s is open to everyone', async (path) => {
    expect((await at.send('GET', path, { token: null })).status).toBe(200);
  });

  test('everything else is forbidden to strangers, and a wrong token is worse than none', async () => {
    const none = await at.send('GET', NODES, { token: null });
    expect(none.status).toBe(403);
    expect(none.body.message).toContain('User "system:anonymous" cannot list resource "nodes"');
    const wrong = await at.send('GET', '/version', { token: 'wrong' });
    expect(wrong.status).toBe(401);
    expect(wrong.body).toMatchObject({ message: 'Unauthorized', reason: 'Unauthorized', code: 401 });
    expect((await at.send('GET', '/version', { token: 'constructor' })).status).toBe(401);
  });

  test('discovery and self-reviews are open to everyone with an account', async () => {
    expect((await at.send('GET', '/apis', { token: 'bob' })).status).toBe(200);
    const review = { spec: { resourceAttributes: { verb: 'list', resource: 'nodes' } } };
    const { status, body } = await at.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      token: 'bob',
      body: review,
    });
    expect(status).toBe(201);
    expect(body.status).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "x" not found',
    });
  });

  test('rules are those that are granted', async () => {
    at.put('clusterroles.rbac.authorization.k8s.io', clusterRole('see', [GET_NODES], 0));
    at.put('clusterrolebindings.rbac.authorization.k8s.io', groupBinding('see', 'see', ['system:authenticated'], 0));
    const { body } = await at.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      token: 'bob',
      body: { spec: { namespace: 'vms' } },
    });
    const { resourceRules, ...rest } = body.status as unknown as { resourceRules: { resources: string[] }[] };
    expect(resourceRules.filter((rule) => rule.resources[0] === 'nodes')).toEqual([GET_NODES]);
    expect(rest).toMatchObject({
      incomplete: true,
      evaluationError: 'clusterrole.rbac.authorization.k8s.io "x" not found',
    });
  });

  test('a master may be someone else, others may not', async () => {
    const headers = { 'impersonate-user': 'bob', 'impersonate-group': 'team-a' };
    const { body } = await at.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { headers, body: {} });
    expect(body.status).toEqual({ userInfo: { username: 'bob', groups: ['team-a', 'system:authenticated'] } });
    expect((await at.send('GET', NODES, { headers })).status).toBe(403);
    const refused = await at.send('GET', NODES, { headers: { 'impersonate-user': 'admin' }, token: 'bob' });
    expect(refused.body.message).toContain(
      'users "admin" is forbidden: User "bob" cannot impersonate resource "users"',
    );
  });
});

describe('extensions', () => {
  let at: TestServer;

  beforeAll(async () => {
    at = await startTestServer({
      webhooks: [
        {
          name: 'interceptor.example.com',
          resource: 'pods/eviction',
          operations: ['CREATE'],
          validate: ({ name }) => {
            if (name === 'boom') throw new Error('broken webhook');
          },
        },
      ],
      subresources: [
        {
          resource: 'nodes',
          subresource: 'proxy',
          methods: ['GET'],
          handle: ({ name, rest, query }) => ({ status: 200, body: { name, rest, query: [...query] } }),
        },
        {
          resource: 'pods',
          subresource: 'proxy',
          methods: ['GET'],
          handle: ({ name, port, rest }) => ({ status: 200, body: { name, port, rest } }),
        },
        { resource: 'pods', subresource: 'log', methods: ['GET'], handle: () => ({ status: 200, body: 'line\n' }) },
        {
          resource: 'pods',
          subresource: 'eviction',
          methods: ['POST'],
          kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
          handle: ({ body }) => ({ status: 201, body }),
        },
        {
          resource: 'version.subresources.kubevirt.io',
          subresource: '',
          namespaced: false,
          methods: ['GET'],
          handle: () => ({ status: 200, body: { gitVersion: 'v1.6.6' } }),
        },
        {
          resource: 'virtualmachines.subresources.kubevirt.io',
          subresource: 'evacuate/cancel',
          methods: ['PUT'],
          untyped: true,
          handle: () => ({ status: 202 }),
        },
      ],
      virtual: [
        {
          resource: 'nodes.metrics.k8s.io',
          version: 'v1beta1',
          kind: 'NodeMetrics',
          singular: 'nodemetrics',
          namespaced: false,
          list: () =>
            ['n1', 'n2'].map((name) => ({
              apiVersion: 'metrics.k8s.io/v1beta1',
              kind: 'NodeMetrics',
              metadata: { name, labels: { name } },
              usage: { cpu: '1' },
            })),
        },
      ],
    });
  });
  afterAll(() => at.close());

  test.each([
    ['/api/v1/nodes/n1/proxy/stats/summary?a=b', { name: 'n1', rest: 'stats/summary', query: [['a', 'b']] }],
    ['/api/v1/namespaces/x/pods/https:handler:8443/proxy/metrics', { name: 'handler', port: '8443', rest: 'metrics' }],
    ['/api/v1/namespaces/x/pods/handler/proxy', { name: 'handler', rest: '' }],
    ['/api/v1/namespaces/x/pods/handler:8080/proxy/', { name: 'handler', port: '8080', rest: '' }],
    ['/apis/subresources.kubevirt.io/v1/version', { gitVersion: 'v1.6.6' }],
  ])('GET %s reaches its handler', async (path, wanted) => {
    const { status, body } = await at.send('GET', path);
    expect(status).toBe(200);
    expect(body).toEqual(wanted);
  });

  test('text is sent as text', async () => {
    const { headers, text } = await at.send('GET', '/api/v1/namespaces/x/pods/p/log?tailLines=1');
    expect(headers['content-type']).toBe('text/plain');
    expect(text).toBe('line\n');
  });

  test('a route without a media type wants clients that take anything, and may answer nothing', async () => {
    const path = '/apis/subresources.kubevirt.io/v1/namespaces/x/virtualmachines/v/evacuate/cancel';
    expect((await at.send('PUT', path, { body: {} })).status).toBe(406);
    // ... nor do they look at what the body is called: it is JSON.
    const form = { body: '{}', contentType: 'application/x-www-form-urlencoded', headers: { accept: '*/*' } };
    expect((await at.send('PUT', path, form)).status).toBe(202);
    const answer = await at.send('PUT', path, { body: {}, headers: { accept: 'application/json, */*' } });
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect((await at.send('GET', path)).status).toBe(405);
  });

  test('a subresource is in discovery, aggregated and not', async () => {
    const legacy = await at.send('GET', '/apis/subresources.kubevirt.io/v1');
    expect((legacy.body as unknown as { resources: { name: string }[] }).resources.map(({ name }) => name)).toEqual([
      'version',
      'virtualmachines/evacuate/cancel',
    ]);
    const core = await at.send('GET', '/api/v1');
    expect((core.body as unknown as { resources: object[] }).resources).toContainEqual(
      expect.objectContaining({ name: 'pods/eviction', group: 'policy', version: 'v1', kind: 'Eviction' }),
    );
  });

  test('virtual resources can be listed, selected and got, and nothing else', async () => {
    const path = '/apis/metrics.k8s.io/v1beta1/nodes';
    expect((await at.send('GET', path)).body).toMatchObject({
      kind: 'NodeMetricsList',
      items: [{ usage: { cpu: '1' } }, {}],
    });
    expect((await at.send('GET', `${path}?labelSelector=name%3Dn2`)).body.items).toHaveLength(1);
    expect((await at.send('GET', `${path}/n2`)).body).toMatchObject({ metadata: { name: 'n2' } });
    expect((await at.send('GET', `${path}/n3`)).status).toBe(404);
    expect((await at.send('DELETE', `${path}/n2`)).status).toBe(405);
  });

  test('an error in a handler is a 500, and the server lives on', async () => {
    const { status, body } = await at.send('POST', '/api/v1/namespaces/x/pods/boom/eviction', {
      body: { metadata: {} },
    });
    expect(status).toBe(500);
    expect(body).toMatchObject({ reason: 'InternalError', message: 'Internal error occurred: broken webhook' });
    expect(at.faults).toHaveLength(1);
    expect((await at.send('GET', '/livez')).text).toBe('ok');
  });

  test.each([
    ['GET', '/nosuch'],
    ['GET', '/apis/nosuch.io/v1/things'],
    ['GET', '/apis/apps/v2'],
    ['GET', '/openapi/v1'],
    ['GET', '/api/v1/namespaces/x/pods/p/nosuch'],
    ['GET', '/api/v1/%E0%A4%A'],
  ])('%s %s is refused in good order', async (method, path) => {
    const { status, body } = await at.send(method, path);
    expect([400, 404]).toContain(status);
    expect(body.kind).toBe('Status');
  });
});

describe('the life of a server', () => {
  let at: TestServer;
  let folder: string;
  beforeEach(async () => {
    at = await startTestServer();
    folder = await mkdtemp(join(tmpdir(), 'ferry-api-'));
  });
  afterEach(async () => {
    await at.close();
    await rm(folder, { recursive: true });
  });

  test('another one over the same store continues where it was, on the same port', async () => {
    const { body } = await at.send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'x' } } });
    const watching = await at.watch('/api/v1/namespaces?watch=1&resourceVersion=0');
    const port = Number(new URL(at.server.url).port);
    await at.server.close();
    const line = async (): Promise<unknown> => {
      for (;;) if ((await watching.next()) === undefined) return 'ended';
    };
    expect(await line()).toBe('ended');
    const { store, clock, certificates } = at;
    const again = new ApiServer({
      store,
      clock,
      certificates,
      tokens: new TokenBook(clock, { admin: { name: 'admin', groups: ['system:masters'] } }),
    });
    expect(await again.listen(port)).toBe(port);
    expect((await at.send('GET', '/api/v1/namespaces/x')).body).toEqual(body);
    await again.close();
  });

  test('a port that is taken is said so', async () => {
    const port = Number(new URL(at.server.url).port);
    const { store, clock, certificates } = at;
    const second = new ApiServer({ store, clock, certificates, tokens: new TokenBook(clock) });
    await expect(second.listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.close();
  });

  test('its kubeconfig is readable by its owner only, even where an open file was', async () => {
    const path = join(folder, 'deep', 'config');
    const options = {
      server: at.server.url,
      ca: at.certificates.ca,
      users: [
        { name: 'admin', token: 't', context: 'lab' },
        { name: 'bob', token: 'b' },
      ],
      name: 'lab',
      namespace: 'vms',
    };
    await writeKubeconfig(path, options);
    await writeFile(path, '', { mode: 0o644 });
    await writeKubeconfig(path, options);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(parse(await readFile(path, 'utf8'))).toMatchObject({
      'current-context': 'lab',
      contexts: [
        { name: 'lab', context: { cluster: 'lab', user: 'lab-admin', namespace: 'vms' } },
        { name: 'lab-bob' },
      ],
      users: [{ name: 'lab-admin', user: { token: 't' } }, {}],
    });
  });

  test('system namespaces and the custom kinds are there from the start', async () => {
    const crd = await at.send(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/virtualmachineinstancemigrations.kubevirt.io',
    );
    expect(crd.body).toMatchObject({
      spec: {
        versions: [
          {
            name: 'v1',
            schema: { openAPIV3Schema: { properties: { spec: { properties: { addedNodeSelector: {} } } } } },
          },
          {},
        ],
      },
    });
    expect((await at.send('GET', '/api/v1/namespaces')).body.items.map(({ metadata }) => metadata.name)).toContain(
      'default',
    );
  });
});
