import { randomUUID } from 'node:crypto';
import {
  type AuthInfo,
  isInitializeRequest,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { identityOf } from './identity.ts';
import { refusal } from './refusal.ts';

export interface SessionLimits {
  /** Open at once. */
  most: number;
  /** Of one caller. */
  perSubject: number;
  /** ms that a session lives without being used. */
  idle: number;
}

interface Session {
  id: string;
  /** Who opened it: nobody else can use it. */
  owner: string;
  transport: WebStandardStreamableHTTPServerTransport;
  close(): void;
  /** Requests being answered, and the stream that the client listens to. */
  busy: number;
  lastUsed: number;
}

/**
 * Protocols up to 2025-11-25 over HTTP: what was agreed at the handshake, and the way back to the client (questions,
 * progress, notifications), live in a session. There is a bound on them, since a client that goes away seldom says so.
 */
export class Sessions {
  readonly #factory: McpServerFactory;
  readonly #limits: SessionLimits;
  readonly #now: () => number;
  /** The one that was used last stands last. */
  readonly #open = new Map<string, Session>();

  /** `now` in ms, monotonic. */
  constructor(factory: McpServerFactory, limits: SessionLimits, now: () => number) {
    this.#factory = factory;
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers one request; `body` is its parsed body. */
  async fetch(request: Request, body: unknown, auth: AuthInfo): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    if (id === null) return await this.#initialize(request, body, auth);
    this.sweep();
    const session = this.#open.get(id);
    // Whether it belongs to another is not told.
    if (session === undefined || session.owner !== ownerOf(auth)) return refusal(404, 'Session not found', -32001);
    return await this.#handle(session, request, body, auth);
  }

  /** Closes what was not used for too long. */
  sweep(): void {
    const before = this.#now() - this.#limits.idle;
    for (const session of this.#open.values()) if (session.busy === 0 && session.lastUsed <= before) session.close();
  }

  close(): void {
    for (const session of this.#open.values()) session.close();
  }

  async #initialize(request: Request, body: unknown, auth: AuthInfo): Promise<Response> {
    if (request.method !== 'POST' || !isInitializeRequest(body)) {
      return refusal(400, 'Mcp-Session-Id is missing: begin with initialize');
    }
    const owner = ownerOf(auth);
    if (!this.#makeRoom(owner)) return refusal(503, 'too many sessions are in use', -32000, { 'retry-after': '30' });
    const session = await this.#create(owner, request, auth);
    const answer = await this.#handle(session, request, body, auth);
    // A handshake that was refused has opened nothing.
    if (!answer.ok) session.close();
    return answer;
  }

  /** Whether there is room for one more, if need be by closing the one that was idle longest. */
  #makeRoom(owner: string): boolean {
    const { most, perSubject } = this.#limits;
    const all = [...this.#open.values()];
    const own = all.filter((session) => session.owner === owner);
    const crowd = own.length >= perSubject ? own : all.length >= most ? all : undefined;
    if (crowd === undefined) return true;
    const oldest = crowd.find(({ busy }) => busy === 0);
    oldest?.close();
    return oldest !== undefined;
  }

  async #create(owner: string, request: Request, auth: AuthInfo): Promise<Session> {
    const id = randomUUID();
    const forget = (): void => void this.#open.delete(id);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessionclosed: forget,
    });
    const session: Session = {
      id,
      owner,
      transport,
      busy: 1,
      lastUsed: this.#now(),
      close: () => {
        forget();
        // Ends its streams and calls; nothing in it can fail.
        void transport.close();
      },
    };
    // Before anything is awaited, so that those who come at once are counted.
    this.#open.set(id, session);
    try {
      const server = await this.#factory({ era: 'legacy', authInfo: auth, requestInfo: request });
      await server.connect(transport);
    } catch (error) {
      forget();
      throw error;
    }
    session.busy -= 1;
    return session;
  }

  async #handle(session: Session, request: Request, body: unknown, authInfo: AuthInfo): Promise<Response> {
    const used = (): void => {
      session.lastUsed = this.#now();
      if (this.#open.delete(session.id)) this.#open.set(session.id, session);
    };
    used();
    session.busy += 1;
    const done = (): void => {
      session.busy -= 1;
      used();
    };
    try {
      const options = request.method === 'POST' ? { authInfo, parsedBody: body } : { authInfo };
      return watched(await session.transport.handleRequest(request, options), request.signal, done);
    } catch (error) {
      done();
      throw error;
    }
  }
}

/** A token of the same user that another program bears does not open its sessions. */
function ownerOf(auth: AuthInfo): string {
  return JSON.stringify([identityOf(auth).subject, auth.clientId]);
}

/** The same answer; `done` is called once, when all of it was read or the caller has gone, whom nobody waits for then. */
function watched(answer: Response, gone: AbortSignal, done: () => void): Response {
  if (answer.body === null) {
    done();
    return answer;
  }
  const reader = answer.body.getReader();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    gone.removeEventListener('abort', leave);
    done();
  };
  const leave = (): void => {
    end();
    // What reads now sees the end.
    reader.cancel().catch(() => undefined);
  };
  gone.addEventListener('abort', leave, { once: true });
  if (gone.aborted) leave();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done: isRead, value } = await reader.read();
      if (!isRead) return controller.enqueue(value);
      end();
      controller.close();
    },
    cancel: async (reason) => {
      end();
      await reader.cancel(reason);
    },
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}
