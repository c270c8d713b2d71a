import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import type { Webhook } from './extension.ts';
import { startTestServer, type TestServer } from './testing.ts';

// Requests that were sent to a real API server, sent to this one: status, content type and body must be the same but
// for times, UIDs, versions and digests. What KubeVirt's webhooks do is the controllers' part; one of them stands in.

const FOLDER = new URL('../../../test/fixtures/wire/', import.meta.url);

interface Recording {
  request: { method: string; path: string; headers?: Record<string, string>; contentType?: string; body?: unknown };
  response: { status: number; contentType: string; retryAfter?: string; body?: unknown; lines?: unknown[] };
}

const recorded = (name: string): Recording =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Recording;

/** What KubeVirt's mutating webhook adds to every migration (recordings, "VMIM"). */
const migrationMutator: Webhook = {
  name: 'migrations-mutator.kubevirt.io',
  resource: 'virtualmachineinstancemigrations.kubevirt.io',
  operations: ['CREATE'],
  mutate: ({ object }) => {
    const { vmiName } = (object as KubeObject & { spec: { vmiName: string } }).spec;
    const labels = { ...object.metadata.labels, 'kubevirt.io/vmi-name': vmiName };
    return { ...object, metadata: { ...object.metadata, labels, finalizers: ['kubevirt.io/migrationJobFinalize'] } };
  },
};

let at: TestServer;

beforeAll(async () => {
  at = await startTestServer({
    webhooks: [migrationMutator],
    subresources: [
      {
        resource: 'virtualmachines.subresources.kubevirt.io',
        subresource: 'migrate',
        methods: ['PUT'],
        untyped: true,
        handle: () => ({ status: 202 }),
      },
    ],
  });
  for (const name of ['vms', 'openshift-cnv']) {
    await at.send('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  }
  const spec = { domain: { devices: {} } };
  at.put('virtualmachineinstances.kubevirt.io', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'prod1', namespace: 'vms', annotations: { 'example.com/a': '1' } },
    spec,
  } as KubeObject);
  await at.send('POST', '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds', {
    body: {
      apiVersion: 'hco.kubevirt.io/v1beta1',
      kind: 'HyperConverged',
      metadata: { name: 'kubevirt-hyperconverged' },
    },
  });
  await at.send('POST', '/apis/kubevirt.io/v1/namespaces/openshift-cnv/kubevirts', {
    body: {
      apiVersion: 'kubevirt.io/v1',
      kind: 'KubeVirt',
      metadata: { name: 'kubevirt-kubevirt-hyperconverged' },
      spec: { configuration: { migrations: { parallelMigrationsPerCluster: 5 } } },
    },
  });
  await at.send('POST', '/apis/k8s.cni.cncf.io/v1/namespaces/openshift-cnv/network-attachment-definitions', {
    body: {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'migration-net' },
    },
  });
  at.put('virtualmachineinstancemigrations.kubevirt.io', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: {
      name: 'fail-1',
      namespace: 'vms',
      labels: { 'kubevirt.io/vmi-name': 'web04' },
      annotations: {
        'kubevirt.io/latest-observed-api-version': 'v1',
        'kubevirt.io/storage-observed-api-version': 'v1',
      },
    },
    spec: { vmiName: 'web04' },
    status: { phase: 'Failed' },
  } as KubeObject);
  // Versions before this one are compacted away, so that "too old" is too old.
  at.store.compact();
});

afterAll(() => at.close());

/** Values that differ from run to run, by what they are. */
function normal(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, normal(item, name)]));
  }
  if (key === 'uid' || key === 'resourceVersion' || /[tT]ime(stamp)?$/.test(key)) return `<${key}>`;
  if (typeof value !== 'string') return value;
  return value.replace(/current: \d+/, 'current: <rv>').replace(/(too old resource version: \d+) \(\d+\)/, '$1 (<rv>)');
}

const TOKENS: Record<string, string> = {
  'reject-bad-token': 'wrong',
  'reject-rbac-nobody': 'mallory',
  'subresource-migrate-viewer': 'bob',
};

