import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeObject } from '../../model/objects.ts';
import { kubevirt16 } from '../../model/versions/index.ts';
import type { Certificates } from '../certificates.ts';
import type { Clock } from '../clock.ts';
import type { Api } from './api.ts';
import { authenticate } from './authentication.ts';
import { CRDS, crdOf } from './crds.ts';
import type { OwnPath, Subresource, User, VirtualResource, Webhook } from './extension.ts';
import { type Incoming, type Interference, incomingOf } from './interference.ts';
import { kindTable } from './kind-table.ts';
import { kinds as kindsOf16 } from './kinds/index.ts';
import type { Kind } from './kinds/kind.ts';
import { rbacAdmission } from './rbac/admission.ts';
import { bootstrapRoles } from './rbac/bootstrap.ts';
import { type Rights, rbac } from './rbac/rights.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { route } from './router.ts';
import { serviceAccountTokens } from './service-account-tokens.ts';
import { ApiError, badRequest, internalError } from './status.ts';
import type { ResourceName, Store } from './store.ts';
import type { TokenBook } from './token-book.ts';

export interface ApiServerOptions {
  store: Store;
  clock: Clock;
  certificates: Certificates;
  /** What it serves. Default: the kinds of a cluster with KubeVirt 1.6. */
  kinds?: readonly Kind[];
  /** The version of Kubernetes that it says it is. Default: that of OpenShift 4.20. */
  kubernetes?: string;
  /** Who is let in. `system:authenticated` is added to their groups. */
  tokens: TokenBook;
  webhooks?: Webhook[];
  subresources?: Subresource[];
  virtual?: VirtualResource[];
  paths?: OwnPath[];
  /** API groups that another server serves behind this one, and whether it does now. */
  aggregated?: ReadonlyMap<string, () => boolean>;
  /** Default: RBAC, by the roles and bindings in the store. */
  rights?: Rights;
  /** A deleted pod that is on a node keeps existing until the kubelet controller removes it from the store. */
  gracefulPods?: boolean;
  /** Asked about every request first: what befalls it; undefined: nothing. */
  interfere?: (request: Incoming) => Interference | undefined;
  /** Told of errors inside handlers: they are bugs of the lab; the client gets a 500. */
  onFault?: (error: unknown) => void;
}

