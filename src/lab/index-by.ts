import type { KubeObject } from '../model/objects.ts';
import type { ResourceName, Store } from './api/store.ts';

/** Objects of a resource by something other than their name, kept current as the store changes. */
export interface Index<T> {
  /** In the order they came under this value. */
  get(value: string): T[];
  count(value: string): number;
}

export function indexBy<T extends KubeObject>(
  store: Store,
  resource: ResourceName,
  valueOf: (object: T) => string | undefined,
): Index<T> {
  const index = new Map<string, Map<string, T>>();
  const put = (object: T): void => {
    const value = valueOf(object);
    if (value === undefined) return;
    let under = index.get(value);
    if (under === undefined) {
      under = new Map();
      index.set(value, under);
    }
    under.set(object.metadata.uid ?? '', object);
  };
  const drop = (object: T): void => {
    const value = valueOf(object);
    if (value === undefined) return;
    const under = index.get(value);
    under?.delete(object.metadata.uid ?? '');
    if (under?.size === 0) index.delete(value);
  };
  for (const object of store.values<T>(resource)) put(object);
  store.subscribe((event) => {
    if (event.resource !== resource) return;
    const object = event.object as T;
    const previous = event.previous as T | undefined;
    if (event.type === 'DELETED') {
      drop(previous ?? object);
      return;
    }
    if (previous !== undefined && valueOf(previous) !== valueOf(object)) drop(previous);
    put(object);
  });
  return {
    get: (value) => [...(index.get(value)?.values() ?? [])],
    count: (value) => index.get(value)?.size ?? 0,
  };
}
