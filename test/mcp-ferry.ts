import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { connect } from '../src/kube/connect.ts';
import { serveMcp } from '../src/mcp/serve.ts';
import { toolsets } from '../src/mcp/tool.ts';

/** What a tool call answers. */
export interface Answered {
  isError: boolean;
  text: string;
  // Tests look into it freely.
  // oxlint-disable-next-line no-explicit-any
  structured: any;
}

export type Era = 'modern' | 'legacy';
export type Transport = 'stdio' | 'http';

/** Every way a client can talk to the server. */
export const ways: [Transport, Era][] = [
  ['stdio', 'modern'],
  ['stdio', 'legacy'],
  ['http', 'modern'],
  ['http', 'legacy'],
];

/** What the person behind the client says when asked; undefined: the client can't ask. */
export type Says = (message: string) => { action: 'accept' | 'decline' | 'cancel'; confirm?: boolean };

export interface FerryOptions {
  allowWrites?: boolean;
  says?: Says;
}

export interface Ferry {
  client: Client;
  call: (name: string, args?: Record<string, unknown>) => Promise<Answered>;
  /** Audit lines so far. */
  audit: () => string[];
  close(): Promise<void>;
}

export function asked(client: Client) {
  return async (name: string, args: Record<string, unknown> = {}): Promise<Answered> => {
    const { isError, content, structuredContent } = await client.callTool({ name, arguments: args });
    const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    return { isError: isError ?? false, text, structured: structuredContent };
  };
}

/** `ferry mcp` as a process, or in this one over HTTP, with a client of the SDK. */
export async function ferryMcp(
  kubeconfig: string,
  transport: Transport,
  era: Era,
  { allowWrites = false, says }: FerryOptions = {},
): Promise<Ferry> {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-e2e-'));
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfig, { mode: 0o600 });
  const client = new Client(
    { name: 'ferry-tests', version: '0' },
    {
      versionNegotiation: { mode: era === 'modern' ? 'auto' : 'legacy' },
      ...(says !== undefined && { capabilities: { elicitation: { form: {} } } }),
    },
  );
  if (says !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      const { action, confirm } = says(params.message);
      return { action, ...(confirm !== undefined && { content: { confirm } }) };
    });
  }
  const lines: string[] = [];
  const hear = (chunk: unknown): void =>
    void lines.push(
      ...String(chunk)
        .split('\n')
        .filter((line) => line !== ''),
    );
  if (transport === 'stdio') {
    const args = ['src/cli/main.ts', 'mcp', '--kubeconfig', file, ...(allowWrites ? ['--allow-writes'] : [])];
    const child = new StdioClientTransport({ command: process.execPath, args, stderr: 'pipe' });
    child.stderr?.on('data', hear);
    await client.connect(child);
    const close = async (): Promise<void> => {
      await client.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { client, call: asked(client), audit: () => lines, close };
  }
  const { url, token, stop } = await ferryHttp(file, hear, { allowWrites });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const close = async (): Promise<void> => {
    await client.close();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { client, call: asked(client), audit: () => lines, close };
}

export interface HttpGiven {
  allowWrites?: boolean;
  /** Default: a new token, if there is no issuer. */
  token?: string;
  oauth?: { issuer: string; audience?: string };
}

/** The server over HTTP on a port of its own, for raw requests as well. */
export async function ferryHttp(
  kubeconfigFile: string,
  hear: (chunk: unknown) => void = () => undefined,
  { allowWrites = false, ...given }: HttpGiven = {},
): Promise<{ url: string; token: string; stop: () => Promise<void> }> {
  const http = given.oauth === undefined ? { token: randomBytes(16).toString('hex'), ...given } : given;
  const end = new AbortController();
  const stderr = new PassThrough();
  stderr.on('data', hear);
  let served: Promise<void> = Promise.resolve();
  const url = await new Promise<string>((listening, reject) => {
    served = serveMcp({
      connect: () => connect({ kubeconfig: kubeconfigFile }),
      version: '0.0.0-test',
      toolsets,
      alsoAllowed: [],
      allowWrites,
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr,
      signal: end.signal,
      http: { port: 0, ...http, listening },
    });
    served.catch(reject);
  });
  const stop = async (): Promise<void> => {
    end.abort();
    await served;
  };
  return { url, token: http.token ?? '', stop };
}