/** The largest body the API server reads: 3 MiB. */
const BODY_LIMIT = 3 * 1024 * 1024;
/** A watcher that is this far behind is cut off, bytes. */
const WATCH_BUFFER = 64 * 1024 * 1024;
/** How much of a long answer is collected before it is written, characters. */
const CHUNK = 64 * 1024;
/** The API server drops idle connections after 90 s (recordings, Wire). */
const KEEP_ALIVE = 90_000;
/** Namespaces that the API server itself creates. */
const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/**
 * A Kubernetes API server on 127.0.0.1 over HTTPS. State is in the store alone: after `close`, another server over
 * the same store continues where this one was.
 */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #api: Api;
  readonly #server: Server;
  readonly #watches = new Map<ServerResponse, Incoming>();
  readonly #flowSchema = randomUUID();
  readonly #priorityLevel = randomUUID();
  #url: string | undefined;

  constructor(options: ApiServerOptions) {
    const {
      store,
      clock,
      kinds = kindsOf16,
      kubernetes = kubevirt16.kubernetes,
      webhooks = [],
      subresources = [],
      virtual = [],
      paths = [],
      aggregated = new Map(),
      rights = rbac(store),
      tokens,
      gracefulPods = false,
    } = options;
    this.#options = options;
    this.#api = {
      store,
      clock,
      kinds: kindTable(kinds),
      kubernetes,
      webhooks: [...rbacAdmission(kinds, rights), ...webhooks],
      subresources: [serviceAccountTokens(options), ...subresources],
      virtual,
      paths,
      aggregated,
      rights,
      tokens,
      gracefulPods,
    };
    const { key, cert } = options.certificates;
    this.#server = createServer({ key, cert, keepAliveTimeout: KEEP_ALIVE, requestTimeout: 0 }, (request, response) => {
      void this.#serve(request, response);
    });
    for (const { resource, object } of bootstrapRoles(clock.now())) this.#ensure(resource, object);
    for (const name of SYSTEM_NAMESPACES) this.#ensure('namespaces', namespaceOf(name));
    for (const kind of kinds) if (kind.custom) this.#ensure(CRDS, crdOf(kind, clock.now()));
  }

  /** `https://127.0.0.1:PORT`. Throws before `listen`. */
  get url(): string {
    if (this.#url === undefined) throw new Error('the API server does not listen');
    return this.#url;
  }

  /** Starts serving; returns the port. Rejects with EADDRINUSE if the port is taken. */
  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const taken = (this.#server.address() as AddressInfo).port;
    this.#url = `https://127.0.0.1:${taken}`;
    return taken;
  }

  /** Stops serving and drops every connection, watches too. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    // A handshake that was under way becomes a connection only now.
    const late = setInterval(() => this.#server.closeAllConnections(), 20);
    await closed;
    clearInterval(late);
  }

  /** Cuts the connections of watches. */
  cutWatches(concerns: (watch: Incoming) => boolean): void {
    for (const [response, watch] of this.#watches) if (concerns(watch)) response.destroy();
  }

  #ensure(resource: ResourceName, object: KubeObject): void {
    const { store } = this.#api;
    if (store.get(resource, undefined, object.metadata.name) === undefined) store.create(resource, object);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => response.destroy());
    try {
      const incoming = incomingOf(request.method, request.url);
      const { cut, wait, answer, reads } = this.#options.interfere?.(incoming) ?? {};
      if (wait !== undefined) await wait;
      if (cut === 'before') {
        request.socket.destroy();
        return;
      }
      const answered = answer ?? (await this.#answer(request, reads));
      if (cut === 'after') {
        request.socket.destroy();
        return;
      }
      if (answered.stream !== undefined && incoming.verb === 'watch') {
        this.#watches.set(response, incoming);
        response.once('close', () => this.#watches.delete(response));
      }
      await send(response, this.#headers(), answered);
    } catch (error) {
      // The client went away, or the answer could not be sent: nobody is there to be told.
      this.#options.onFault?.(error);
      response.destroy();
    }
  }

  async #answer(message: IncomingMessage, reads = this.#api.store): Promise<ApiResponse> {
    try {
      const { tokens, rights } = this.#api;
      const user = authenticate(message.headers, tokens, rights.authorize);
      return route({ ...this.#api, store: reads }, await decodeRequest(message, user));
    } catch (error) {
      return failure(error, this.#options.onFault);
    }
  }

  #headers(): Record<string, string> {
    return {
      'audit-id': randomUUID(),
      'cache-control': 'no-cache, private',
      'content-type': 'application/json',
      'x-kubernetes-pf-flowschema-uid': this.#flowSchema,
      'x-kubernetes-pf-prioritylevel-uid': this.#priorityLevel,
      date: new Date(this.#api.clock.now()).toUTCString(),
    };
  }
}

function namespaceOf(name: string): KubeObject {
  const metadata = { name, labels: { 'kubernetes.io/metadata.name': name } };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata, spec: { finalizers: ['kubernetes'] } };
  return { ...namespace, status: { phase: 'Active' } } as KubeObject;
}

async function decodeRequest(message: IncomingMessage, user: User): Promise<ApiRequest> {
  const url = new URL(message.url ?? '/', 'https://localhost');
  const segments = url.pathname.split('/').filter((part) => part !== '');
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw new ApiError(413, `limit is ${BODY_LIMIT}`, { reason: 'RequestEntityTooLarge' });
    parts.push(part);
  }
  return {
    method: message.method === 'HEAD' ? 'GET' : (message.method ?? 'GET'),
    segments: segments.map(decodeSegment),
    path: url.pathname,
    query: url.searchParams,
    headers: message.headers,
    user,
    body: Buffer.concat(parts),
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`invalid URL escape ${JSON.stringify(segment)}`);
  }
}

function failure(error: unknown, onFault: ApiServerOptions['onFault']): ApiResponse {
  let known: ApiError;
  if (error instanceof ApiError) known = error;
  else {
    onFault?.(error);
    known = internalError(error instanceof Error ? error.message : String(error));
  }
  const { code, details } = known.status;
  const headers: Record<string, string> = {};
  if (details?.retryAfterSeconds !== undefined) headers['retry-after'] = String(details.retryAfterSeconds);
  if (code === 403) headers['x-content-type-options'] = 'nosniff';
  return { status: code, headers, body: known.status };
}

async function send(response: ServerResponse, common: Record<string, string>, answer: ApiResponse): Promise<void> {
  const { status, headers = {}, body, pieces, stream } = answer;
  // Node would set its own clock's date otherwise.
  response.sendDate = false;
  if (stream !== undefined) {
    response.writeHead(status, { ...common, ...headers });
    response.flushHeaders();
    stream({
      write: (text) => {
        if (response.destroyed || response.writableEnded) return;
        response.write(text);
        if (response.writableLength > WATCH_BUFFER) response.destroy();
      },
      end: () => response.end(),
      onClose: (run) => void response.once('close', run),
    });
    return;
  }
  if (pieces !== undefined) {
    response.writeHead(status, { ...common, ...headers });
    let chunk = '';
    for (const piece of pieces) {
      chunk += piece;
      if (chunk.length < CHUNK) continue;
      // A long list goes out as fast as the client takes it, and others are served meanwhile.
      if (!response.write(chunk)) await drained(response);
      if (response.destroyed) return;
      chunk = '';
    }
    response.end(chunk);
    return;
  }
  const text = typeof body === 'string' || body === undefined ? (body ?? '') : `${JSON.stringify(body)}\n`;
  const all: Record<string, string | number> = { ...common, ...headers, 'content-length': Buffer.byteLength(text) };
  // As recorded: an answer without a body names no type.
  if (text === '' && headers['content-type'] === undefined) delete all['content-type'];
  response.writeHead(status, all);
  response.end(text);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
