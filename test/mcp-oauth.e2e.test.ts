import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { asked, ferryHttp } from './mcp-ferry.ts';
import { type Issuer, startIssuer } from './mcp-issuer.ts';

// Tokens that an OAuth issuer gave out: which are taken, what is said to who has none, and where they never go.

let lab: Lab;
let folder: string;
let kubeconfig: string;
let issuer: Issuer;
let impostor: Issuer;
let server: Awaited<ReturnType<typeof ferryHttp>>;
const audit: string[] = [];

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 'stopped', seed: 'mcp-oauth' });
  folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-oauth-'));
  kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
  issuer = await startIssuer({ path: '/realms/ops' });
  impostor = await startIssuer({ says: 'https://other.example' });
  server = await ferryHttp(kubeconfig, (chunk) => void audit.push(String(chunk)), { oauth: { issuer: issuer.url } });
});

afterAll(async () => {
  await server.stop();
  await issuer.stop();
  await impostor.stop();
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  vi.useRealTimers();
});

const now = (): number => Math.floor(Date.now() / 1000);
const good = () => ({ sub: 'alice', aud: server.url, scope: 'ferry:read', client_id: 'agent' });

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '0' } },
});

async function post(token: string | undefined, headers: Record<string, string> = {}, body = initialize) {
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body,
  });
  const challenge = answer.headers.get('www-authenticate') ?? '';
  return { status: answer.status, challenge, text: await answer.text(), session: answer.headers.get('mcp-session-id') };
}

test('who has no token is told where the metadata is, and the metadata who gives them out', async () => {
  const { status, challenge } = await post(undefined);
  expect(status).toBe(401);
  const place = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
  expect(place).toBe(server.url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp'));
  const told = await fetch(place);
  expect(await told.json()).toEqual({
    resource: server.url,
    authorization_servers: [issuer.url],
    scopes_supported: ['ferry:read', 'ferry:write'],
    bearer_methods_supported: ['header'],
    resource_name: 'Ferry',
  });
  expect([...told.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  expect((await fetch(place.replace('/mcp', ''))).status).toBe(200);
  expect((await fetch(place, { method: 'POST' })).status).toBe(405);
  expect((await fetch(place, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
});

describe('taken', () => {
  test.each<[string, () => object]>([
    ['a token for this server', () => ({})],
    ['a token for several, of which this is one', () => ({ aud: ['https://other.example', server.url] })],
    ['scopes as a list called scp', () => ({ scope: undefined, scp: ['ferry:read'] })],
    ['a scope among others', () => ({ scope: 'openid ferry:read profile' })],
  ])('%s', async (_, claims) => {
    expect((await post(await issuer.sign({ ...good(), ...claims() }))).status).toBe(200);
  });
});

describe('refused', () => {
  test.each<[string, () => Promise<string>, number, string]>([
    [
      'for another audience',
      () => issuer.sign({ ...good(), aud: 'https://other.example/mcp' }),
      401,
      'for another audience',
    ],
    ['for no audience', () => issuer.sign({ ...good(), aud: undefined }), 401, 'for another audience'],
    [
      'for an address that only begins like ours',
      () => issuer.sign({ ...good(), aud: `${server.url}/x` }),
      401,
      'audience',
    ],
    ['expired', () => issuer.sign({ ...good(), exp: now() - 10 }), 401, 'has expired'],
    ['that never expires', () => issuer.sign({ ...good(), exp: undefined }), 401, 'lacks a claim'],
    ['not valid yet', () => issuer.sign({ ...good(), nbf: now() + 100 }), 401, 'not valid yet'],
    ['of nobody', () => issuer.sign({ ...good(), sub: undefined }), 401, 'lacks a claim'],
    ['of another issuer', () => issuer.sign({ ...good(), iss: 'https://other.example' }), 401, 'from another issuer'],
    ['without the scope', () => issuer.sign({ ...good(), scope: 'openid' }), 403, 'insufficient_scope'],
    ['with a scope that only begins like it', () => issuer.sign({ ...good(), scope: 'ferry:reader' }), 403, 'scope'],
    ['without any scope', () => issuer.sign({ ...good(), scope: undefined }), 403, 'insufficient_scope'],
    [
      'signed with the key of somebody else under the name of the right one',
      async () => {
        const other = await startIssuer();
        await other.stop();
        return await other.sign({ ...good(), iss: issuer.url });
      },
      401,
      'not signed by the issuer',
    ],
    [
      'not signed at all',
      () => Promise.resolve(new UnsecuredJWT({ ...good(), iss: issuer.url }).setExpirationTime('5m').encode()),
      401,
      'not',
    ],
    [
      'signed with a shared secret, for which it takes the public key',
      async () => {
        const { publicKey } = await generateKeyPair('ES256', { extractable: true });
        const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
        const token = new SignJWT({ ...good(), iss: issuer.url }).setProtectedHeader({ alg: 'HS256', kid: 'key-0' });
        return await token.setExpirationTime('5m').sign(secret);
      },
      401,
      'in a way that is not accepted',
    ],
    ['that is no JWT', () => Promise.resolve('no-token-at-all'), 401, 'not a JWT'],
  ])('a token %s', async (_, make, status, why) => {
    const answer = await post(await make());
    expect([answer.status, answer.challenge]).toEqual([status, expect.stringContaining(why)]);
    expect(answer.challenge).toContain('resource_metadata=');
    expect(answer.text).not.toContain('serverInfo');
  });

  test('a token whose signature was changed', async () => {
    const [head, , signature] = (await issuer.sign(good())).split('.');
    const claims = Buffer.from(JSON.stringify({ ...good(), iss: issuer.url, sub: 'root', exp: now() + 99 }));
    expect((await post(`${head}.${claims.toString('base64url')}.${signature}`)).status).toBe(401);
  });
});

test.each(['auto', 'legacy'] as const)(
  'a client (%s) calls with its token; the audit says who that was',
  async (mode) => {
    const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode } });
    const headers = { authorization: `Bearer ${await issuer.sign({ ...good(), sub: `alice-${mode}` })}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } }));
    const { isError } = await asked(client)('nodes_top', {});
    await client.close();
    expect(isError).toBe(false);
    const line = JSON.parse(
      audit
        .join('')
        .split('\n')
        .find((each) => each.includes(`alice-${mode}`)) ?? '{}',
    );
    expect(line).toMatchObject({ client: 'agent/1', subject: `${issuer.url}#alice-${mode}`, tool: 'nodes_top' });
  },
);

test("nobody uses another's session, however good the own token is", async () => {
  const { session } = await post(await issuer.sign(good()));
  const id = { 'mcp-session-id': session ?? '' };
  const list = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} });
  expect((await post(await issuer.sign({ ...good(), sub: 'mallory' }), id, list)).status).toBe(404);
  // The same user with a fresh token, after the old one expired: still the same session.
  expect((await post(await issuer.sign({ ...good(), jti: 'next' }), id, list)).status).toBe(200);
  expect((await post(undefined, id, list)).status).toBe(401);
});

test('a new key of the issuer is found, the old one is no longer taken, and unknown ones cause no flood', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const before = await issuer.sign(good());
  expect((await post(before)).status).toBe(200);
  await issuer.rotate();
  const after = await issuer.sign(good());
  issuer.asked.length = 0;
  vi.setSystemTime(Date.now() + 31_000);
  expect((await post(after)).status).toBe(200);
  expect((await post(before)).status).toBe(401);
  for (let count = 0; count < 20; count++)
    expect((await post(await issuer.sign(good(), { kid: `x${count}` }))).status).toBe(401);
  expect(issuer.asked).toEqual(['/realms/ops/keys']);
});

