import type { KubeObject } from '../../model/objects.ts';
import { apiVersion, type Kind } from './kinds/kind.ts';
import type { Store } from './store.ts';

/** The object in a served version, converted where versions differ by more than apiVersion. */
export function inVersion<T extends KubeObject>(kind: Kind, version: string, object: T): T {
  const wanted = apiVersion(kind.group, version);
  if (object.apiVersion === wanted && object.kind === kind.kind) return object;
  const converted = kind.convert === undefined ? object : (kind.convert(object, version) as T);
  return { ...converted, apiVersion: wanted, kind: kind.kind };
}

/** A stored object as JSON in a served version. */
export function jsonOf(store: Store, kind: Kind, version: string, object: KubeObject): string {
  const served = inVersion(kind, version, object);
  return served === object ? store.json(object) : JSON.stringify(served);
}

/** As an item of a list: built-in kinds leave apiVersion and kind to the list, custom resources repeat them. */
export function itemJson(store: Store, kind: Kind, version: string, object: KubeObject): string {
  const json = jsonOf(store, kind, version, object);
  if (kind.custom) return json;
  const prefix = `{"apiVersion":"${apiVersion(kind.group, version)}","kind":"${kind.kind}",`;
  if (json.startsWith(prefix)) return `{${json.slice(prefix.length)}`;
  const { apiVersion: _version, kind: _kind, ...rest } = object;
  return JSON.stringify(rest);
}
