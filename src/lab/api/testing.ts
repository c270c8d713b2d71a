import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { KubeObject } from '../../model/objects.ts';
import { type Certificates, createCertificates } from '../certificates.ts';
import { Clock } from '../clock.ts';
import { random } from '../random.ts';
import { ApiServer, type ApiServerOptions } from './server.ts';
import type { Status } from './status.ts';
import { Store } from './store.ts';
import { TokenBook } from './token-book.ts';

// For tests: a bare API server and a client that hides nothing.

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON, if it is. */
  body: KubeObject & Status & Record<string, never> & { items: KubeObject[] };
}

interface Sent {
  body?: unknown;
  contentType?: string;
  headers?: Record<string, string>;
  /** `null` sends none. */
  token?: string | null;
}

export interface TestServer {
  server: ApiServer;
  store: Store;
  clock: Clock;
  certificates: Certificates;
  /** Everything handlers threw that is not an ApiError. */
  faults: unknown[];
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Lines of a watch; `next` waits for one, undefined at the end. */
  watch(path: string, headers?: Record<string, string>): Promise<Watching>;
  /** Stores an object as it is, past the API. */
  put<T extends KubeObject>(resource: string, object: T): T;
  close(): Promise<void>;
}

interface Watching {
  status: number;
  contentType: string | undefined;
  next(): Promise<WatchLine | undefined>;
  stop(): void;
}

export interface WatchLine {
  type: string;
  object: KubeObject & Status & { rows: { cells: unknown[] }[]; columnDefinitions: unknown };
}

let shared: Promise<Certificates> | undefined;

/** Lab time in tests begins here. */
const START = Date.parse('2026-11-22T20:00:00Z');

export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  shared ??= createCertificates();
  const certificates = await shared;
  const clock = options.clock ?? new Clock(START);
  const store = options.store ?? new Store(clock, random('test'));
  const faults: unknown[] = [];
  const tokens = new TokenBook(clock, {
    admin: { name: 'kubernetes-admin', groups: ['system:masters'] },
    bob: { name: 'bob', groups: [] },
    mallory: { name: 'mallory', groups: [] },
  });
  const server = new ApiServer({
    tokens,
    onFault: (error) => faults.push(error),
    ...options,
    store,
    clock,
    certificates,
  });
  await server.listen(0);
  const { port } = new URL(server.url);
  const open = (
    method: string,
    path: string,
    { body, contentType, headers, token = 'admin' }: Sent,
  ): ReturnType<typeof httpsRequest> => {
    const payload =
      typeof body === 'string' || Buffer.isBuffer(body) || body === undefined ? body : JSON.stringify(body);
    const request = httpsRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      ca: certificates.ca,
      headers: {
        accept: 'application/json',
        ...(payload === undefined
          ? {}
          : // Node frames no body of a DELETE by itself.
            { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(payload) }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    request.end(payload);
    return request;
  };
  return {
    server,
    store,
    clock,
    certificates,
    faults,
    send: (method, path, sent = {}) =>
      new Promise((resolve, reject) => {
        const request = open(method, path, sent);
        request.on('error', reject);
        request.on('response', (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.on('error', reject);
          response.on('end', () => {
            const json = (response.headers['content-type'] ?? '').includes('json') && text !== '';
            const body = (json ? JSON.parse(text) : undefined) as Answer['body'];
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body });
          });
        });
      }),
    watch: (path, headers = {}) => openWatch(open('GET', path, { headers })),
    put: (resource, object) => store.create(resource, object),
    close: () => server.close(),
  };
}

function openWatch(request: ReturnType<typeof httpsRequest>): Promise<Watching> {
  const lines: WatchLine[] = [];
  // An object, since it changes while `next` waits.
  const state = { ended: false };
  let wake = (): void => undefined;
  return new Promise((resolve, reject) => {
    request.on('error', (error) => (state.ended ? undefined : reject(error)));
    request.on('response', (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        const whole = (rest + part).split('\n');
        rest = whole.pop() ?? '';
        lines.push(...whole.map((line) => JSON.parse(line) as WatchLine));
        wake();
      });
      const end = (): void => {
        state.ended = true;
        wake();
      };
      response.on('end', end);
      response.on('error', end);
      resolve({
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'],
        next: async () => {
          while (lines.length === 0 && !state.ended) await new Promise<void>((again) => (wake = again));
          return lines.shift();
        },
        stop: () => {
          state.ended = true;
          request.destroy();
        },
      });
    });
  });
}
