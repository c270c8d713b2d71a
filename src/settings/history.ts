import { isDeepStrictEqual } from 'node:util';
import type { Subject } from '../model/finding.ts';
import type { MigrationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { Change } from './decide.ts';
import { isObject } from './object.ts';
import { parameterOf, type Value } from './parameters.ts';
import { same } from './read.ts';

/**
 * What became of a change. `pending`: it was recorded, and then nobody wrote what became of it: Ferry ended in between,
 * or is at it. `unconfirmed`: it is written, but KubeVirt was not seen to take it.
 */
export type Outcome = 'pending' | 'applied' | 'unconfirmed' | 'failed';

/** One change of settings, written down before it was made. */
export interface ChangeRecord {
  id: number;
  /** RFC 3339, by the API server's clock. */
  at: string;
  by: string;
  apiVersion: string;
  object: Subject;
  /** Where in the object the settings are. */
  path: string[];
  changes: Change[];
  creates?: string[];
  /** A MigrationPolicy that was created; then there are no `changes`. */
  policy?: MigrationPolicy;
  outcome: Outcome;
  /** Why it failed. */
  message?: string;
  /** The change that this one took back. */
  reverts?: number;
}

export const HISTORY_NAME = 'ferry-settings-history';

/** Changes that are kept; a ConfigMap may have 1 MiB, and a record of all settings has some 3 KiB. */
const KEPT = 50;

const KEY = /^change-(\d+)$/;

export function recordKey(id: number): string {
  return `change-${String(id).padStart(6, '0')}`;
}

/** A record as it is stored. */
export function recordText(record: ChangeRecord): string {
  return JSON.stringify(record);
}

/** The records of a ConfigMap's data, oldest first. Entries that others have written are left out. */
export function recordsIn(data: Record<string, string> | undefined): ChangeRecord[] {
  return Object.entries(data ?? {})
    .flatMap(([key, text]): ChangeRecord[] => {
      const id = Number(KEY.exec(key)?.[1] ?? Number.NaN);
      const record = parsed(text);
      return record === undefined || record.id !== id ? [] : [record];
    })
    .sort((a, b) => a.id - b.id);
}

function parsed(text: string): ChangeRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || typeof value['id'] !== 'number' || !Array.isArray(value['changes'])) return undefined;
    if (!isObject(value['object']) || !Array.isArray(value['path'])) return undefined;
    return value as unknown as ChangeRecord;
  } catch {
    return undefined;
  }
}

/** The data keys that have to go so that no more than KEPT are left after one is added. */
export function surplus(data: Record<string, string> | undefined): string[] {
  const keys = Object.keys(data ?? {})
    .filter((key) => KEY.test(key))
    .sort();
  return keys.slice(0, Math.max(0, keys.length + 1 - KEPT));
}

export function nextId(data: Record<string, string> | undefined): number {
  return 1 + Math.max(0, ...Object.keys(data ?? {}).map((key) => Number(KEY.exec(key)?.[1] ?? 0)));
}

/** How the present values relate to a record. */
export type Standing = 'stands' | 'taken-back' | 'changed-since';

/** What records are compared with. */
export interface Present {
  values: Record<string, Value | undefined>;
  policies: MigrationPolicy[];
}

export function presentOf(values: Present['values'], snapshot: Snapshot): Present {
  return { values, policies: itemsOf(snapshot.lists.migrationPolicies) };
}

/** Whether what a change wrote still stands, is back as it was, or has become something else. */
export function standingOf(
  { changes, policy }: Pick<ChangeRecord, 'changes' | 'policy'>,
  { values, policies }: Present,
): Standing {
  if (policy !== undefined) {
    const found = policies.find(({ metadata }) => metadata.name === policy.metadata.name);
    if (found === undefined) return 'taken-back';
    return isDeepStrictEqual(found.spec, policy.spec) ? 'stands' : 'changed-since';
  }
  const all = (side: 'from' | 'to'): boolean =>
    changes.every((change) =>
      same(parameterOf(change.name) ?? { name: change.name, type: 'text' }, values[change.name], change[side]),
    );
  return all('to') ? 'stands' : all('from') ? 'taken-back' : 'changed-since';
}

/** What a record without an outcome turns out to be, by the present values. */
export function settle(record: ChangeRecord, present: Present): { outcome: Outcome; message: string } {
  const standing = standingOf(record, present);
  if (standing === 'stands')
    return { outcome: 'applied', message: 'Ferry ended before it could write the outcome; the new values stand' };
  if (standing === 'taken-back')
    return { outcome: 'failed', message: 'Ferry ended before it made the change; the old values stand' };
  return {
    outcome: 'unconfirmed',
    message: 'Ferry ended before it could write the outcome; the values are neither the old nor the new ones',
  };
}
