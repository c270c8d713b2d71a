import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.ts';
import { type FakeObject, FakeStore, type StoreEvent } from './store.ts';

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
  /** CN of the client certificate, if it is one of `clientCa`. */
  client: string | undefined;
}

export interface FakeServerOptions {
  /** Without it the server speaks plain HTTP, as `kubectl proxy`. */
  certificate?: Certificate;
  /** Signs client certificates. */
  clientCa?: string;
  /** refuse: 422, as without the feature; ignore: as a server that never heard of it. */
  watchList?: 'serve' | 'refuse' | 'ignore';
  /** The bearer tokens that are let in; anything is without it. */
  tokens?: Set<string>;
}

/** Answers a request itself by returning true. */
export type Script = (seen: Seen, response: ServerResponse) => boolean;

export const things = { group: 'test.ferry.run', version: 'v1', plural: 'things', namespaced: true };
const collection = /^\/apis\/test\.ferry\.run\/v1\/(namespaces\/[^/]+\/)?things(\/|$)/;

/** A Kubernetes API server of one kind, made to be killed, compacted, cut off and scripted by tests. */
export class FakeServer {
  readonly store = new FakeStore();
  readonly seen: Seen[] = [];
  /** Asked before the server answers. */
  script: Script | undefined;
  readonly #options: FakeServerOptions;
  #server: Server | undefined;
  #port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<{ response: ServerResponse; stop: () => void }>();

  constructor(options: FakeServerOptions = {}) {
    this.#options = options;
  }

  static async start(options: FakeServerOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    await server.start();
    return server;
  }

  get url(): string {
    return `${this.#options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Listens, after `kill` at the same port. */
  async start(): Promise<void> {
    const { certificate, clientCa } = this.#options;
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response);
    };
    const server =
      certificate === undefined
        ? createHttp(handle)
        : createHttps(
            { ...certificate, ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: false }) },
            handle,
          );
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As kill -9: every connection is cut; what is stored stays. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const watch of this.#watches) watch.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Ends each watch as its timeout would. */
  endWatches(): void {
    for (const { response, stop } of this.#watches) {
      stop();
      response.end();
    }
  }

  /** Breaks each watch off within an event. */
  tearWatches(): void {
    for (const { response, stop } of this.#watches) {
      stop();
      response.write('{"type":"MODIFIED","object":{"metadata":{"na', () => response.destroy());
    }
  }

  bookmark(): void {
    for (const { response } of this.#watches) writeBookmark(response, this.store.version, false);
  }

  /** Sends any line to each watch. */
  say(line: unknown): void {
    for (const { response } of this.#watches) response.write(`${JSON.stringify(line)}\n`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://x');
    const body = Buffer.concat(chunks).toString();
    const { method = 'GET', headers } = request;
    const client = clientOf(request.socket);
    const seen: Seen = { method, path: url.pathname, query: url.searchParams, headers, body, client };
    this.seen.push(seen);
    const { tokens } = this.#options;
    if (tokens !== undefined && !tokens.has(headers.authorization?.replace(/^Bearer /, '') ?? '')) {
      sendStatus(response, 401, 'Unauthorized', 'Unauthorized');
    } else if (this.script?.(seen, response) === true) {
      return;
    } else if (!collection.test(url.pathname)) {
      sendStatus(response, 404, 'NotFound', 'the server could not find the requested resource');
    } else if (seen.query.get('watch') === 'true') this.#watch(seen.query, response);
    else if (method === 'GET') this.#list(seen.query, response);
    else sendJson(response, 200, body === '' ? {} : (JSON.parse(body) as object));
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const [version, start] = (query.get('continue') ?? `${this.store.version}:0`).split(':').map(Number) as [
      number,
      number,
    ];
    if (version < this.store.compacted) {
      sendStatus(response, 410, 'Expired', 'The provided continue parameter is too old');
      return;
    }
    const all = this.#at(version);
    const end = start + (Number(query.get('limit')) || all.length);
    sendJson(response, 200, {
      kind: 'ThingList',
      apiVersion: 'test.ferry.run/v1',
      metadata: {
        resourceVersion: String(version),
        ...(end < all.length ? { continue: `${version}:${end}` } : {}),
      },
      items: all.slice(start, end),
    });
  }

  /** The objects at a version, by name: a page must not see what changed after the first one. */
  #at(version: number): FakeObject[] {
    const objects = new Map(this.store.objects);
    for (const { object } of this.store.since(version) ?? []) objects.delete(object.metadata.name);
    for (const { version: at, type, object } of this.store.history) {
      if (at > version) continue;
      if (type === 'DELETED') objects.delete(object.metadata.name);
      else objects.set(object.metadata.name, object);
    }
    return [...objects.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const streaming = query.get('sendInitialEvents') === 'true';
    const { watchList = 'serve' } = this.#options;
    if (streaming && watchList === 'refuse') {
      sendStatus(response, 422, 'Invalid', 'sendInitialEvents: Forbidden: not available');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const from = query.get('resourceVersion');
    const missed = from === null ? [] : this.store.since(Number(from));
    if (missed === undefined) {
      // The real server's answer: run1, recordings/README "Wire".
      const message = `too old resource version: ${from} (${this.store.compacted})`;
      response.end(`${JSON.stringify({ type: 'ERROR', object: { message, reason: 'Expired', code: 410 } })}\n`);
      return;
    }
    if (from === null)
      for (const object of this.store.objects.values()) writeEvent(response, { type: 'ADDED', object });
    if (streaming && watchList === 'serve') writeBookmark(response, this.store.version, true);
    for (const event of missed) writeEvent(response, event);
    const unsubscribe = this.store.subscribe((event) => writeEvent(response, event));
    const watch = {
      response,
      stop: () => {
        unsubscribe();
        this.#watches.delete(watch);
      },
    };
    this.#watches.add(watch);
    response.on('close', watch.stop);
  }
}

function clientOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return Array.isArray(name) ? name[0] : name;
}

function writeEvent(response: ServerResponse, { type, object }: Pick<StoreEvent, 'type' | 'object'>): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function writeBookmark(response: ServerResponse, version: number, initial: boolean): void {
  const annotations = initial ? { 'k8s.io/initial-events-end': 'true' } : undefined;
  const metadata = { resourceVersion: String(version), ...(annotations && { annotations }) };
  response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Thing', metadata } })}\n`);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** `reason` '': none, as in webhook denials. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code };
  sendJson(response, code, reason === '' ? status : { ...status, reason }, headers);
}
