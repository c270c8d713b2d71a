import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConnectOptions, connect } from './connect.ts';
import { ConfigError, isUnauthorized } from './errors.ts';
import { makeAuthority } from './testing/certificates.ts';
import { cleanUp, failed, later } from './testing/fixture.ts';
import { FakeServer, type FakeServerOptions, things } from './testing/server.ts';
import { quickTiming } from './testing/timing.ts';

afterEach(cleanUp);

const authority = await makeAuthority();
const certificate = await authority.issue('CN=api');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let home: string;
let env: Record<string, string>;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ferry-kube-'));
  env = {};
  later(() => rmSync(home, { recursive: true }));
});

const file = (name: string, content: string | object): string => {
  const path = join(home, name);
  // JSON is YAML.
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const open = async (options: ConnectOptions = {}) => {
  const client = await connect(options, quickTiming(), { env, home, serviceAccount: home });
  later(() => client.close());
  return client;
};
const start = async (options: FakeServerOptions = {}) => {
  const server = await FakeServer.start({ certificate, ...options });
  later(() => server.kill());
  return server;
};

interface Parts {
  name?: string;
  server?: string;
  cluster?: object;
  user?: object;
  context?: object;
}

function config({ name = 'c', server = 'https://127.0.0.1:1', cluster = {}, user = {}, context = {} }: Parts): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(authority.ca), ...cluster } }],
    users: [{ name: `${name}-user`, user }],
    contexts: [{ name, context: { cluster: name, user: `${name}-user`, ...context } }],
    'current-context': name,
  };
}

describe('finding the kubeconfig', () => {
  test('without any, and outside of a cluster, it says so and tries no address', async () => {
    const error = await failed(open());
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      problem: 'no-kubeconfig',
      message: expect.stringContaining('no kubeconfig') as string,
    });
  });

  test('of several files the first entry of a name counts, and files that are missing do not', async () => {
    const one = file('one', config({ name: 'a', server: 'https://one' }));
    const two = file('two', {
      ...config({ name: 'b', server: 'https://two', context: { namespace: 'vms' } }),
      clusters: [
        { name: 'a', cluster: { server: 'https://not-me' } },
        { name: 'b', cluster: { server: 'https://two' } },
      ],
    });
    env['KUBECONFIG'] = [join(home, 'missing'), one, two].join(':');
    expect(await open()).toMatchObject({ server: 'https://one', context: 'a', namespace: 'default' });
    expect(await open({ context: 'b' })).toMatchObject({ server: 'https://two', context: 'b', namespace: 'vms' });
    expect(await open({ context: 'b', namespace: 'other' })).toMatchObject({ namespace: 'other' });
  });

  test('an entry that is not used may be broken', async () => {
    const good = config({ name: 'a', server: 'https://one' }) as { users: object[] };
    const path = file('config', { ...good, users: [...good.users, { name: 'broken', user: null }] });
    expect(await open({ kubeconfig: path })).toMatchObject({ server: 'https://one' });
  });

  const valid = config({});
  test.each<[string, string | object, ConnectOptions, string, RegExp]>([
    ['text that is not YAML', 'a: [b\nsecret: "sesame', {}, 'malformed', /line \d+ is not YAML$/],
    ['a list', '[]', {}, 'malformed', /not a mapping/],
    ['clusters that are no list', { clusters: 3 }, {}, 'malformed', /clusters is not a list/],
    ['a user without a name', { users: [{}] }, {}, 'malformed', /users\[0\] has no name/],
    ['a cluster without a server', config({ server: '' }), {}, 'malformed', /server is missing/],
    ['a server that is no address', config({ server: 'example.org' }), {}, 'malformed', /not an http/],
    ['nothing', '', {}, 'no-context', /no current context/],
    ['no current context', { ...valid, 'current-context': '' }, {}, 'no-context', /its contexts: c/],
    ['another context', valid, { context: 'x' }, 'unknown-context', /no context "x".*its contexts: c/],
    ['a context without its cluster', { ...valid, clusters: [] }, {}, 'missing-cluster', /names cluster "c"/],
    ['a context without its user', { ...valid, users: [] }, {}, 'missing-user', /names user "c-user"/],
    ['a group without a user', valid, { asGroup: ['g'] }, 'malformed', /group can be impersonated only/],
  ])('%s in it is told in one sentence', async (_, content, options, problem, message) => {
    const error = await failed(open({ kubeconfig: file('config', content), ...options }));
    expect(error).toMatchObject({ kind: 'config', problem, message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain('sesame');
  });

  test.each(['--kubeconfig', 'KUBECONFIG'])('%s with a file that is not there is told', async (how) => {
    const missing = join(home, 'missing');
    if (how === 'KUBECONFIG') env['KUBECONFIG'] = missing;
    const error = await failed(open(how === 'KUBECONFIG' ? {} : { kubeconfig: missing }));
    expect(error).toMatchObject({ problem: 'no-kubeconfig', message: expect.stringContaining(missing) as string });
  });
});