test.each(['auto', 'legacy'] as const)('the token of a caller (%s) never reaches the cluster', async (mode) => {
  const cluster = await recorded(lab.kubeconfig);
  const file = join(folder, `recorded-${mode}`);
  writeFileSync(file, cluster.kubeconfig, { mode: 0o600 });
  const other = await ferryHttp(file, () => undefined, { oauth: { issuer: issuer.url } });
  const token = await issuer.sign({ ...good(), aud: other.url });
  const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode } });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(other.url), { requestInit: { headers } }));
  for (const [name, args] of [
    ['cluster_check', {}],
    ['resources_list', { apiVersion: 'v1', kind: 'Node' }],
  ] as const) {
    expect((await asked(client)(name, args)).isError).toBe(false);
  }
  await client.close();
  await other.stop();
  await cluster.stop();
  expect(cluster.requests.length).toBeGreaterThan(5);
  const own = /token: (\S+)/.exec(lab.kubeconfig)?.[1] ?? 'none';
  // The cluster saw the kubeconfig's user in every request, and nothing of who asked.
  expect(cluster.requests.filter((request) => !request.includes(own))).toEqual([]);
  const parts = [token, ...token.split('.'), 'alice', issuer.url];
  expect(cluster.requests.filter((request) => parts.some((part) => request.includes(part)))).toEqual([]);
});

