import type { Schema } from '../kinds/schema.ts';
import { isObject } from '../schema/structural.ts';
import { emptySet, type FieldSet, isEmpty, leaf } from './field-set.ts';

// What of an object a schema sees as fields of their own (structured-merge-diff): maps and structures field by field,
// lists by their declared type; a list without one, or a structure declared atomic, is one field.

/** The children of a value by path element, or undefined if it is one field. */
export function childrenOf(value: unknown, schema: Schema | undefined): Map<string, Child> | undefined {
  if (isObject(value)) {
    if (schema?.['x-kubernetes-map-type'] === 'atomic') return undefined;
    return new Map(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [
          `f:${key}`,
          { value: item, schema: schema?.properties?.[key] ?? schema?.additionalProperties },
        ]),
    );
  }
  if (!Array.isArray(value)) return undefined;
  const type = schema?.['x-kubernetes-list-type'];
  if (type !== 'map' && type !== 'set') return undefined;
  return new Map(value.map((item: unknown) => [itemElement(item, schema), { value: item, schema: schema?.items }]));
}

export interface Child {
  value: unknown;
  schema: Schema | undefined;
}

/** `k:{"name":"x"}` or `v:"x"`. */
export function itemElement(item: unknown, list: Schema | undefined): string {
  if (list?.['x-kubernetes-list-type'] === 'set' || !isObject(item)) return `v:${JSON.stringify(item)}`;
  const keys = [...(list?.['x-kubernetes-list-map-keys'] ?? [])].sort();
  const of = keys.map((key) => [key, item[key] ?? list?.items?.properties?.[key]?.default] as const);
  return `k:${JSON.stringify(Object.fromEntries(of.filter(([, value]) => value !== undefined)))}`;
}

/** The fields of an applied configuration: its leaves, and the items of lists by key. */
export function fieldsOf(value: unknown, schema: Schema | undefined): FieldSet {
  const children = childrenOf(value, schema);
  if (children === undefined || children.size === 0) return leaf();
  const set = emptySet();
  for (const [element, child] of children) {
    const inner = fieldsOf(child.value, child.schema);
    if (element.startsWith('k:')) inner.self = true;
    set.children.set(element, inner);
  }
  return set;
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** What differs between two states of an object. Added and removed structures are in their sets with all they hold. */
export function compare(before: unknown, after: unknown, schema: Schema | undefined): Comparison {
  const result: Comparison = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  const old = childrenOf(before, schema);
  const now = childrenOf(after, schema);
  if (old === undefined || now === undefined) {
    if (!same(before, after)) result.modified.self = true;
    return result;
  }
  for (const [element, child] of now) {
    const was = old.get(element);
    if (was === undefined) {
      result.added.children.set(element, everything(child));
      continue;
    }
    const inner = compare(was.value, child.value, child.schema);
    for (const part of ['added', 'modified', 'removed'] as const) {
      if (!isEmpty(inner[part])) result[part].children.set(element, inner[part]);
    }
  }
  for (const [element, child] of old) if (!now.has(element)) result.removed.children.set(element, everything(child));
  return result;
}

function everything({ value, schema }: Child): FieldSet {
  const set = leaf();
  for (const [element, child] of childrenOf(value, schema) ?? []) set.children.set(element, everything(child));
  return set;
}

/** Equality of JSON values; the order of fields does not matter. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  let count = 0;
  for (const key of Object.keys(a)) {
    if (a[key] === undefined) continue;
    if (!same(a[key], b[key])) return false;
    count++;
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined) count--;
  return count === 0;
}