describe('credentials', () => {
  const list = async (parts: Parts, options: ConnectOptions = {}) =>
    (await open({ kubeconfig: file('config', config(parts)), ...options })).list(things);

  test('a token, a token file beside the kubeconfig, and a user with password', async () => {
    const server = await start();
    file('token', 'from-file\n');
    await list({ server: server.url, user: { token: 'in-line' } });
    await list({ server: server.url, user: { token: 'loses', tokenFile: 'token' } });
    await list({ server: server.url, user: { username: 'me', password: 'open' } });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer in-line',
      'Bearer from-file',
      `Basic ${base64('me:open')}`,
    ]);
  });

  test('a client certificate, as data and as files beside the kubeconfig', async () => {
    const server = await start({ clientCa: authority.ca });
    const { cert, key } = await authority.issue('CN=anna');
    file('cert.pem', cert);
    file('key.pem', key);
    await list({ server: server.url, user: { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' } });
    await list({
      server: server.url,
      user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
    });
    await list({ server: server.url });
    expect(server.seen.map(({ client }) => client)).toEqual(['anna', 'anna', undefined]);
  });

  test('certificates: a CA file, a server name, none checked, and a CA that is none', async () => {
    const server = await start({ certificate: await authority.issue('CN=api', { names: ['api.example.org'] }) });
    file('ca.pem', authority.ca);
    const ca = { 'certificate-authority-data': undefined };
    const named = { ...ca, 'certificate-authority': 'ca.pem', 'tls-server-name': 'api.example.org' };
    await list({ server: server.url, cluster: named });
    await list({ server: server.url, cluster: { ...ca, 'insecure-skip-tls-verify': true } });
    expect(server.seen).toHaveLength(2);
    expect(await failed(list({ server: server.url }))).toMatchObject({ kind: 'tls', problem: 'hostname' });
    const none = { 'certificate-authority-data': base64('none') };
    expect(await failed(list({ server: server.url, cluster: none }))).toMatchObject({ problem: 'malformed' });
    const gone = { ...ca, 'certificate-authority': 'gone.pem' };
    expect(await failed(list({ server: server.url, cluster: gone }))).toMatchObject({
      problem: 'malformed',
      message: expect.stringContaining('gone.pem') as string,
    });
  });

  test('a context without a user still trusts its cluster, and plain http needs neither', async () => {
    const secure = await start();
    const plain = await FakeServer.start();
    later(() => plain.kill());
    await list({ server: secure.url, context: { user: undefined } });
    await list({ server: plain.url });
    expect([secure.seen.length, plain.seen.length]).toEqual([1, 1]);
  });

  test('impersonation by option replaces that of the kubeconfig', async () => {
    const server = await start();
    const user = { token: 't', as: 'kube', 'as-groups': ['k1', 'k2'] };
    await list({ server: server.url, user });
    await list({ server: server.url, user }, { as: 'eve', asGroup: ['g1', 'g2'] });
    await list({ server: server.url, user }, { as: 'eve' });
    const told = server.seen.map(({ headers }) => [headers['impersonate-user'], headers['impersonate-group']]);
    expect(told).toEqual([
      ['kube', 'k1, k2'],
      ['eve', 'g1, g2'],
      ['eve', undefined],
    ]);
  });

  test('a request goes through the proxy that the cluster names', async () => {
    const server = await start();
    const tunnels: string[] = [];
    const proxy = createHttp().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const onward = dial(Number(new URL(server.url).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) end.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    later(() => void proxy.close());
    const { port } = proxy.address() as { port: number };
    await list({ server: server.url, cluster: { 'proxy-url': `http://127.0.0.1:${port}` } });
    expect(tunnels).toEqual([new URL(server.url).host]);
    expect(server.seen).toHaveLength(1);
  });
});

describe('credentials that expire', () => {
  /** A plugin that gives token-1, token-2, ... and counts its runs in a file. */
  function plugin(extra = ''): string {
    const path = file(
      'plugin.sh',
      `#!/bin/sh
n=$(($(cat "${home}/runs" 2>/dev/null || echo 0) + 1))
echo $n > "${home}/runs"
echo "$KUBERNETES_EXEC_INFO" > "${home}/info"
${extra}
echo "{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"token-$n\\"}}"
`,
    );
    chmodSync(path, 0o755);
    return './plugin.sh';
  }
  const runs = (): number => Number(readFileSync(join(home, 'runs'), 'utf8'));
  const exec = (command: string): object => ({
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args: [], provideClusterInfo: true },
  });

  test('an exec plugin is run once for many requests, and again when its token is refused', async () => {
    const tokens = new Set(['token-1']);
    const server = await start({ tokens });
    const user = exec(plugin());
    const client = await open({ kubeconfig: file('config', config({ server: server.url, user })) });
    await Promise.all([client.list(things), client.list(things), client.list(things)]);
    expect(runs()).toBe(1);
    expect(JSON.parse(readFileSync(join(home, 'info'), 'utf8'))).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: { interactive: false, cluster: { server: server.url } },
    });
    tokens.clear();
    tokens.add('token-2');
    await Promise.all([client.list(things), client.list(things), client.create(things, { metadata: { name: 'a' } })]);
    expect(runs()).toBe(2);
  });

  test('a token that stays refused is an error, after one more try', async () => {
    const server = await start({ tokens: new Set() });
    const user = exec(plugin());
    const client = await open({ kubeconfig: file('config', config({ server: server.url, user })) });
    expect(isUnauthorized(await failed(client.list(things)))).toBe(true);
    expect(runs()).toBe(2);
    expect(server.seen).toHaveLength(2);
  });

  test('a watch, too, goes on with a renewed token', async () => {
    const tokens = new Set(['token-1']);
    const server = await start({ tokens });
    server.store.put('a', 1);
    const user = exec(plugin());
    const client = await open({ kubeconfig: file('config', config({ server: server.url, user })) });
    const abort = new AbortController();
    const told: string[] = [];
    for await (const event of client.watch(things, { signal: abort.signal })) {
      told.push('object' in event ? `${event.type} ${event.object.metadata.name}` : event.type);
      if (event.type === 'synced') {
        tokens.clear();
        tokens.add('token-2');
        server.endWatches();
        server.store.put('b', 1);
      }
      if (told.length === 3) abort.abort();
    }
    expect(told).toEqual(['added a', 'synced', 'added b']);
    expect(runs()).toBe(2);
  });

  const token = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
  test.each([
    ['that is not there', './no-such-plugin', '', /cannot be run.*ENOENT/],
    ['that fails', undefined, `echo "login first ${token}" >&2; exit 3`, /login first/],
    ['that prints no JSON', undefined, `echo ${token}; exit 0`, /did not print an ExecCredential/],
    ['that prints no status', undefined, `echo '{"token":"${token}"}'; exit 0`, /did not print an ExecCredential/],
  ])('a plugin %s is told without what it holds', async (_, command, extra, message) => {
    const script = plugin(extra);
    const client = await open({ kubeconfig: file('config', config({ user: exec(command ?? script) })) });
    const error = (await failed(client.list(things))) as Error;
    expect(error).toMatchObject({
      kind: 'config',
      problem: 'credentials',
      message: expect.stringMatching(message) as string,
    });
    expect(error.message).toContain('c-user');
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain('eyJ');
  });

  test('a plugin that does not come back can be cancelled', async () => {
    const client = await open({ kubeconfig: file('config', config({ user: exec(plugin('sleep 1')) })) });
    const signal = AbortSignal.timeout(20);
    expect(await failed(client.list(things, { signal }))).toMatchObject({ kind: 'cancelled' });
  });

  test('an OIDC token is used while it lasts, and then refreshed at its issuer', async () => {
    const jwt = (claims: object): string =>
      [{ alg: 'RS256' }, claims, 'signature']
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
    const second = Math.floor(Date.now() / 1000);
    const grants: string[] = [];
    let fresh = '';
    const issuer = createHttps({ ...certificate }, (request, response) => {
      const url = `https://127.0.0.1:${(issuer.address() as { port: number }).port}`;
      response.setHeader('content-type', 'application/json');
      if (request.url?.endsWith('/openid-configuration') === true) {
        response.end(JSON.stringify({ issuer: url, token_endpoint: `${url}/token`, jwks_uri: `${url}/keys` }));
        return;
      }
      request.on('data', (chunk: Buffer) => grants.push(chunk.toString()));
      fresh = jwt({ iss: url, aud: 'ferry', sub: 'anna', iat: second, exp: second + 600 });
      const answer = { access_token: 'a', token_type: 'bearer', expires_in: 600, id_token: fresh, refresh_token: 'r2' };
      request.on('end', () => response.end(JSON.stringify(answer)));
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    later(() => void issuer.close());
    const server = await start();
    const user = (token: string): object => ({
      'auth-provider': {
        name: 'oidc',
        config: {
          'client-id': 'ferry',
          'client-secret': 'sesame',
          'id-token': token,
          'refresh-token': 'r1',
          'idp-issuer-url': `https://127.0.0.1:${(issuer.address() as { port: number }).port}`,
          'idp-certificate-authority-data': base64(authority.ca),
        },
      },
    });
    const good = jwt({ exp: second + 600 });
    for (const token of [good, jwt({ exp: second - 600 })]) {
      const client = await open({ kubeconfig: file('config', config({ server: server.url, user: user(token) })) });
      await client.list(things);
      await client.list(things);
    }
    const used = [good, good, fresh, fresh].map((token) => `Bearer ${token}`);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(used);
    issuer
      .removeAllListeners('request')
      .on('request', (_, response) => response.writeHead(400).end('{"error":"invalid_grant"}'));
    const late = user(jwt({ exp: second - 600 }));
    const client = await open({ kubeconfig: file('config', config({ server: server.url, user: late })) });
    expect(await failed(client.list(things))).toMatchObject({
      problem: 'credentials',
      message: expect.stringMatching(/did not refresh the token: log in again$/) as string,
    });
    expect(grants).toEqual(['grant_type=refresh_token&refresh_token=r1&client_id=ferry&client_secret=sesame']);
  });

  test('a token that was replaced in the kubeconfig is found', async () => {
    const server = await start({ tokens: new Set(['new']) });
    const path = file('config', config({ server: server.url, user: { token: 'old' } }));
    const client = await open({ kubeconfig: path });
    expect(isUnauthorized(await failed(client.list(things)))).toBe(true);
    file('config', config({ server: server.url, user: { token: 'new' } }));
    expect((await client.list(things)).items).toEqual([]);
  });

  test("in a pod, the service account's token is read again when it was rotated", async () => {
    const tokens = new Set(['first']);
    const server = await start({ tokens });
    const { hostname, port } = new URL(server.url);
    env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    file('token', 'first');
    file('ca.crt', authority.ca);
    file('namespace', 'ferry\n');
    const client = await open();
    expect(client).toMatchObject({ server: server.url, context: undefined, namespace: 'ferry' });
    await client.list(things);
    tokens.clear();
    tokens.add('second');
    file('token', 'second');
    await client.list(things);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
  });
});
