import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import {
  type AuthInfo,
  createMcpHandler,
  getOAuthProtectedResourceMetadataUrl,
  isLegacyRequest,
  type McpHttpHandler,
  type McpServerFactory,
} from '@modelcontextprotocol/server';
import { bearerGate } from './gate.ts';
import { identityOf, READ, WRITE } from './identity.ts';
import { type Allowance, fairUse } from './limits.ts';
import type { ListeningOverHttp } from './listen-http.ts';
import { refusal } from './refusal.ts';
import { type SessionLimits, Sessions } from './sessions.ts';

const PATH = '/mcp';
const METADATA = '/.well-known/oauth-protected-resource';

export interface HttpOptions {
  /** On 127.0.0.1; 0: any. */
  port: number;
  /** What callers may bear: the server's own token, */
  token?: string;
  /** or one that this issuer gave out for the audience (default: the server's address). */
  oauth?: { issuer: string; audience?: string };
  listening: (url: string) => void;
  signal: AbortSignal;
  /** Of the resources; undefined: there are none. */
  changes?: ListeningOverHttp;
}

/** How much of the server anyone can have. */
export interface HttpLimits {
  /** Bytes of a request; what tools take is far smaller. */
  body: number;
  /** Of one identity: an agent that polls, and some more. */
  perIdentity: Allowance;
  sessions: SessionLimits;
  /** Streams of changes that may be open at once; more than that is no use to anybody. */
  subscriptions: number;
  connections: number;
  /** ms for the head of a request, and for all of it: who sends slower is cut off. */
  head: number;
  request: number;
  /** ms between the looks at that. */
  look: number;
}

export const limits: HttpLimits = {
  body: 256 * 1024,
  perIdentity: { burst: 60, perSecond: 10, open: 64 },
  sessions: { most: 128, perSubject: 32, idle: 30 * 60_000 },
  subscriptions: 100,
  connections: 200,
  head: 10_000,
  request: 30_000,
  look: 5000,
};

/**
 * Streamable HTTP at /mcp until the signal: protocol 2026-07-28 without sessions, the ones before it with them. A web
 * page can't reach it: Host and Origin must be of this machine, and without a token nothing is answered.
 * Rejects with what `issuedTokens` does, and with EADDRINUSE.
 */
export async function serveHttp(factory: McpServerFactory, options: HttpOptions, bounds = limits): Promise<void> {
  const { port, token, oauth, listening, signal, changes } = options;
  const server = createServer({ connectionsCheckingInterval: bounds.look });
  server.headersTimeout = bounds.head;
  server.requestTimeout = bounds.request;
  server.maxHeadersCount = 100;
  server.maxConnections = bounds.connections;
  const verifierFor = oauth && (await (await import('./oauth.ts')).issuedTokens(oauth.issuer));
  const url = await listen(server, port);
  // Nothing is awaited until requests are listened to.
  try {
    const issued = verifierFor?.(oauth?.audience ?? url);
    const metadataUrl = getOAuthProtectedResourceMetadataUrl(new URL(url));
    const admit = bearerGate({
      ...(token !== undefined && { token }),
      ...(issued !== undefined && { issued, metadataUrl }),
    });
    const metadata = oauth && {
      resource: url,
      authorization_servers: [oauth.issuer],
      scopes_supported: [READ, WRITE],
      bearer_methods_supported: ['header'],
      resource_name: 'Ferry',
    };
    const modern = createMcpHandler(factory, {
      legacy: 'reject',
      maxSubscriptions: bounds.subscriptions,
      ...(changes !== undefined && { bus: changes.bus }),
    });
    const heard = changes?.hearing(modern) ?? modern;
    const sessions = new Sessions(factory, bounds.sessions, () => performance.now());
    const sweeping = setInterval(() => sessions.sweep(), 60_000);
    const serve = toNodeHandler({ fetch: byEra(heard, sessions) }, { maxRequestBodySize: bounds.body });
    const enter = fairUse(bounds.perIdentity, () => performance.now());
    const isHostGood = localhostHostValidation();
    const isOriginGood = localhostOriginValidation();
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      // They answer themselves where they say no.
      if (!isHostGood(request, response) || !isOriginGood(request, response)) return;
      const path = (request.url ?? '').split('?')[0] ?? '';
      if (metadata !== undefined && [METADATA, `${METADATA}${PATH}`].includes(path)) {
        if (request.method === 'GET') return await send(response, Response.json(metadata));
        return await send(response, refusal(405, 'only GET', -32000, { allow: 'GET' }));
      }
      if (path !== PATH) return await send(response, refusal(404, 'not found: the server is at /mcp'));
      const auth = await admit(request.headers.authorization);
      if (auth instanceof Response) return await send(response, auth);
      const leave = enter(identityOf(auth).subject);
      if (leave === undefined) {
        return await send(response, refusal(429, 'too many requests', -32000, { 'retry-after': '1' }));
      }
      if (response.destroyed) return leave();
      response.once('close', leave);
      // From here on nobody can pass the token on.
      delete request.headers.authorization;
      await serve(Object.assign(request, { auth }), response);
    };
    server.on('request', (request, response) => {
      answer(request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else void send(response, refusal(500, 'the request could not be answered'));
      });
    });
    listening(url);
    await ended(signal);
    clearInterval(sweeping);
    sessions.close();
    await modern.close();
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** The protocols' eras, told apart by the request itself. */
function byEra(modern: Pick<McpHttpHandler, 'fetch'>, sessions: Sessions) {
  return async (request: Request, { authInfo }: { authInfo?: AuthInfo } = {}): Promise<Response> => {
    if (authInfo === undefined) throw new Error('a request came past the gate');
    let body: unknown;
    if (request.method === 'POST') {
      try {
        body = JSON.parse(await request.text());
      } catch {
        return refusal(400, 'Parse error: Invalid JSON', -32700);
      }
      // Protocol 2025-03-26 alone had them; a hundred calls in one request would pass as one.
      if (Array.isArray(body)) return refusal(400, 'Invalid Request: batches are not supported', -32600);
    }
    if (await isLegacyRequest(request, body)) return await sessions.fetch(request, body, authInfo);
    return await modern.fetch(request, { authInfo, ...(body !== undefined && { parsedBody: body }) });
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
}

async function ended(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Answers without waiting for what is left of the request. */
async function send(response: ServerResponse, answer: Response): Promise<void> {
  const body = await answer.text();
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), connection: 'close' }).end(body);
}
