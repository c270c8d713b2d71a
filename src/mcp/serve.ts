import type { Readable, Writable } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { formatBytes } from '../model/quantity.ts';
import { ProposalStore } from '../propose/store.ts';
import { sourceOf } from './answering.ts';
import { type Audit, openAudit } from './audit.ts';
import type { Service } from './call.ts';
import type { HttpOptions } from './http.ts';
import type { Knowledge } from './knowledge.ts';
import { withListening } from './listen-stdio.ts';
import { allowList } from './primitives/allowed.ts';
import { writeList } from './primitives/writable.ts';
import { prompts } from './prompts/index.ts';
import { resourceKinds } from './resources/index.ts';
import { serverFactory } from './server.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Tool, Toolset } from './tool.ts';
import { tools } from './tools/index.ts';

export interface ServeOptions {
  /** Makes the connection to the cluster; called once, when a tool first needs it. */
  connect(): Promise<KubeClient>;
  version: string;
  toolsets: readonly Toolset[];
  /** Resources (`widgets.example.com`) that the primitive tools may read besides the usual ones. */
  alsoAllowed: readonly string[];
  /** Those that resources_create_or_update may write besides its usual ones. */
  alsoWritable?: readonly string[];
  /** Tools that write, too: each in two steps. */
  allowWrites?: boolean;
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  /** Ends the serving. */
  signal: AbortSignal;
  /** Of the audit; default: stderr. */
  auditFile?: string;
  /** Streamable HTTP on 127.0.0.1 instead of stdio; port 0: any. */
  http?: Omit<HttpOptions, 'signal' | 'changes'>;
}

/** Serves until the client closes its end, or the signal. Rejects with EADDRINUSE if the port is taken. */
export async function serveMcp(options: ServeOptions): Promise<void> {
  const { http, signal, version } = options;
  const chosen = servedTools(options.toolsets, options.allowWrites === true);
  const gone = new AbortController();
  let client: Promise<KubeClient> | undefined;
  let audit: Promise<Audit> | undefined;
  const service: Service = {
    client: () => {
      // One that failed (no kubeconfig yet) is tried again at the next call.
      client ??= options.connect().catch((error: unknown) => {
        client = undefined;
        throw error;
      });
      return client;
    },
    allowed: allowList(options.alsoAllowed),
    writable: writeList(options.alsoWritable ?? []),
    tools: new Set(chosen.map(({ name }) => name)),
    proposals: new ProposalStore(AbortSignal.any([signal, gone.signal])),
    audit: () => (audit ??= openAudit(options.stderr, options.auditFile)),
  };
  const knowledge = options.toolsets.includes('migration') ? knowledgeOf(service, chosen) : undefined;
  const factory = serverFactory(chosen, service, {
    version,
    transport: http === undefined ? 'stdio' : 'http',
    ...(knowledge !== undefined && { knowledge }),
  });
  try {
    if (http !== undefined) {
      const { serveHttp } = await import('./http.ts');
      const changes = knowledge && (await import('./listen-http.ts')).listeningOverHttp(knowledge, service);
      await serveHttp(factory, { ...http, signal, ...(changes !== undefined && { changes }) });
      return;
    }
    await overStdio(factory, options, (transport) =>
      knowledge === undefined ? transport : withListening(transport, knowledge, service),
    );
  } finally {
    knowledge?.subscriptions.close();
    // What is under way stops where it is, and writes down how far it came, while there is a connection.
    gone.abort();
    await service.proposals.settled();
    await client?.then((connected) => connected.close()).catch(() => undefined);
  }
}

/** The tools of some toolsets; with writes, whichever they are, the one that carries proposals out. */
export function servedTools(toolsets: readonly Toolset[], allowWrites: boolean): Tool[] {
  return tools.filter(({ toolset, effect = 'read' }) => {
    if (effect === 'read') return toolsets.includes(toolset);
    return allowWrites && (toolsets.includes(toolset) || effect === 'apply');
  });
}

/** Resources and prompts beside the tools. */
function knowledgeOf(service: Service, chosen: readonly Tool[]): Knowledge {
  const served = new Set(chosen.map(({ name }) => name));
  const kinds = resourceKinds.filter(({ beside }) => beside === undefined || served.has(beside));
  const subscriptions = new Subscriptions(kinds, (signal) => sourceOf(service, { signal, owner: '' }, served));
  return { kinds, prompts, subscriptions, tools: served };
}

/** Bytes of one message over stdio: some times what the largest arguments take. */
const LONGEST = 2 ** 20;

/** Throws FERRY_E_USAGE when a message was too long: where the next one begins is not known any more. */
async function overStdio(
  factory: Parameters<typeof serveStdio>[0],
  { stdin, stdout, signal }: ServeOptions,
  around: (transport: Transport) => Transport,
): Promise<void> {
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize: LONGEST });
  let isOver = false;
  const closed = new Promise<void>((resolve) => {
    const end = (): void => {
      isOver = true;
      resolve();
    };
    stdin.once('end', end);
    stdin.once('close', end);
    stdout.once('error', end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const close = transport.close.bind(transport);
    // It gives up by itself, and would leave a process behind that hears nothing.
    transport.close = async () => {
      await close();
      resolve();
    };
  });
  const handle = serveStdio(factory, { transport: around(transport) });
  await closed;
  await handle.close();
  if (isOver) return;
  throw new FerryError(
    'FERRY_E_USAGE',
    `the client sent a message of more than ${formatBytes(LONGEST)}, and nothing after it can be read`,
    'Start again, and send less at once.',
  );
}