describe.each(['2025-11-25', '2026-07-28'])('a tool that changes something (protocol %s)', (version) => {
  const call = (name: string) => ({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: {
      name,
      arguments: { name: 'ledger-app', namespace: 'finance' },
      ...(version === '2026-07-28' && {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': version,
          'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '0' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      }),
    },
  });

  async function ask(scope: string, name: string) {
    const options = { oauth: { issuer: issuer.url, audience: 'ferry' }, allowWrites: true };
    const other = await ferryHttp(kubeconfig, () => undefined, options);
    const token = await issuer.sign({ ...good(), aud: 'ferry', scope });
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    if (version === '2025-11-25') {
      const opened = await fetch(other.url, { method: 'POST', headers, body: initialize });
      await opened.text();
      headers['mcp-session-id'] = opened.headers.get('mcp-session-id') ?? '';
    } else {
      Object.assign(headers, { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': name });
    }
    const answer = await fetch(other.url, { method: 'POST', headers, body: JSON.stringify(call(name)) });
    const told = {
      status: answer.status,
      challenge: answer.headers.get('www-authenticate'),
      text: await answer.text(),
    };
    await other.stop();
    return told;
  }

  test('asks a token without ferry:write for that scope, and does nothing', async () => {
    const { status, challenge, text } = await ask('ferry:read', 'vm_migration_move');
    expect(status).toBe(403);
    expect(challenge).toMatch(/insufficient_scope.*scope="ferry:read ferry:write".*resource_metadata=/);
    expect(text).not.toContain('hash');
  });

  test('proposes with it', async () => {
    const { status, text } = await ask('ferry:read ferry:write', 'vm_migration_move');
    expect([status, text]).toEqual([200, expect.stringContaining('hash')]);
  });

  test('is not needed to read', async () => {
    const { status, text } = await ask('ferry:read', 'vm_migration_check');
    expect([status, text]).toEqual([200, expect.stringContaining('verdict')]);
  });
});

test("nobody applies another's proposal, however good the own token is", async () => {
  const options = { oauth: { issuer: issuer.url, audience: 'ferry' }, allowWrites: true };
  const other = await ferryHttp(kubeconfig, () => undefined, options);
  const as = async (sub: string) => {
    const token = await issuer.sign({ ...good(), sub, aud: 'ferry', scope: 'ferry:read ferry:write' });
    const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const headers = { authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(other.url), { requestInit: { headers } }));
    return { client, call: asked(client) };
  };
  const [alice, mallory] = [await as('alice'), await as('mallory')];
  const made = await alice.call('vm_migration_move', { name: 'ledger-app', namespace: 'finance' });
  const { id, hash } = made.structured.proposal ?? made.structured;
  expect([typeof id, typeof hash]).toEqual(['string', 'string']);
  const applied = await mallory.call('apply_proposal', { id, hash });
  expect([applied.isError, applied.text]).toEqual([true, expect.stringContaining('FERRY_E_NOT_FOUND')]);
  await Promise.all([alice.client.close(), mallory.client.close()]);
  await other.stop();
});

describe('an issuer that is not to be trusted', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['speaks for another', () => Promise.resolve(impostor.url), 'speaks for another issuer'],
    ['does not answer', () => Promise.resolve('http://127.0.0.1:1'), 'does not tell its metadata'],
    ['is reached without TLS', () => Promise.resolve('http://sso.example.com'), 'is no https address'],
    ['is no address', () => Promise.resolve('sso'), 'is no https address'],
  ])('that %s: the server does not start', async (_, make, message) => {
    await expect(ferryHttp(kubeconfig, () => undefined, { oauth: { issuer: await make() } })).rejects.toThrow(message);
  });
});

test('an issuer whose keys can not be read is our trouble, not that of the token', async () => {
  const away = await startIssuer();
  const other = await ferryHttp(kubeconfig, () => undefined, { oauth: { issuer: away.url } });
  away.break();
  const token = await away.sign({ ...good(), aud: other.url });
  const answer = await fetch(other.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: initialize,
  });
  expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('keys of the issuer')]);
  await other.stop();
  await away.stop();
});

test('the audience can be another than the address, and the own token may be taken besides', async () => {
  const options = { oauth: { issuer: issuer.url, audience: 'api://ferry' }, token: 'own-token-own-token' };
  const other = await ferryHttp(kubeconfig, () => undefined, options);
  const status = async (token: string): Promise<number> => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    return (await fetch(other.url, { method: 'POST', headers, body: initialize })).status;
  };
  expect(await status(await issuer.sign({ ...good(), aud: 'api://ferry' }))).toBe(200);
  expect(await status(await issuer.sign(good()))).toBe(401);
  expect(await status(await issuer.sign({ ...good(), aud: other.url }))).toBe(401);
  expect(await status('own-token-own-token')).toBe(200);
  await other.stop();
});

/** The lab behind a server that writes down all it is asked. */
async function recorded(text: string) {
  const target = /server: (\S+)/.exec(text)?.[1] ?? '';
  const requests: string[] = [];
  const front = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      requests.push([method, url, ...incoming.rawHeaders, body].join('\n'));
      const onward = request(`${target}${url}`, { method, headers, rejectUnauthorized: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      onward.end(body, 'latin1');
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const kubeconfig = text
    .replaceAll(/certificate-authority-data: \S+/g, 'insecure-skip-tls-verify: true')
    .replaceAll(target, address);
  const stop = async (): Promise<void> => {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  };
  return { requests, kubeconfig, stop };
}
