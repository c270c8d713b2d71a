import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../src/kube/connect.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { call } from '../src/mcp/call.ts';
import { testCaller, testService } from '../src/mcp/testing/service.ts';
import { tools } from '../src/mcp/tools/index.ts';
import { asked, ferryHttp } from './mcp-ferry.ts';

// What stands between a caller and the tools over HTTP.

let lab: Lab;
let folder: string;
let server: Awaited<ReturnType<typeof ferryHttp>>;

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 'stopped', seed: 'mcp-http' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-http-'));
  writeFileSync(join(folder, 'kubeconfig'), lab.kubeconfig, { mode: 0o600 });
  server = await ferryHttp(join(folder, 'kubeconfig'));
});

afterAll(async () => {
  await server.stop();
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ping = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '0' } },
});

/** A request with any header, `host` included, which fetch does not allow. */
function post(
  headers: Record<string, string>,
  { body = ping, path = '/mcp', method = 'POST' } = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const { hostname, port } = new URL(server.url);
  const all = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: all }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${server.token}` });

test('with the token, from this machine, it answers', async () => {
  const { status, text } = await post(bearer());
  expect([status, text]).toEqual([200, expect.stringContaining('"serverInfo"')]);
});

describe('it refuses', () => {
  test.each<[string, () => Record<string, string>, number]>([
    ['a call without a token', () => ({}), 401],
    ['a wrong token', () => ({ authorization: 'Bearer wrong' }), 401],
    ['another scheme', () => ({ authorization: `Basic ${server.token}` }), 401],
    [
      'the name of another host, which a web page gives by rebinding',
      () => ({ ...bearer(), host: 'evil.example:80' }),
      403,
    ],
    ['the origin of a web page', () => ({ ...bearer(), origin: 'https://evil.example' }), 403],
    ['an origin that only begins like ours', () => ({ ...bearer(), origin: 'http://localhost.evil.example' }), 403],
  ])('%s', async (_, headers, status) => {
    const answer = await post(headers());
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('serverInfo');
    if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('another path, also with the token', async () => {
    expect((await post(bearer(), { path: '/' })).status).toBe(404);
  });

  test('a body that is too large', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: { x: 'x'.repeat(400_000) } });
    expect((await post(bearer(), { body })).status).toBe(413);
  });

  test('what is no JSON', async () => {
    expect((await post(bearer(), { body: '{' })).status).toBe(400);
  });

  test('the token in the address', async () => {
    expect((await post({}, { path: `/mcp?access_token=${server.token}` })).status).toBe(401);
  });
});

test('two clients at once each get their own answers', async () => {
  const clients = await Promise.all(
    (['auto', 'legacy'] as const).map(async (mode) => {
      const client = new Client({ name: mode, version: '0' }, { versionNegotiation: { mode } });
      await client.connect(
        new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: bearer() } }),
      );
      return client;
    }),
  );
  const nodes = ['worker-0', 'worker-1', 'worker-2', 'worker-3'];
  const answers = await Promise.all(
    clients.flatMap((client) => nodes.map((name) => asked(client)('nodes_top', { name }))),
  );
  expect(answers.map(({ structured }) => structured.nodes[0].name)).toEqual([...nodes, ...nodes]);
  await Promise.all(clients.map((client) => client.close()));
});

test.each<[string, Record<string, unknown>, string]>([
  ['vm_migration_check', { namespace: 'finance' }, 'virtualmachines'],
  ['vm_migration_status', {}, 'virtualmachineinstancemigrations'],
  ['cluster_check', {}, 'virtualmachines'],
  ['vm_migration_move', { name: 'ledger-app' }, 'virtualmachineinstancemigrations'],
  ['pods_list', {}, 'pods'],
  ['resources_get', { apiVersion: 'v1', kind: 'Node', name: 'worker-0' }, 'nodes'],
  ['pods_log', { name: 'x', namespace: 'finance' }, 'pods'],
])('%s for a user who may not: the rule that is missing is told', async (name, args, resource) => {
  const client = await connect({ kubeconfig: join(folder, 'kubeconfig'), as: 'nobody' });
  const tool = tools.find((each) => each.name === name)!;
  const result = await call(
    tool,
    args,
    testService(() => Promise.resolve(client)),
    testCaller(),
  );
  const { isError, content } = result as CallToolResult;
  expect(isError).toBe(true);
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
  expect(text).toContain('FERRY_E_FORBIDDEN');
  expect(text).toContain(`resources: ["${resource}"]`);
  client.close();
});

test('a flood is slowed down', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(bearer())));
  const statuses = new Set(answers.map(({ status }) => status));
  expect(statuses).toEqual(new Set([200, 429]));
});
