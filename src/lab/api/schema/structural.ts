import type { Schema } from '../kinds/schema.ts';

// What the API server does with an object that is sent to it, before admission: fields the schema does not know are
// dropped, and defaults are filled in.

type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value without unknown fields; their paths (`spec.bogus`) are added to `unknown`. Copies only what changes. */
export function prune<T>(value: T, schema: Schema, unknown: string[], path = ''): T {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    const pruned = value.map((item: unknown, index) => prune(item, items, unknown, `${path}[${index}]`));
    return (pruned.every((item, index) => item === value[index]) ? value : pruned) as T;
  }
  if (!isObject(value)) return value;
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (schema.properties === undefined && schema.additionalProperties === undefined) return value;
  let result: Json = value;
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const known = schema.properties?.[key] ?? schema.additionalProperties;
    if (known === undefined) {
      if (open) continue;
      unknown.push(at);
      if (result === value) result = { ...value };
      delete result[key];
      continue;
    }
    const kept = prune(item, known, unknown, at);
    if (kept === item) continue;
    if (result === value) result = { ...value };
    result[key] = kept;
  }
  return result as T;
}

/** The value with the schema's defaults filled in. A null where there is a default counts as absent, as in CRDs. */
export function withDefaults<T>(value: T, schema: Schema): T {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    const filled = value.map((item: unknown) => withDefaults(item, items));
    return (filled.every((item, index) => item === value[index]) ? value : filled) as T;
  }
  if (!isObject(value) || schema.properties === undefined) return value;
  let result: Json = value;
  for (const [key, known] of Object.entries(schema.properties)) {
    const item = value[key];
    const absent = item === undefined || (item === null && known.nullable !== true);
    const given = absent && known.default !== undefined ? structuredClone(known.default) : item;
    if (given === undefined || given === null) continue;
    const filled = withDefaults(given, known);
    if (filled === item) continue;
    if (result === value) result = { ...value };
    result[key] = filled;
  }
  return result as T;
}
