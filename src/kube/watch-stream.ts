import { accessOf } from './access.ts';
import { ApiError, ConnectionError, type KubeError, type Status } from './errors.ts';
import type { Opened } from './exchange.ts';
import type { ApiRequest, Transport } from './transport.ts';
import type { StoredObject } from './types.ts';

/** One line of a watch, as the server sends it; ERROR is thrown instead. */
export interface ServerEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T & { metadata: { annotations?: Record<string, string> } };
}

/**
 * The events of one watch request until the server ends it. Throws KubeError: an ERROR event as ApiError, a connection
 * that is silent for `idle()` ms as ConnectionError `IDLE`. `onOpen` is called when the server has agreed to watch.
 */
export async function* watchStream<T extends StoredObject>(
  transport: Transport,
  request: Pick<ApiRequest, 'path' | 'query' | 'signal'>,
  idle: () => number,
  onOpen: () => void,
): AsyncGenerator<ServerEvent<T>, void, void> {
  const opened = await transport.open({ ...request, method: 'GET', watching: true });
  onOpen();
  try {
    for await (const line of lines(opened, idle)) yield parse<T>(line, request.path);
  } finally {
    opened.close();
  }
}

const types = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

function parse<T>(line: string, path: string): ServerEvent<T> {
  let event: { type?: string; object?: { metadata?: object } } | undefined;
  try {
    event = JSON.parse(line) as typeof event;
  } catch {
    event = undefined;
  }
  if (event?.type === 'ERROR') {
    const body = (event.object ?? {}) as Status;
    const seconds = body.details?.retryAfterSeconds;
    throw new ApiError(body.code ?? 500, accessOf('GET', path, true), {
      message: body.message ?? 'the API server ended the watch with an error',
      ...(seconds !== undefined && { retryAfter: seconds * 1000 }),
      body,
    });
  }
  if (event?.object?.metadata === undefined || !types.has(event.type ?? '')) {
    throw new ConnectionError('the watch told something that is not an event', 'MALFORMED', false);
  }
  return event as ServerEvent<T>;
}

/** Complete lines; what follows the last line break is a piece of an event that never came, and is dropped. */
async function* lines(opened: Opened, idle: () => number): AsyncGenerator<string, void, void> {
  opened.response.setEncoding('utf8');
  const chunks = opened.response[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  let rest = '';
  for (;;) {
    const chunk = await nextWithin(opened, chunks, idle());
    if (chunk === undefined) return;
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      const line = rest + chunk.slice(start, end);
      rest = '';
      start = end + 1;
      if (line !== '') yield line;
    }
    rest += chunk.slice(start);
  }
}

/** The clock runs only while bytes are waited for: a slow reader must not make the connection look dead. */
async function nextWithin(
  opened: Opened,
  chunks: AsyncIterator<string, undefined>,
  idle: number,
): Promise<string | undefined> {
  let silent: KubeError | undefined;
  const timer = setTimeout(() => {
    silent = new ConnectionError(`nothing came over the watch for ${Math.round(idle / 1000)} s`, 'IDLE', false);
    opened.close();
  }, idle);
  try {
    return (await chunks.next()).value;
  } catch (error) {
    throw silent ?? opened.explain(error);
  } finally {
    clearTimeout(timer);
  }
}
