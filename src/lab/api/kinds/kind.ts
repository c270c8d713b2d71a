import type { KubeObject } from '../../../model/objects.ts';
import type { ResourceName } from '../store.ts';
import type { Schema } from './schema.ts';

/** A column of `kubectl get`. */
export interface Column {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description?: string;
  /** 0 is always shown, 1 with `-o wide`. */
  priority?: number;
  /** A JSONPath, or for computed cells a function of the object and the lab's time in ms. */
  value: string | ((object: KubeObject, now: number) => unknown);
}

/** One kind the server stores and serves. Kinds are data: adding one is adding an entry to a table. */
export interface Kind {
  /** '' is the core group. */
  group: string;
  /** Served versions, the preferred one first. */
  versions: string[];
  /** The version objects are stored in. Without `convert`, others differ by apiVersion only. */
  storage: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames?: string[];
  categories?: string[];
  namespaced: boolean;
  /** Custom resources know no strategic merge patches (415) and delete to a Status; built-in kinds the reverse. */
  custom: boolean;
  schema: Schema;
  /** The schemas of versions that have one of their own. */
  schemas?: Record<string, Schema>;
  /** The conversion webhook: an object in any served version, in the version asked for. */
  convert?(object: KubeObject, version: string): KubeObject;
  /** Columns after Name. */
  columns: Column[];
  /** Whether `/status` exists; then the main resource ignores status, and `/status` everything else. */
  status: boolean;
  /** Field selectors besides metadata.name and metadata.namespace, with how to read their value. */
  fields?: Record<string, (object: KubeObject) => string>;
  /** The CRD has CEL rules: a type error is followed by the remark that they were not checked. */
  rules?: boolean;
  /** A deletion answers with the object rather than a Status. */
  deleteReturnsObject?: boolean;
}

/** `pods`, `virtualmachines.kubevirt.io`. */
export function resourceName({ group, plural }: { group: string; plural: string }): ResourceName {
  return group === '' ? plural : `${plural}.${group}`;
}

/** The schema of a version. */
export function schemaOf(kind: Kind, version: string): Schema {
  return kind.schemas?.[version] ?? kind.schema;
}

/** The version in which a request is defaulted, admitted and validated: its own where versions differ, else the stored one. */
export function workingVersion(kind: Kind, version: string): string {
  return kind.convert === undefined ? kind.storage : version;
}

/** `v1`, `kubevirt.io/v1`. */
export function apiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Age as a CRD's printer columns have it: a date, which clients show as an age. */
export const age: Column = {
  name: 'Age',
  type: 'date',
  value: '.metadata.creationTimestamp',
};

/** The column of custom resources that declare none. */
export const customAge: Column = {
  ...age,
  description:
    'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.',
};

export const column = (
  name: string,
  value: Column['value'],
  more: { type?: Column['type']; priority?: number; description?: string } = {},
): Column => ({ name, type: 'string', value, ...more });

export const wide = (name: string, value: Column['value'], more: { type?: Column['type'] } = {}): Column => ({
  name,
  type: 'string',
  value,
  priority: 1,
  ...more,
});
