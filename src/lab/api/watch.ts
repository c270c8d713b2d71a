import type { KubeObject } from '../../model/objects.ts';
import type { Api } from './api.ts';
import { bookmarkLine } from './bookmark.ts';
import type { ResponseStream } from './extension.ts';
import { inVersion, jsonOf } from './json.ts';
import { resourceName } from './kinds/kind.ts';
import { type Collection, parseVersion } from './list.ts';
import { type Shape, shapeOf } from './negotiation.ts';
import { type ApiRequest, type ApiResponse, flag } from './request.ts';
import { type Filter, filterOf } from './selectors.ts';
import { ApiError, gone } from './status.ts';
import type { StoreEvent } from './store.ts';
import { columnDefinitions, type IncludeObject, includeObjectOf, partial, tableRow } from './table.ts';

/** Real time between bookmarks, ms: the API server sends them about once a minute. */
const BOOKMARK_PERIOD = 60_000;
/** The API server ends watches after a random time between this and twice this (--min-request-timeout), s. */
const MIN_TIMEOUT = 1800;

/** GET of a collection (or one object) with `watch`: lines of JSON until the client or a timeout ends it. */
export function watch(api: Api, request: ApiRequest, collection: Collection, name?: string): ApiResponse {
  const { query } = request;
  const { kind, namespace } = collection;
  const shape = shapeOf(request.headers.accept);
  const selected = filterOf(kind, query);
  const filter: Filter = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    (selected === undefined || selected(object));
  const start = parseVersion(query.get('resourceVersion'));
  const initial = initialEvents(query);
  const write = lineWriter(api, collection, shape, includeObjectOf(query));
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: (out) => run(api, collection, { out, filter, start, query, initial, write }),
  };
}

/** Whether the watch begins with what exists: asked for, or for want of a resourceVersion to start from. */
function initialEvents(query: URLSearchParams): boolean | undefined {
  if (!query.has('sendInitialEvents')) return undefined;
  if (query.get('resourceVersionMatch') !== 'NotOlderThan') {
    const message = 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    throw new ApiError(422, `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: ${message}`, {
      reason: 'Invalid',
      details: {
        group: 'meta.k8s.io',
        kind: 'ListOptions',
        causes: [{ reason: 'FieldValueForbidden', message, field: 'resourceVersionMatch' }],
      },
    });
  }
  return flag(query, 'sendInitialEvents');
}

interface Watch {
  out: ResponseStream;
  filter: Filter;
  start: number | undefined;
  query: URLSearchParams;
  initial: boolean | undefined;
  write: (type: string, object: KubeObject) => string | Buffer;
}

function run(api: Api, { kind, version }: Collection, { out, filter, start, query, initial, write }: Watch): void {
  const { store } = api;
  const resource = resourceName(kind);
  let last = store.version;
  const bookmark = (annotations?: Record<string, string>): void => {
    const meta = { ...(annotations === undefined ? {} : { annotations }), resourceVersion: String(last) };
    out.write(bookmarkLine(kind, version, meta));
  };
  const tell = (event: StoreEvent): void => {
    if (event.resource !== resource) return;
    const is = filter(event.object) && event.type !== 'DELETED';
    const was = event.previous !== undefined && filter(event.previous);
    if (!is && !was) return;
    const change = was ? 'MODIFIED' : 'ADDED';
    const object = is ? event.object : lastSeen(event);
    out.write(write(is ? change : 'DELETED', object));
  };

  if (initial === true || (initial === undefined && (start === undefined || start === 0))) {
    for (const object of store.listing(resource).items) if (filter(object)) out.write(write('ADDED', object));
    if (initial === true && flag(query, 'allowWatchBookmarks')) bookmark({ 'k8s.io/initial-events-end': 'true' });
  } else {
    const missed = start === undefined || start === 0 ? [] : store.since(start);
    if (missed === undefined) {
      const status = gone(`too old resource version: ${start} (${store.oldestVersion})`).status;
      out.write(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      out.end();
      return;
    }
    for (const event of missed) tell(event);
  }

  const stop = store.subscribe((event) => {
    last = event.resourceVersion;
    if (start === undefined || event.resourceVersion > start) tell(event);
  });
  const seconds = Number(query.get('timeoutSeconds') ?? 0) || MIN_TIMEOUT * (1 + Math.random());
  const end = setTimeout(() => out.end(), seconds * 1000);
  const bookmarks = flag(query, 'allowWatchBookmarks') ? setInterval(() => bookmark(), BOOKMARK_PERIOD) : undefined;
  out.onClose(() => {
    stop();
    clearTimeout(end);
    clearInterval(bookmarks);
  });
}

/** What a watcher gets when an object is deleted or stops matching: what it last saw, at the new resourceVersion. */
function lastSeen({ type, object, previous, resourceVersion }: StoreEvent): KubeObject {
  if (type === 'DELETED' || previous === undefined) return object;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: String(resourceVersion) } };
}

/** The line that was made last: a change is told to all its watchers one after the other, and most want the same bytes. */
let made: { object: KubeObject; type: string; version: string; shape: Shape; line: Buffer } | undefined;

function madeOnce(object: KubeObject, type: string, version: string, shape: Shape, json: () => string): Buffer {
  const same = made?.object === object && made.type === type && made.version === version && made.shape === shape;
  if (!same || made === undefined) {
    made = { object, type, version, shape, line: Buffer.from(`{"type":"${type}","object":${json()}}\n`) };
  }
  return made.line;
}

/** Makes lines of one watch; only the first table carries the column definitions. */
function lineWriter(
  api: Api,
  { kind, version }: Collection,
  shape: Shape,
  include: IncludeObject,
): (type: string, object: KubeObject) => string | Buffer {
  let headers = true;
  return (type, object) => {
    const json = (): string =>
      shape === 'partial'
        ? JSON.stringify(partial(inVersion(kind, version, object)))
        : jsonOf(api.store, kind, version, object);
    if (shape !== 'table') return madeOnce(object, type, version, shape, json);
    const definitions = headers
      ? `,"columnDefinitions":${JSON.stringify(columnDefinitions(kind))}`
      : ',"columnDefinitions":null';
    headers = false;
    const full = inVersion(kind, version, object);
    const meta = JSON.stringify({ resourceVersion: object.metadata.resourceVersion });
    const row = tableRow(kind, full, api.clock.now(), include, json);
    const table = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${meta}${definitions},"rows":[${row}]}`;
    return `{"type":"${type}","object":${table}}\n`;
  };
}
