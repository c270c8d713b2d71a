import type { Schema } from '../kinds/schema.ts';
import { isObject } from '../schema/structural.ts';
import { badRequest } from '../status.ts';

type Json = Record<string, unknown>;

const DIRECTIVE = '$patch';
const DELETE_PRIMITIVE = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';
const RETAIN = '$retainKeys';

/**
 * Kubernetes's strategic merge patch: as a merge patch, but lists with a merge key merge item by item, and directives
 * (`$patch: delete|replace|merge`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x`, `$retainKeys`) are obeyed.
 */
export function strategicMerge(value: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isObject(patch)) return patch;
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') return clean(patch, schema);
  if (directive === 'delete') return {};
  const result: Json = isObject(value) ? { ...value } : {};
  const retained = patch[RETAIN];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];
  }
  for (const [key, item] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PRIMITIVE)) deletePrimitives(result, key.slice(DELETE_PRIMITIVE.length), item);
  }
  for (const [key, item] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    const inner = schema?.properties?.[key] ?? schema?.additionalProperties;
    if (item === null) delete result[key];
    else if (Array.isArray(item)) result[key] = mergeList(result[key], item, inner, patch[ORDER + key]);
    else result[key] = strategicMerge(result[key], item, inner);
  }
  for (const [key, order] of Object.entries(patch)) {
    // An order without changes still orders.
    const name = key.slice(ORDER.length);
    if (!key.startsWith(ORDER) || patch[name] !== undefined) continue;
    const list = result[name];
    if (Array.isArray(list))
      result[name] = ordered(list, order, (schema?.properties?.[name] ?? {})['x-kubernetes-patch-merge-key']);
  }
  return result;
}

function deletePrimitives(target: Json, key: string, values: unknown): void {
  const list = target[key];
  if (Array.isArray(list) && Array.isArray(values)) target[key] = list.filter((item) => !values.includes(item));
}

function mergeList(value: unknown, patch: unknown[], schema: Schema | undefined, order: unknown): unknown[] {
  const replace = patch.some(
    (item) => isObject(item) && item[DIRECTIVE] === 'replace' && Object.keys(item).length === 1,
  );
  const items = patch.filter(
    (item) => !(isObject(item) && item[DIRECTIVE] === 'replace' && Object.keys(item).length === 1),
  );
  const merges = schema?.['x-kubernetes-patch-strategy'] === 'merge';
  if (replace || !merges) return items.map((item) => clean(item, schema?.items));
  const old = Array.isArray(value) ? (value as unknown[]) : [];
  const key = schema['x-kubernetes-patch-merge-key'];
  if (key === undefined) return ordered([...new Set([...old, ...items])], order, undefined);
  const result = [...old];
  for (const item of items) {
    if (!isObject(item)) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const id = item[key];
    if (id === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = result.findIndex((each) => isObject(each) && each[key] === id);
    if (item[DIRECTIVE] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicMerge(result[index], item, schema.items);
    else result.push(clean(item, schema.items));
  }
  return ordered(result, order, key);
}

/** Items named in the order come in that order; the others keep their place relative to each other, after them. */
function ordered(items: unknown[], order: unknown, key: string | undefined): unknown[] {
  if (!Array.isArray(order)) return items;
  const idOf = (item: unknown): unknown => (key === undefined || !isObject(item) ? item : item[key]);
  const places = new Map(order.map((item: unknown, index) => [idOf(item), index]));
  const place = (item: unknown): number => places.get(idOf(item)) ?? order.length;
  return items
    .map((item, index) => ({ item, index }))
    .sort((a, b) => place(a.item) - place(b.item) || a.index - b.index)
    .map(({ item }) => item);
}

/** What a patch adds, without its directives and nulls. */
function clean(item: unknown, schema: Schema | undefined): unknown {
  if (!isObject(item)) return item;
  const { [DIRECTIVE]: _directive, ...rest } = item;
  return strategicMerge({}, rest, schema);
}
