import type { KubeObject } from '../../model/objects.ts';
import type { Api } from './api.ts';
import { inVersion, itemJson, jsonOf } from './json.ts';
import { apiVersion, type Kind, resourceName } from './kinds/kind.ts';
import { type Shape, shapeOf } from './negotiation.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { filterOf } from './selectors.ts';
import { lowerBound } from './sorted.ts';
import { ApiError, badRequest, gone, timeout } from './status.ts';
import type { Listed } from './store.ts';
import { columnDefinitions, includeObjectOf, partial, tableRow } from './table.ts';

/** What follows the last name of a page in its continue token: the next key in etcd's order. */
const ZERO = '\u0000';

/** What a request lists. */
export interface Collection {
  kind: Kind;
  version: string;
  namespace?: string;
}

/** A continue token, decoded: where the next page starts, in which state of the resource (-1: the current one). */
interface Continue {
  version: number;
  namespace: string;
  name: string;
}

/** GET of a collection: as a list, a table or metadata only; in pages if `limit` says so. */
export function list(api: Api, request: ApiRequest, collection: Collection): ApiResponse {
  const { query } = request;
  const { kind, namespace } = collection;
  const shape = shapeOf(request.headers.accept);
  const filter = filterOf(kind, query);
  const token = query.get('continue');
  const from = token === null || token === '' ? undefined : decode(token, namespace);
  const listed = stateOf(api, collection, query, from);
  // As the recordings show: at resourceVersion=0 the limit is ignored.
  const unlimited = query.get('resourceVersion') === '0' && from === undefined;
  const limit = unlimited ? 0 : Number(query.get('limit') ?? 0);

  const items: KubeObject[] = [];
  let next: KubeObject | undefined;
  let index = from === undefined ? 0 : after(listed.items, from);
  if (namespace !== undefined && from === undefined) index = lowerBound(listed.items, probe(namespace, ''));
  for (; index < listed.items.length; index++) {
    const item = listed.items[index] as KubeObject;
    if (namespace !== undefined && item.metadata.namespace !== namespace) break;
    if (filter !== undefined && !filter(item)) continue;
    if (limit > 0 && items.length === limit) {
      next = items.at(-1);
      break;
    }
    items.push(item);
  }
  const metadata: Record<string, unknown> = { resourceVersion: String(listed.version) };
  if (next !== undefined) {
    api.store.keepListing(resourceName(kind), listed);
    metadata['continue'] = encode(listed.version, namespace, next);
    // Without selectors the server knows how many are left.
    if (filter === undefined) metadata['remainingItemCount'] = remaining(listed.items, index, namespace);
  } else if (kind.custom && shape === 'object') metadata['continue'] = '';
  return { status: 200, pieces: render(api, collection, shape, query, items, metadata) };
}

function* render(
  api: Api,
  { kind, version }: Collection,
  shape: Shape,
  query: URLSearchParams,
  items: KubeObject[],
  metadata: unknown,
): Iterable<string> {
  const { store } = api;
  const meta = JSON.stringify(metadata);
  let item: (object: KubeObject) => string;
  if (shape === 'table') {
    const include = includeObjectOf(query);
    const now = api.clock.now();
    const definitions = JSON.stringify(columnDefinitions(kind));
    yield `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${meta},"columnDefinitions":${definitions},"rows":[`;
    item = (object) =>
      tableRow(kind, inVersion(kind, version, object), now, include, () => jsonOf(store, kind, version, object));
  } else if (shape === 'partial') {
    yield `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${meta},"items":[`;
    item = (object) => JSON.stringify(partial(inVersion(kind, version, object)));
  } else {
    yield `{"apiVersion":"${apiVersion(kind.group, version)}","kind":"${kind.kind}List","metadata":${meta},"items":[`;
    item = (object) => itemJson(store, kind, version, object);
  }
  let separator = '';
  for (const object of items) {
    yield separator + item(object);
    separator = ',';
  }
  yield ']}\n';
}

/** The state of the resource that a request asks for. */
function stateOf(
  api: Api,
  { kind, namespace }: Collection,
  query: URLSearchParams,
  from: Continue | undefined,
): Listed {
  const resource = resourceName(kind);
  const { store } = api;
  if (from !== undefined) {
    if (query.get('resourceVersion'))
      throw badRequest('specifying resource version is not allowed when using continue');
    const listed = from.version === -1 ? store.listing(resource) : store.listingAt(resource, from.version);
    if (listed !== undefined) return listed;
    throw gone(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      tokenOf(-1, namespace === undefined ? from.namespace : '', from.name),
    );
  }
  const wanted = parseVersion(query.get('resourceVersion'));
  const match = query.get('resourceVersionMatch') ?? '';
  if (match !== '' && wanted === undefined && match !== 'NotOlderThan') {
    throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (wanted === undefined || wanted === 0) return store.listing(resource);
  if (wanted > store.version) throw tooLarge(wanted, store.version);
  if (match !== 'Exact') return store.listing(resource);
  const listed = store.listingAt(resource, wanted);
  if (listed === undefined) throw gone('The resourceVersion for the provided list is too old.');
  return listed;
}

/** Reads a resourceVersion; '' is undefined. As recorded, nonsense is a 500 with Go's text. */
export function parseVersion(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new ApiError(
    500,
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

function tooLarge(wanted: number, current: number): ApiError {
  return timeout(`Timeout: Too large resource version: ${wanted}, current: ${current}`, 1, [
    { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
  ]);
}

function remaining(items: readonly KubeObject[], index: number, namespace: string | undefined): number {
  if (namespace === undefined) return items.length - index;
  return lowerBound(items, probe(`${namespace}${ZERO}`, '')) - index;
}

function probe(namespace: string, name: string): KubeObject {
  return { apiVersion: '', kind: '', metadata: { name, ...(namespace === '' ? {} : { namespace }) } };
}

function after(items: readonly KubeObject[], { namespace, name }: Continue): number {
  return lowerBound(items, probe(namespace, `${name}${ZERO}`));
}

function encode(version: number, namespace: string | undefined, last: KubeObject): string {
  const { name } = last.metadata;
  return tokenOf(version, namespace === undefined ? (last.metadata.namespace ?? '') : '', name);
}

/** As etcd-backed servers write it: the key below the collection's, to start from: the last one with a zero byte after it. */
function tokenOf(version: number, namespace: string, name: string): string {
  const start = `${namespace === '' ? '' : `/${namespace}`}/${name}${ZERO}`;
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start })).toString('base64url');
}

function decode(token: string, namespace: string | undefined): Continue {
  let parsed: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString()) as typeof parsed;
  } catch {
    const first = Buffer.from(token, 'base64url').toString('latin1').slice(0, 1);
    const why =
      first === '' ? 'unexpected end of JSON input' : `invalid character '${first}' looking for beginning of value`;
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  if (parsed.v !== 'meta.k8s.io/v1' || typeof parsed.rv !== 'number' || typeof parsed.start !== 'string') {
    throw badRequest(
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  }
  const [name = '', space = ''] = parsed.start.replace(ZERO, '').split('/').reverse();
  if (namespace !== undefined && space !== '') throw badRequest('invalid continue token: continue key is not valid');
  return { version: parsed.rv, namespace: namespace ?? space, name };
}
