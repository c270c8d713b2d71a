import { McpServer } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { authInfoOf } from './identity.ts';
import { Sessions } from './sessions.ts';

const LIMITS = { most: 4, perSubject: 3, idle: 1000 };

let time = 0;
let ended = 0;
let sessions = begin();

function begin(limits = LIMITS): Sessions {
  time = 0;
  ended = 0;
  const factory = (): McpServer => {
    const server = new McpServer({ name: 'test', version: '0' });
    server.registerTool('greet', { inputSchema: z.object({}) }, () => ({ content: [{ type: 'text', text: 'hello' }] }));
    server.registerTool('wait', { inputSchema: z.object({}) }, async (_, { mcpReq: { signal } }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended += 1;
      return { content: [] };
    });
    return server;
  };
  return new Sessions(factory, limits, () => time);
}

afterEach(() => {
  sessions.close();
  sessions = begin();
});

const who = (subject: string, client = '') => authInfoOf({ subject, scopes: [] }, Number.POSITIVE_INFINITY, client);
const alice = who('alice');

async function send(
  message: { method?: string; params?: object; id?: number } | undefined,
  {
    id,
    auth = alice,
    method = 'POST',
    signal,
  }: { id?: string; auth?: typeof alice; method?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
    ...(id !== undefined && { 'mcp-session-id': id }),
  };
  const body = message && { jsonrpc: '2.0', ...message };
  const init = { method, headers, ...(signal && { signal }), ...(method === 'POST' && { body: JSON.stringify(body) }) };
  return await sessions.fetch(new Request('http://127.0.0.1/mcp', init), body, auth);
}

const hello = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
};
const greet = { id: 2, method: 'tools/call', params: { name: 'greet', arguments: {} } };
const wait = { id: 3, method: 'tools/call', params: { name: 'wait', arguments: {} } };

async function open(auth = alice): Promise<string> {
  const answer = await send(hello, { auth });
  await answer.text();
  return answer.headers.get('mcp-session-id') ?? `${answer.status}`;
}

async function statusOf(id: string, auth = alice): Promise<number> {
  const answer = await send(greet, { id, auth });
  await answer.text();
  return answer.status;
}

test('a session that was opened answers', async () => {
  const answer = await send(greet, { id: await open() });
  expect(await answer.text()).toContain('hello');
});

describe('refused', () => {
  test('a call before the handshake', async () => {
    expect((await send(greet)).status).toBe(400);
    expect(sessions.size).toBe(0);
  });

  test('a session that nobody opened, with a call and with a handshake', async () => {
    expect([(await send(greet, { id: 'x' })).status, (await send(hello, { id: 'x' })).status]).toEqual([404, 404]);
  });

  test('the session of another user, and of the same user with another program', async () => {
    const id = await open();
    expect(await statusOf(id, who('mallory'))).toBe(404);
    expect(await statusOf(id, who('alice', 'other program'))).toBe(404);
    expect((await send(undefined, { id, auth: who('mallory'), method: 'DELETE' })).status).toBe(404);
    expect(await statusOf(id)).toBe(200);
  });

  test('a handshake that does not take streams, which opens nothing', async () => {
    const request = new Request('http://127.0.0.1/mcp', { method: 'POST', headers: { accept: 'text/plain' } });
    expect((await sessions.fetch(request, { jsonrpc: '2.0', ...hello }, alice)).status).toBe(406);
    expect(sessions.size).toBe(0);
  });
});

describe('a session ends', () => {
  test('when the client says so, with what runs in it', async () => {
    const id = await open();
    const running = await send(wait, { id });
    expect((await send(undefined, { id, method: 'DELETE' })).status).toBe(200);
    await running.text();
    expect([await statusOf(id), ended, sessions.size]).toEqual([404, 1, 0]);
  });

  test('when it was idle for too long', async () => {
    const id = await open();
    time = 999;
    expect(await statusOf(id)).toBe(200);
    time = 1998;
    expect(await statusOf(id)).toBe(200);
    time = 2998;
    expect(await statusOf(id)).toBe(404);
  });

  test('not while its client listens, but some time after that has gone', async () => {
    const id = await open();
    const client = new AbortController();
    const stream = await send(undefined, { id, method: 'GET', signal: client.signal });
    expect(stream.status).toBe(200);
    time = 5000;
    sessions.sweep();
    expect(sessions.size).toBe(1);
    client.abort();
    time = 5500;
    sessions.sweep();
    expect(sessions.size).toBe(1);
    time = 6000;
    sessions.sweep();
    expect(sessions.size).toBe(0);
  });

  test('when the server does, with what runs in it', async () => {
    const id = await open();
    const running = await send(wait, { id });
    sessions.close();
    await running.text();
    expect([ended, sessions.size]).toEqual([1, 0]);
  });
});

test('a client that lost its stream listens again at once', async () => {
  const id = await open();
  const client = new AbortController();
  await send(undefined, { id, method: 'GET', signal: client.signal });
  expect((await send(undefined, { id, method: 'GET' })).status).toBe(409);
  client.abort();
  expect((await send(undefined, { id, method: 'GET' })).status).toBe(200);
});

describe('too many sessions', () => {
  test('of one caller: the one it did not use for longest is closed, also if others have room', async () => {
    const [first, second] = [await open(), await open()];
    await open();
    expect(await statusOf(first)).toBe(200);
    await open();
    expect([await statusOf(first), await statusOf(second), sessions.size]).toEqual([200, 404, 3]);
  });

  test('of all: the one that was not used for longest is closed', async () => {
    const first = await open();
    for (const subject of ['b', 'c', 'd', 'e']) await open(who(subject));
    expect([await statusOf(first), sessions.size]).toEqual([404, 4]);
  });

  test('none is closed that is in use: the new one is told to come later', async () => {
    for (let count = 0; count < LIMITS.perSubject; count++) await send(wait, { id: await open() });
    const answer = await send(hello);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(ended).toBe(0);
    // Another caller still has room.
    expect((await send(hello, { auth: who('bob') })).status).toBe(200);
  });

  test('that come all at once are counted as well', async () => {
    const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await send(hello)).status));
    expect(statuses.filter((status) => status === 503).length).toBe(7);
    expect(sessions.size).toBe(LIMITS.perSubject);
  });
});

test('a thousand that are opened and dropped leave no more than the bound', async () => {
  for (let count = 0; count < 1000; count++) await open(who(`user ${count % 7}`));
  expect(sessions.size).toBe(LIMITS.most);
});
