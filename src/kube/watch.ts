import { ApiError, type ConfigError, ConnectionError, isGone, KubeError } from './errors.ts';
import { Known } from './known.ts';
import { list, selectors } from './list.ts';
import { backoff } from './retry.ts';
import type { Transport } from './transport.ts';
import type { Selection, StoredObject, WatchEvent } from './types.ts';
import { watchStream } from './watch-stream.ts';

/** Marks the bookmark that ends the initial events of a WatchList (recordings/README, Wire). */
const initialEventsEnd = 'k8s.io/initial-events-end';
/** A stream that ends sooner counts as failed, lest a server that ends each at once is asked without pause. */
const shortStream = 1_000;
/** A server that starts up may refuse for a moment what it allowed before: authorization and CRDs load late. */
const refusalsInARow = 3;

/** The server does not know WatchList, or answers it in a way that cannot be told from that. */
class NoWatchList extends Error {}

/**
 * Watches one collection for as long as the signal lets it (see WatchEvent). Throws what no retry can mend: a request
 * that is refused (401, 403, 404, 405 and the like), a bad certificate, a server that never answered.
 */
export async function* watch<T extends StoredObject>(
  transport: Transport,
  path: string,
  { signal, ...selection }: Selection & { signal: AbortSignal },
): AsyncGenerator<WatchEvent<T>, void, void> {
  const { timing } = transport;
  const known = new Known<T>();
  let synced = false;
  /** Where to go on from; undefined: list everything again. */
  let version: string | undefined;
  let watchList = true;
  /** When the server agreed to the stream that is running. */
  let opened = Number.POSITIVE_INFINITY;
  let attempt = 0;
  let refusals = 0;
  let silences = 0;
  let interrupted = false;

  while (!signal.aborted) {
    opened = Number.POSITIVE_INFINITY;
    let failure: KubeError | undefined;
    try {
      const events = version !== undefined ? resumed(version) : watchList ? streamed() : listed();
      for await (const event of events) {
        interrupted = false;
        refusals = silences = 0;
        // News, rather than one more listing of what is known: the server works. A later listing tells differences only.
        if (event !== undefined && (version !== undefined || synced)) attempt = 0;
        if (event !== undefined) yield event;
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NoWatchList) {
        watchList = false;
        continue;
      }
      if (!(error instanceof KubeError)) throw error;
      failure = error;
    }
    const lasted = timing.now() - opened >= shortStream;
    if (lasted) {
      attempt = 0;
      interrupted = false;
    }
    if (failure !== undefined && !isGone(failure)) {
      refusals = isRefusal(failure) ? refusals + 1 : 0;
      if (isFinal(failure)) throw failure;
      silences = isSilence(failure) ? silences + 1 : 0;
      if (!interrupted) {
        interrupted = true;
        yield { type: 'interrupted', error: failure };
      }
    }
    // A version from the future (a restored backup) is refused, or waited for in silence for ever.
    if (isGone(failure) || isTooLarge(failure) || silences > 1) version = undefined;
    if (failure === undefined && lasted) continue;
    const asked = failure instanceof ApiError ? (failure.retryAfter ?? 0) : 0;
    await timing.sleep(Math.max(asked, backoff(attempt++, timing.random)), signal);
  }

  function isFinal(failure: KubeError): boolean {
    switch (failure.kind) {
      case 'api':
        return isRefusal(failure) && (!synced || refusals >= refusalsInARow);
      case 'config':
        return !synced || (failure as ConfigError).problem !== 'credentials';
      case 'connection':
      case 'timeout':
        return !transport.answered;
      default:
        return true;
    }
  }

  function query(more: Record<string, string>): Record<string, string | undefined> {
    // As client-go's reflector: 5 to 10 minutes, so that not all watches of all clients end at once.
    const timeoutSeconds = String(Math.round(300 * (1 + timing.random())));
    return { ...selectors(selection), watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds, ...more };
  }

  function* sync(): Generator<WatchEvent<T>> {
    yield* known.endListing();
    if (synced) return;
    synced = true;
    yield { type: 'synced' };
  }

  /** Everything that exists, then changes, over one connection. */
  async function* streamed(): AsyncGenerator<WatchEvent<T> | undefined> {
    let listing = true;
    known.beginListing();
    const idle = (): number => (listing ? timing.initialEventsIdle : timing.watchIdle);
    const request = { path, signal, query: query({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }) };
    try {
      for await (const { type, object } of watchStream<T>(transport, request, idle, onOpen)) {
        if (type === 'BOOKMARK') {
          if (listing) {
            if (object.metadata.annotations?.[initialEventsEnd] !== 'true') throw new NoWatchList();
            listing = false;
            yield* sync();
          }
          version = object.metadata.resourceVersion;
          yield undefined;
          continue;
        }
        yield* type === 'DELETED' ? known.remove(object) : known.put(object);
        // Initial events come in no order of versions: before their end there is nothing to go on from.
        if (!listing) version = object.metadata.resourceVersion;
      }
    } catch (error) {
      const refused = error instanceof ApiError && (error.status === 400 || error.status === 422);
      if (listing && (refused || isSilence(error))) throw new NoWatchList();
      throw error;
    }
  }

  async function* listed(): AsyncGenerator<WatchEvent<T> | undefined> {
    const { items, resourceVersion } = await list<T, T>(transport, path, { ...selection, signal });
    known.beginListing();
    for (const item of items) yield* known.put(item);
    yield* sync();
    version = resourceVersion;
    yield* resumed(resourceVersion);
  }

  async function* resumed(from: string): AsyncGenerator<WatchEvent<T> | undefined> {
    const request = { path, signal, query: query({ resourceVersion: from }) };
    const idle = (): number => timing.watchIdle;
    for await (const { type, object } of watchStream<T>(transport, request, idle, onOpen)) {
      if (type === 'BOOKMARK') yield undefined;
      else yield* type === 'DELETED' ? known.remove(object) : known.put(object);
      version = object.metadata.resourceVersion;
    }
  }

  function onOpen(): void {
    opened = timing.now();
  }
}

/** A server that does not want this watch, rather than one in trouble. */
function isRefusal(failure: KubeError): boolean {
  if (!(failure instanceof ApiError) || failure.status >= 500) return false;
  return ![408, 410, 429].includes(failure.status);
}

function isSilence(error: unknown): boolean {
  return error instanceof ConnectionError && error.code === 'IDLE';
}

function isTooLarge(error: unknown): boolean {
  return error instanceof ApiError && error.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge');
}
