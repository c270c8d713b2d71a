import { setTimeout as pause } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { acceptedContent, inputRequired, McpServer, type McpServerFactory } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { serveHttp } from '../src/mcp/http.ts';

// What a client of either era can do over HTTP: be asked, be told how far it is, break off, reconnect.

const TOKEN = 'a-token-of-this-test';
let url: string;
let stop: () => Promise<void>;
let ended: string[];

const answer = z.object({ confirm: z.boolean() });

const factory: McpServerFactory = () => {
  const server = new McpServer({ name: 'test', version: '0' });
  server.registerTool('ask', { inputSchema: z.object({}) }, (_, context) => {
    const given = acceptedContent(context.mcpReq.inputResponses, 'confirm', answer);
    if (given !== undefined) return { content: [{ type: 'text', text: `confirmed: ${given.confirm}` }] };
    const { inputResponses } = context.mcpReq;
    if (inputResponses !== undefined) return { content: [{ type: 'text', text: 'declined' }] };
    return inputRequired({
      inputRequests: { confirm: inputRequired.elicit({ message: 'Really?', requestedSchema: answer }) },
    });
  });
  server.registerTool('steps', { inputSchema: z.object({}) }, async (_, context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    if (progressToken === undefined) throw new Error('nobody wants to know');
    for (let progress = 1; progress <= 3; progress++) {
      await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } });
    }
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('wait', { inputSchema: z.object({}) }, async (_, { mcpReq: { signal } }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    ended.push('ended');
    return { content: [] };
  });
  return server;
};

beforeEach(async () => {
  ended = [];
  const end = new AbortController();
  let served: Promise<void> = Promise.resolve();
  url = await new Promise<string>((listening, reject) => {
    served = serveHttp(factory, { port: 0, token: TOKEN, listening, signal: end.signal });
    served.catch(reject);
  });
  stop = async () => {
    end.abort();
    await served;
  };
});

afterEach(() => stop());

async function client(
  mode: 'auto' | 'legacy',
  reply?: { action: 'accept' | 'decline'; content?: { confirm: boolean } },
) {
  const made = new Client(
    { name: 'test', version: '0' },
    { versionNegotiation: { mode }, capabilities: reply === undefined ? {} : { elicitation: {} } },
  );
  if (reply !== undefined) made.setRequestHandler('elicitation/create', () => reply);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await made.connect(transport);
  return { made, transport };
}

const textOf = (result: { content?: unknown }): string => JSON.stringify(result.content);

describe.each(['auto', 'legacy'] as const)('a client of mode %s', (mode) => {
  test('is asked in the middle of a call, and its answer counts', async () => {
    const { made } = await client(mode, { action: 'accept', content: { confirm: true } });
    expect(textOf(await made.callTool({ name: 'ask', arguments: {} }))).toContain('confirmed: true');
    await made.close();
  });

  test('says no', async () => {
    const { made } = await client(mode, { action: 'decline' });
    expect(textOf(await made.callTool({ name: 'ask', arguments: {} }))).not.toContain('confirmed');
    await made.close();
  });

  test('that can not be asked gets no confirmation out of it', async () => {
    const { made } = await client(mode);
    const told = await made.callTool({ name: 'ask', arguments: {} }).then(textOf, String);
    expect(told).not.toContain('confirmed');
    await made.close();
  });

  test('is told how far a call is', async () => {
    const { made } = await client(mode);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress);
    await made.callTool({ name: 'steps', arguments: {} }, { onprogress });
    expect(seen).toEqual([1, 2, 3]);
    await made.close();
  });

  test('breaks a call off, and it ends', async () => {
    const { made } = await client(mode);
    const off = new AbortController();
    const call = made.callTool({ name: 'wait', arguments: {} }, { signal: off.signal }).catch(() => 'off');
    await pause(50);
    off.abort();
    expect(await call).toBe('off');
    await expect.poll(() => ended).toEqual(['ended']);
    await made.close();
  });
});

test('a session that its client ends is over for good', async () => {
  const { made, transport } = await client('legacy');
  const { sessionId = '' } = transport;
  await transport.terminateSession();
  const answered = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': sessionId,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/list', params: {} }),
  });
  expect(answered.status).toBe(404);
  await made.close();
});
