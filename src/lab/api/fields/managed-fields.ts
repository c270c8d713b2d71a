import type { KubeObject, ObjectMeta } from '../../../model/objects.ts';
import type { Schema } from '../kinds/schema.ts';
import { seconds } from '../store.ts';
import { type Comparison, compare } from './compare.ts';
import {
  difference,
  differenceBelow,
  emptySet,
  type FieldSet,
  type FieldsV1,
  fromFields,
  isEmpty,
  leaf,
  toFields,
  union,
} from './field-set.ts';

/** Who writes, and through which door; one entry of managedFields each. */
export interface Manager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
}

/** One entry of managedFields, decoded. */
export interface Owned extends Manager {
  fields: FieldSet;
  time?: string;
}

/** Objects in other versions than the one they are written in, where versions have fields of their own. */
export type InVersion = (object: KubeObject, apiVersion: string) => { object: KubeObject; schema: Schema };

/** What changed between two states, as the fields of any version. */
export function comparisons(
  before: KubeObject,
  after: KubeObject,
  by: { apiVersion: string; schema: Schema },
  inVersion: InVersion | undefined,
): (apiVersion: string) => Comparison {
  const own = compare(before, after, by.schema);
  return (apiVersion) => {
    if (inVersion === undefined || apiVersion === by.apiVersion) return own;
    const now = inVersion(after, apiVersion);
    return compare(inVersion(before, apiVersion).object, now.object, now.schema);
  };
}

type Entry = NonNullable<ObjectMeta['managedFields']>[number];

/** Metadata that nobody owns: the server sets it, or it cannot change. */
const UNOWNED = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
];

export function withoutUnowned(set: FieldSet): FieldSet {
  const unowned = emptySet();
  unowned.children.set('f:apiVersion', leaf());
  unowned.children.set('f:kind', leaf());
  const metadata = { self: true, children: new Map(UNOWNED.map((name) => [`f:${name}`, leaf()])) };
  unowned.children.set('f:metadata', metadata);
  return differenceBelow(set, unowned);
}

export function ownedBy(object: KubeObject): Owned[] {
  return (object.metadata.managedFields ?? [])
    .filter((entry) => entry.manager !== undefined)
    .map((entry) => ({
      manager: entry.manager ?? '',
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: entry.apiVersion ?? '',
      ...(entry.subresource === undefined ? {} : { subresource: entry.subresource }),
      ...(entry.time === undefined ? {} : { time: entry.time }),
      fields: fromFields((entry.fieldsV1 ?? {}) as FieldsV1),
    }));
}

export function isSame(a: Manager, b: Manager): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    (a.subresource ?? '') === (b.subresource ?? '') &&
    a.apiVersion === b.apiVersion
  );
}

/** The object with these managedFields, sorted as Kubernetes sorts them; without any if there are none. */
export function withManaged<T extends KubeObject>(object: T, owned: Owned[]): T {
  const entries = owned
    .filter(({ fields }) => !isEmpty(fields))
    .sort((a, b) => order(a).localeCompare(order(b)))
    .map(
      ({ fields, manager, operation, apiVersion, subresource, time }): Entry => ({
        apiVersion,
        fieldsType: 'FieldsV1',
        fieldsV1: toFields(fields),
        manager,
        operation,
        ...(subresource === undefined ? {} : { subresource }),
        ...(time === undefined ? {} : { time }),
      }),
    );
  const { managedFields: _old, ...metadata } = object.metadata;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

function order({ operation, time = '', manager, apiVersion, subresource = '' }: Owned): string {
  return [operation, time, manager, apiVersion, subresource].join('\u0000');
}

/**
 * Records a plain write (create, PUT, any patch but apply): the writer owns what it added or changed, everyone else
 * loses that and what went away. `before` is undefined at a creation. Objects that were never written through the API
 * have no managedFields, and get none by a plain write.
 */
export function recordUpdate<T extends KubeObject>(
  before: KubeObject | undefined,
  after: T,
  by: Manager,
  schema: Schema,
  now: number,
  inVersion?: InVersion,
): T {
  const given = after.metadata.managedFields;
  // An empty list, or one empty entry, is how clients reset managedFields.
  const reset = given !== undefined && given.every((entry) => entry.manager === undefined);
  if (reset && before !== undefined) return withManaged(after, []);
  const base = before === undefined ? [] : ownedBy(given === undefined ? before : after);
  if (before !== undefined && base.length === 0) return withManaged(after, []);
  const nothing = { metadata: {} } as KubeObject;
  const differences = comparisons(before ?? nothing, after, { apiVersion: by.apiVersion, schema }, inVersion);
  const { added, modified, removed } = differences(by.apiVersion);
  const changed = withoutUnowned(union(added, modified));
  const owned = base.map((entry) => {
    if (isSame(entry, by)) return entry;
    const others = differences(entry.apiVersion);
    const lost = withoutUnowned(union(others.added, others.modified));
    return { ...entry, fields: differenceBelow(difference(entry.fields, lost), others.removed) };
  });
  const mine = owned.find((entry) => isSame(entry, by));
  const fields = differenceBelow(union(mine?.fields ?? emptySet(), changed), removed);
  // As recorded: the time is that of the last write that changed a field, its own or not; taking fields away is none.
  const time = isEmpty(changed) ? mine?.time : seconds(now);
  if (mine === undefined) owned.push({ ...by, fields, ...(time === undefined ? {} : { time }) });
  else Object.assign(mine, { fields, time });
  return withManaged(after, owned);
}