const send = async (name: string, { request }: Recording): ReturnType<TestServer['send']> =>
  at.send(request.method, request.path, {
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(request.contentType === undefined ? {} : { contentType: request.contentType }),
    ...(request.headers === undefined ? {} : { headers: request.headers }),
    token: TOKENS[name] ?? 'admin',
  });

/** Those whose body has to be compared in another way, or which build on each other. */
const SPECIAL = new Set(['whoami', 'ssar', 'list-table', 'watch-rv-old', 'watch-bad-rv']);
const SEQUENCE = ['ssa-create', 'ssa-noop', 'ssa-conflict', 'ssa-force', 'ssa-dryrun', 'ssa-no-manager'];

const all = readdirSync(FOLDER).map((file) => file.replace('.json', ''));
const plain = all.filter((name) => !SPECIAL.has(name) && !SEQUENCE.includes(name));

describe('answers are those of the recorded server', () => {
  test.each([...plain, ...SEQUENCE])('%s', async (name) => {
    const recording = recorded(name);
    const answer = await send(name, recording);
    const { status, contentType, retryAfter, body } = recording.response;
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe(contentType);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(normal(contentType.startsWith('text') ? answer.text : answer.body)).toEqual(normal(body));
    expect(at.faults).toEqual([]);
  });

  test('every answer carries the headers that clients and proxies look at', async () => {
    const { headers } = await send('get-404', recorded('get-404'));
    expect(headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['cache-control']).toBe('no-cache, private');
    expect(headers['x-kubernetes-pf-flowschema-uid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the date is the clock of the lab', async () => {
    at.clock.advanceTo(Date.parse('2031-01-02T03:04:05Z'));
    const { headers } = await at.send('GET', '/version');
    expect(headers.date).toBe('Thu, 02 Jan 2031 03:04:05 GMT');
  });

  test('a table has the recorded columns, and rows with cells and metadata', async () => {
    const recording = recorded('list-table');
    const { body } = await send('list-table', recording);
    const wanted = recording.response.body as {
      columnDefinitions: unknown;
      rows: { cells: unknown[]; object: object }[];
    };
    const table = body as unknown as typeof wanted & { kind: string; apiVersion: string };
    expect(table.kind).toBe('Table');
    expect(table.apiVersion).toBe('meta.k8s.io/v1');
    expect(table.columnDefinitions).toEqual(wanted.columnDefinitions);
    expect(table.rows[0]?.cells).toEqual(wanted.rows[0]?.cells);
    expect(normal(table.rows[0]?.object)).toEqual(normal(wanted.rows[0]?.object));
  });

  test('a self-review says who asks; the credential is not told', async () => {
    const recording = recorded('whoami');
    const answer = await send('whoami', recording);
    const wanted = recording.response.body as { status: { userInfo: { extra?: unknown } } };
    delete wanted.status.userInfo.extra;
    expect(answer.status).toBe(recording.response.status);
    expect(normal(answer.body)).toEqual(normal(wanted));
  });

  test('an access review echoes the question and answers it; who asked is not recorded in it', async () => {
    const recording = recorded('ssar');
    const answer = await send('ssar', recording);
    const wanted = recording.response.body as { metadata: object };
    wanted.metadata = {};
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual(wanted);
  });

  test('a watch from a version that is compacted is told so in the stream, which then ends', async () => {
    const recording = recorded('watch-rv-old');
    const watching = await at.watch(recording.request.path);
    expect(watching.status).toBe(200);
    expect(normal(await watching.next())).toEqual(normal(recording.response.lines?.[0]));
    expect(await watching.next()).toBeUndefined();
  });

  test('a watch from nonsense is refused', async () => {
    const recording = recorded('watch-bad-rv');
    const answer = await at.send('GET', recording.request.path);
    expect(answer.status).toBe(recording.response.status);
    expect(answer.body).toEqual(recording.response.lines?.[0]);
  });
});
