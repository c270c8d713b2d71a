import { connect, type Socket } from 'node:net';
import { McpServer } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type HttpLimits, serveHttp } from './http.ts';

// What HTTP itself lets through; who may call is tested in test/mcp-http.e2e.test.ts and test/mcp-oauth.e2e.test.ts.

const TOKEN = 'a-token-of-this-test';
const LIMITS: HttpLimits = {
  body: 1000,
  perIdentity: { burst: 20, perSecond: 20, open: 4 },
  sessions: { most: 4, perSubject: 4, idle: 60_000 },
  subscriptions: 4,
  connections: 8,
  head: 100,
  request: 200,
  look: 20,
};

let seen: string[];
let url: string;
let stop: () => Promise<void>;

beforeEach(async () => {
  seen = [];
  const end = new AbortController();
  const factory = (): McpServer => {
    const server = new McpServer({ name: 'test', version: '0' });
    server.registerTool('look', { inputSchema: z.object({}) }, (_, { http }) => {
      seen.push(JSON.stringify([http?.authInfo, [...(http?.req?.headers ?? [])]]));
      return { content: [{ type: 'text', text: 'looked' }] };
    });
    server.registerTool('wait', { inputSchema: z.object({}) }, async (_, { mcpReq: { signal } }) => {
      seen.push('waits');
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      seen.push('ended');
      return { content: [] };
    });
    return server;
  };
  let served: Promise<void> = Promise.resolve();
  url = await new Promise<string>((listening, reject) => {
    served = serveHttp(factory, { port: 0, token: TOKEN, listening, signal: end.signal }, LIMITS);
    served.catch(reject);
  });
  stop = async () => {
    end.abort();
    await served;
  };
});

afterEach(() => stop());

const modern = (name: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name,
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});

const post = (message: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      ...('params' in message && { 'mcp-name': (message as ReturnType<typeof modern>).params.name }),
      ...headers,
    },
    body: JSON.stringify(message),
    ...(signal !== undefined && { signal }),
  });

test('a call is answered, and behind the gate nobody sees the token', async () => {
  const answer = await post(modern('look'));
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('looked')]);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toContain('"subject":"token"');
  expect(seen[0]).not.toContain(TOKEN);
});

test('nothing is said to web pages: no answer has a CORS header, and none answers their preflight', async () => {
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } });
  const answers = [preflight, await post(modern('look')), await fetch(url)];
  expect(answers.map(({ status }) => status)).toEqual([401, 200, 401]);
  const names = answers.flatMap(({ headers }) => [...headers.keys()]);
  expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test('many calls in one request, which would pass as one, are refused', async () => {
  const answer = await post([modern('look'), modern('look')]);
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('batches')]);
  expect(seen).toEqual([]);
});

test('a body over the limit is refused, also one that does not say how long it is', async () => {
  const declared = await post({ ...modern('look'), more: 'x'.repeat(2000) });
  const stream = new ReadableStream({
    start: (sender) => (sender.enqueue(new Uint8Array(2000).fill(32)), sender.close()),
  });
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const chunked = await fetch(url, { method: 'POST', headers, body: stream, duplex: 'half' });
  expect([declared.status, chunked.status]).toEqual([413, 413]);
});

test('without OAuth there is no metadata of it', async () => {
  expect((await fetch(new URL('/.well-known/oauth-protected-resource', url))).status).toBe(404);
});

test('one caller has only so many calls open; when they end, the next may come', async () => {
  const gone = new AbortController();
  const waiting = Array.from({ length: LIMITS.perIdentity.open }, () =>
    post(modern('wait'), {}, gone.signal).catch(() => undefined),
  );
  await expect.poll(() => seen).toHaveLength(LIMITS.perIdentity.open);
  const one = await post(modern('look'));
  expect([one.status, one.headers.get('retry-after')]).toEqual([429, '1']);
  gone.abort();
  await Promise.all(waiting);
  await expect.poll(async () => (await post(modern('look'))).status, { interval: 100 }).toBe(200);
  // Who went away is not worked for.
  expect(seen.filter((each) => each === 'ended')).toHaveLength(LIMITS.perIdentity.open);
});

describe('who sends too slowly is cut off', () => {
  test.each<[string, string]>([
    ['in the middle of the head', 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '],
    [
      'in the middle of the body',
      `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 500\r\n\r\n{`,
    ],
    ['having sent nothing', ''],
  ])('%s', async (_, text) => {
    const socket = open();
    socket.write(text);
    // It would wait for ever otherwise.
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect((await post(modern('look'))).status).toBe(200);
  });
});

test('connections without end leave the server alive', async () => {
  const sockets = Array.from({ length: 3 * LIMITS.connections }, open);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));
  expect((await post(modern('look'))).status).toBe(200);
});

test('a stop ends what is running and does not wait for it', async () => {
  const call = post(modern('wait')).then(
    (answer) => answer.text(),
    () => 'cut',
  );
  await expect.poll(() => seen).toEqual(['waits']);
  await stop();
  await call;
  await expect.poll(() => seen).toEqual(['waits', 'ended']);
});

function open(): Socket {
  const { port } = new URL(url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}
