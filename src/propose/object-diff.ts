import { isDeepStrictEqual } from 'node:util';
import { FerryError } from '../model/errors.ts';
import type { FieldChange } from './draft.ts';

type Fields = Record<string, unknown>;

/** What of an object differs from what was given of it. */
export interface Difference {
  /** Field by field, in the order of what was given; null: not set. */
  fields: FieldChange[];
  /** The merge patch (RFC 7386) that brings them about; undefined: nothing differs. */
  patch: Fields | undefined;
}

/**
 * How a value is told to readers: what is not for them is left out or replaced. A field that was given just as it is told
 * was not changed by who gave it.
 */
export type Told = (value: unknown) => unknown;

/**
 * What merging `given` into `present` changes: exactly the fields that are named in it; null takes one out. Items of a
 * list are merged by their `name`, or have to contain all there are. Pure. Throws FERRY_E_REFUSED where something that is
 * not named would be lost.
 */
export function differenceOf(given: Fields, present: Fields, told: Told = (value) => value): Difference {
  const fields: FieldChange[] = [];
  const patch = mergeFields(given, present, told(present), '', fields);
  return { fields, patch: patch as Fields | undefined };
}

/** The fields of an object that is to be created, each with what it is to be. */
export function fieldsOf(value: unknown, path = ''): FieldChange[] {
  if (!isFields(value) || Object.keys(value).length === 0) return [{ path, from: null, to: value }];
  return Object.entries(value).flatMap(([key, each]) => fieldsOf(each, step(path, key)));
}

/** Without the fields that are null: they say that there is to be nothing. */
export function pruned(value: unknown): unknown {
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== undefined)
      .map(([key, each]) => [key, pruned(each)]),
  );
}

/** `.spec.x`, `.metadata.labels['a/b']`. */
export function step(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return /^[A-Za-z_$][\w$-]*$/.test(key) ? `${path}.${key}` : `${path}['${key}']`;
}

/** The patch of the fields that differ, or undefined. */
function mergeFields(given: Fields, present: Fields, told: unknown, path: string, fields: FieldChange[]): unknown {
  const entries = Object.entries(given).flatMap(([key, wanted]): [string, unknown][] => {
    if (wanted === undefined) return [];
    const now = own(present, key);
    const merged = mergeValue(wanted, now, own(told, key), step(path, key), fields);
    return merged === SAME ? [] : [[key, merged]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const SAME = Symbol('nothing differs');

/** What a merge patch says of one value, or SAME. */
function mergeValue(wanted: unknown, now: unknown, told: unknown, path: string, fields: FieldChange[]): unknown {
  if (isDeepStrictEqual(wanted, now) || (told !== undefined && isDeepStrictEqual(wanted, told))) return SAME;
  if (wanted === null) {
    if (now === undefined || now === null) return SAME;
    fields.push({ path, from: now, to: null });
    return null;
  }
  if (now === undefined || now === null) {
    const all = pruned(wanted);
    fields.push(...fieldsOf(all, path));
    return all;
  }
  if (isFields(wanted) && isFields(now)) return mergeFields(wanted, now, told, path, fields) ?? SAME;
  if (Array.isArray(wanted) && Array.isArray(now)) return mergeList(wanted, now, told, path, fields);
  if (typeof wanted === 'object' || typeof now === 'object')
    throw loses(
      path,
      'what is there is of another form',
      'Look at the object with resources_get, and give it in the same form.',
    );
  fields.push({ path, from: now, to: wanted });
  return wanted;
}

/** The whole list as it is to be: a merge patch knows no parts of one. */
function mergeList(
  wanted: readonly unknown[],
  now: readonly unknown[],
  told: unknown,
  path: string,
  fields: FieldChange[],
): unknown {
  const [byName, names] = [named(now), named(wanted)];
  if (byName === undefined || names === undefined || names.size === 0) return replaced(wanted, now, told, path, fields);
  const before = fields.length;
  const merged = [...byName].map(([name, item], index) => {
    const given = names.get(name);
    if (given === undefined) return item;
    const patch = mergeFields(given, item, own(told, index), step(path, index), fields);
    return applied(item, patch as Fields | undefined);
  });
  for (const [name, given] of names) {
    if (byName.has(name)) continue;
    const item = pruned(given);
    fields.push({ path: step(path, merged.length), from: null, to: item });
    merged.push(item as Fields);
  }
  return fields.length === before ? SAME : merged;
}

function replaced(
  wanted: readonly unknown[],
  now: readonly unknown[],
  told: unknown,
  path: string,
  fields: FieldChange[],
): unknown {
  const left = [...wanted];
  const result = [...wanted];
  const lost = now.filter((item, index) => {
    const same = (each: unknown): boolean => isDeepStrictEqual(each, item) || isDeepStrictEqual(each, own(told, index));
    const found = left.findIndex(same);
    if (found === -1) return true;
    left.splice(found, 1, undefined);
    result[found] = item;
    return false;
  });
  if (lost.length > 0) {
    const shown = JSON.stringify(own(told, now.indexOf(lost[0]))) ?? 'an item';
    throw loses(
      path,
      `${lost.length === 1 ? 'an item' : `${lost.length} items`} of the list would be lost: ${shown.slice(0, 200)}`,
      'This tool takes no items out of lists; give all there are, and new ones after them.',
    );
  }
  if (isDeepStrictEqual(result, now)) return SAME;
  fields.push({ path, from: now, to: result });
  return result;
}

/** The items of a list by their name, if all have one of their own. */
function named(list: readonly unknown[]): Map<string, Fields> | undefined {
  const byName = new Map<string, Fields>();
  for (const item of list) {
    const name = isFields(item) ? own(item, 'name') : undefined;
    if (typeof name !== 'string' || byName.has(name)) return undefined;
    byName.set(name, item as Fields);
  }
  return byName;
}

/** A merge patch applied (RFC 7386). */
export function applied(target: Fields, patch: Fields | undefined): Fields {
  const result = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch ?? {})) {
    const now = result.get(key);
    if (value === null) result.delete(key);
    else result.set(key, isFields(value) ? applied(isFields(now) ? now : {}, value) : value);
  }
  return Object.fromEntries(result);
}

function loses(path: string, why: string, hint: string): FerryError {
  return new FerryError('FERRY_E_REFUSED', `${path} is not written: ${why}; nothing was changed`, hint);
}

function own(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
