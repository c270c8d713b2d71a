import { type AgentOptions, Agent as HttpAgent, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import { accessOf } from './access.ts';
import { type Credential, type Credentials, sameCredential, tlsKey } from './credentials.ts';
import { ApiError, CancelledError, ConfigError, ConnectionError, KubeError, type Status } from './errors.ts';
import { type Opened, open, readText } from './exchange.ts';
import { parseRetryAfter, retryDelay } from './retry.ts';
import { ServerClock } from './server-clock.ts';
import type { Timing } from './timing.ts';
import type { RawResponse } from './types.ts';

export interface TransportOptions {
  /** Base address; may have a path, as behind Rancher. */
  server: string;
  credentials: Credentials;
  /** Milliseconds for one request; 0: no limit. */
  timeout: number;
  userAgent: string;
  timing: Timing;
}

export interface ApiRequest {
  method: string;
  path: string;
  query?: Record<string, string | undefined>;
  headers?: Record<string, string>;
  body?: string | undefined;
  signal?: AbortSignal | undefined;
  timeout?: number | undefined;
  /** Whether a status is an answer rather than an error; `repeated`: an earlier try was lost and may have been carried out. */
  accept?: (status: number, repeated: boolean) => boolean;
  /** The answer is read as it comes, with no limit to its time. */
  watching?: boolean;
}

// Below the 90 s after which the API server drops an idle connection (recordings/README, Wire), so that it is this
// side that closes, and no request meets a connection that is just going away.
const idleConnection = 55_000;
/** Shared connections at once. */
const maxConnections = 32;

/** Sends requests to one API server as one user: credentials and their renewal, retries, typed errors. */
export class Transport {
  readonly timing: Timing;
  readonly #options: TransportOptions;
  readonly #base: string;
  readonly #clock: ServerClock;
  readonly #local: boolean;
  #agents: { key: string; shared: HttpAgent; own: HttpAgent } | undefined;
  #requests = 0;
  #answered = false;
  #closed = false;

  constructor(options: TransportOptions) {
    this.timing = options.timing;
    this.#options = options;
    this.#base = options.server.replace(/\/+$/, '');
    this.#clock = new ServerClock(options.timing.now);
    this.#local = /^(127\.|localhost$|\[::1\]$)/.test(new URL(this.#base).hostname);
  }

  /** Requests sent so far, retries included. */
  get requests(): number {
    return this.#requests;
  }

  /** True once the server has answered anything. */
  get answered(): boolean {
    return this.#answered;
  }

  serverNow(): number {
    return this.#clock.now();
  }

  close(): void {
    this.#closed = true;
    this.#agents?.shared.destroy();
    this.#agents?.own.destroy();
  }

  /** Sends a request, again where that is safe and useful, and reads the answer. Throws KubeError. */
  async send(request: ApiRequest): Promise<RawResponse> {
    const { method, path, signal, accept = isSuccess } = request;
    const repeatable = { method, path, idempotent: isIdempotent(request) };
    let repeated = false;
    for (let tries = 1; ; tries++) {
      try {
        const opened = await this.open({ ...request, accept: (status) => accept(status, repeated) });
        const text = await readText(opened);
        return { status: opened.response.statusCode ?? 0, headers: opened.response.headers, text };
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        const wait = retryDelay(error, repeatable, {
          tries,
          answered: this.#answered,
          random: this.timing.random,
        });
        if (wait === undefined) throw error;
        repeated ||= error instanceof ConnectionError && error.maybeSent;
        await this.timing.sleep(wait, signal);
      }
    }
  }

  /** Sends a request once - twice when a renewed credential may help - and leaves the body to the caller. */
  async open(request: ApiRequest): Promise<Opened> {
    const { credentials } = this.#options;
    const { signal } = request;
    const credential = await cancellable(credentials.get(), signal);
    const opened = await this.#once(request, credential);
    if (opened.response.statusCode !== 401) return this.#check(request, opened);
    const renewed = await cancellable(credentials.renew(credential), signal);
    if (sameCredential(credential, renewed)) return this.#check(request, opened);
    opened.close();
    return this.#check(request, await this.#once(request, renewed));
  }

  async #once(request: ApiRequest, credential: Credential): Promise<Opened> {
    if (this.#closed) throw new CancelledError('the client is closed');
    const { method, path, query, body, signal, watching = false } = request;
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.append(name, value);
    }
    const headers: OutgoingHttpHeaders = {
      // KubeVirt's subresources answer 406 to a bare application/json (recordings/README).
      accept: 'application/json, */*',
      'user-agent': this.#options.userAgent,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...(watching || this.#local ? {} : { 'accept-encoding': 'gzip' }),
      ...lowerCase(request.headers),
      ...credential.headers,
    };
    const timeout = request.timeout ?? this.#options.timeout;
    const agent = this.#agent(url.protocol, credential, !watching && isIdempotent(request));
    const sent = this.timing.now();
    this.#requests++;
    const opened = await open({ method, url, headers, body, agent, signal, timeout });
    this.#answered = true;
    this.#clock.observe(opened.response.headers.date, sent);
    return opened;
  }

  async #check(request: ApiRequest, opened: Opened): Promise<Opened> {
    const { statusCode: status = 0, headers } = opened.response;
    const { accept = isSuccess } = request;
    if (accept(status, false)) {
      if (request.watching === true) opened.unlimit();
      return opened;
    }
    const text = await readText(opened);
    const retryAfter = parseRetryAfter(headers['retry-after'], this.serverNow());
    throw apiError(status, request, text, retryAfter);
  }

  #agent(protocol: string, credential: Credential, shared: boolean): HttpAgent {
    if (credential.agent !== undefined) return credential.agent;
    const key = tlsKey(credential.tls);
    if (this.#agents?.key !== key) {
      const make = protocol === 'http:' ? (how: AgentOptions) => new HttpAgent(how) : secureAgents(credential);
      // The former agents' connections are left to finish, and then to time out.
      this.#agents = {
        key,
        shared: make({ keepAlive: true, timeout: idleConnection, maxSockets: maxConnections }),
        // For watches; and for requests that must not be sent twice: on a connection that was idle, one could not
        // tell whether a request was lost before or after it reached the server.
        own: make({ keepAlive: false }),
      };
    }
    return shared ? this.#agents.shared : this.#agents.own;
  }
}

