/** Characters of JSON that one answer may have: some 8,000 tokens. */
export const ANSWER = 32_000;

export function size(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}

/** One page of a list, and where the next one begins. */
export interface Page<T> {
  items: T[];
  total: number;
  /** The offset of the next page; absent on the last one. */
  next?: number;
}

/** The items from `offset` on: at most `limit`, and no more than fit into an answer, but at least one. */
export function pageOf<T>(
  all: readonly T[],
  { offset, limit }: { offset: number; limit: number },
  budget = ANSWER,
): Page<T> {
  const items: T[] = [];
  let left = budget;
  for (const item of all.slice(offset, offset + limit)) {
    left -= size(item) + 1;
    if (left < 0 && items.length > 0) break;
    items.push(item);
  }
  const next = offset + items.length;
  return { items, total: all.length, ...(next < all.length && items.length > 0 && { next }) };
}

/** A value cut down to about so many characters of JSON; what is left out is told where it was. */
export function fit<T>(value: T, budget = ANSWER): T {
  return cut(value, budget) as T;
}

/** Below this nothing is cut further. */
const SMALL = 200;

function cut(value: unknown, budget: number): unknown {
  const now = size(value);
  if (now <= budget || now <= SMALL) return value;
  if (typeof value === 'string')
    return `${value.slice(0, Math.max(SMALL, budget - 60))}… (${value.length} characters in all)`;
  if (Array.isArray(value)) return cutArray(value, budget);
  if (typeof value === 'object' && value !== null) return cutObject(value, budget);
  return value;
}

function cutArray(all: readonly unknown[], budget: number): unknown[] {
  const kept: unknown[] = [];
  let left = budget - 60;
  for (const item of all) {
    const short = cut(item, Math.max(SMALL, Math.floor(left / 2)));
    left -= size(short) + 1;
    if (left < 0 && kept.length > 0) break;
    kept.push(short);
    if (left < 0) break;
  }
  return kept.length < all.length ? [...kept, `… ${all.length - kept.length} more of ${all.length}`] : kept;
}

/** Small fields stay whole; the large ones share what is left. */
function cutObject(object: object, budget: number): object {
  const bySize = Object.entries(object).sort(([, a], [, b]) => size(a) - size(b));
  const short = new Map<string, unknown>();
  let left = budget;
  for (const [index, [key, value]] of bySize.entries()) {
    const share = Math.floor(left / (bySize.length - index));
    const kept = left <= 0 ? '…' : cut(value, share);
    short.set(key, kept);
    left -= size(kept) + key.length + 4;
  }
  return Object.fromEntries(Object.keys(object).map((key) => [key, short.get(key)]));
}
