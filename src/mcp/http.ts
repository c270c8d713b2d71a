import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, type McpServerFactory } from '@modelcontextprotocol/server';
import type { ListeningOverHttp } from './listen-http.ts';
import { rateLimit } from './rate-limit.ts';

const PATH = '/mcp';
/** Bytes of a request; what tools take is far smaller. */
const BODY = 256 * 1024;
/** Calls that may come at once, and a second from then on: an agent that polls, and some more. */
const RATE = { burst: 60, perSecond: 10 };

/** Streams of changes that may be open at once; more than that is no use to anybody. */
const SUBSCRIPTIONS = 100;

export interface HttpOptions {
  /** On 127.0.0.1; 0: any. */
  port: number;
  /** What callers must bear. */
  token: string;
  listening: (url: string) => void;
  signal: AbortSignal;
  /** Of the resources; undefined: there are none. */
  changes?: ListeningOverHttp;
}

/**
 * Streamable HTTP at /mcp until the signal. Both protocol eras are served without sessions. A web page can't reach it:
 * Host and Origin must be of this machine, and without the token nothing is answered.
 */
export async function serveHttp(
  factory: McpServerFactory,
  { port, token, listening, signal, changes }: HttpOptions,
): Promise<void> {
  const handler = createMcpHandler(factory, {
    maxRequestBodySize: BODY,
    maxSubscriptions: SUBSCRIPTIONS,
    ...(changes !== undefined && { bus: changes.bus }),
  });
  const serve = toNodeHandler(changes?.hearing(handler) ?? handler, { maxRequestBodySize: BODY });
  const isHostGood = localhostHostValidation();
  const isOriginGood = localhostOriginValidation();
  const isBearer = bearerCheck(token);
  const mayPass = rateLimit(RATE, () => performance.now());
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // They answer themselves where they say no.
    if (!isHostGood(request, response) || !isOriginGood(request, response)) return;
    if ((request.url ?? '').split('?')[0] !== PATH) return refuse(response, 404, 'not found: the server is at /mcp');
    if (!isBearer(request.headers.authorization)) {
      response.setHeader('WWW-Authenticate', 'Bearer realm="ferry"');
      return refuse(response, 401, 'a bearer token is required');
    }
    if (!mayPass()) {
      response.setHeader('Retry-After', '1');
      return refuse(response, 429, 'too many requests');
    }
    await serve(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) refuse(response, 500, 'the request could not be answered');
      else response.destroy();
    });
  });
  // Slow senders are cut off; a call itself may take as long as its own time-out (call.ts).
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxHeadersCount = 100;
  server.maxConnections = 200;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  listening(`http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await handler.close();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null });
  // What is left of the request is not waited for.
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
}

/** Compares digests, so that the time it takes tells nothing of the token. */
function bearerCheck(token: string): (header: string | undefined) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return (header) => {
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), wanted);
  };
}