/** A credential plugin may take long, or wait for its user. */
async function cancellable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const cancelled = Promise.withResolvers<never>();
  const cancel = (): void => cancelled.reject(new CancelledError('cancelled'));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([promise, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function secureAgents({ tls }: Credential): (how: AgentOptions) => HttpAgent {
  let secureContext: ReturnType<typeof createSecureContext>;
  try {
    // Made once: node would parse the certificates again for each connection.
    secureContext = createSecureContext(tls);
  } catch {
    throw new ConfigError('malformed', 'the client certificate and key of the kubeconfig user cannot be used');
  }
  const { rejectUnauthorized, servername } = tls;
  const settings = {
    secureContext,
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(servername === undefined ? {} : { servername }),
  };
  return (how) => new HttpsAgent({ ...settings, ...how });
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** PUT is not among them: on subresources such as `migrate` it sets things going. */
function isIdempotent({ method, headers }: ApiRequest): boolean {
  if (method === 'PATCH') return headers?.['content-type'] !== 'application/json-patch+json';
  return method === 'GET' || method === 'HEAD' || method === 'DELETE';
}

function lowerCase(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function apiError(status: number, request: ApiRequest, text: string, retryAfter: number | undefined): ApiError {
  const access = accessOf(request.method, request.path, request.watching);
  const body = statusOf(text);
  const message = body?.message ?? plainMessage(status, text);
  return new ApiError(status, access, {
    message,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(body && { body }),
  });
}

function statusOf(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'message' in value ? (value as Status) : undefined;
  } catch {
    return undefined;
  }
}

/** Proxies and some aggregated servers answer in plain text or HTML. */
function plainMessage(status: number, text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line === '' || line.startsWith('<') ? `the API server answered HTTP ${status}` : line.slice(0, 300);
}
