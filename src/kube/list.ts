import { ConnectionError, isGone } from './errors.ts';
import type { ApiRequest, Transport } from './transport.ts';
import type { ListOptions, ListResult, Selection, StoredObject } from './types.ts';

/** Objects a page, as kubectl's --chunk-size. */
const defaultLimit = 500;
/** After so many expired lists, one without pages is asked for: it cannot expire. */
const maxRestarts = 2;

interface Page<T> {
  metadata?: { resourceVersion?: string; continue?: string };
  items?: T[] | null;
}

/** The query of a selection. */
export function selectors({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined };
}

/** Lists page by page, holding only what `map` keeps; begins anew when the server has forgotten the page's version. */
export async function list<T extends StoredObject, U>(
  transport: Transport,
  path: string,
  options: ListOptions<T, U>,
): Promise<ListResult<U>> {
  for (let restarts = 0; ; restarts++) {
    const limit = restarts > maxRestarts ? 0 : (options.limit ?? defaultLimit);
    try {
      return await pages(transport, path, limit, options);
    } catch (error) {
      if (!isGone(error) || limit === 0) throw error;
    }
  }
}

async function pages<T extends StoredObject, U>(
  transport: Transport,
  path: string,
  limit: number,
  options: ListOptions<T, U>,
): Promise<ListResult<U>> {
  const items: U[] = [];
  let token: string | undefined;
  for (;;) {
    const query = { ...selectors(options), limit: limit > 0 ? String(limit) : undefined, continue: token };
    const page = await json<Page<T>>(transport, {
      method: 'GET',
      path,
      query,
      signal: options.signal,
      timeout: options.timeout,
    });
    // Without map, U is T.
    for (const item of page.items ?? [])
      items.push(options.map === undefined ? (item as unknown as U) : options.map(item));
    token = page.metadata?.continue || undefined;
    if (token === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
  }
}

/** Sends a request and parses its answer. */
export async function json<T>(transport: Transport, request: ApiRequest): Promise<T> {
  const { text } = await transport.send(request);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ConnectionError(
      'the server answered something that is not JSON: is it an API server?',
      'MALFORMED',
      true,
    );
  }
}
