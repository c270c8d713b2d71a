import { isDeepStrictEqual } from 'node:util';

/** One place where an object is not what it is to be. */
export interface Change {
  path: string;
  /** Undefined: nothing stands there. */
  before: unknown;
  after: unknown;
}

/** What differs, down to the values; lists are compared whole unless they have the same length. */
export function diff(before: unknown, after: unknown, path = ''): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isPlain(before) && isPlain(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => diff(before[key], after[key], `${path}${segment(key)}`));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item: unknown, index) => diff(item, after[index], `${path}[${index}]`));
  }
  return [{ path, before, after }];
}

function segment(key: string): string {
  return /^[\w-]+$/.test(key) ? `.${key}` : `["${key}"]`;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
