import { isObject } from '../schema/structural.ts';

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(value) ? { ...value } : {};
  for (const [key, item] of Object.entries(patch)) {
    if (item === null) delete result[key];
    else result[key] = mergePatch(result[key], item);
  }
  return result;
}
