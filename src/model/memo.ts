import type { Snapshot } from './snapshot.ts';

/** A view of a Snapshot that is built once for each Snapshot, which is immutable. */
export function perSnapshot<T>(build: (snapshot: Snapshot) => T): (snapshot: Snapshot) => T {
  const built = new WeakMap<Snapshot, { value: T }>();
  return (snapshot) => {
    let entry = built.get(snapshot);
    if (entry === undefined) {
      entry = { value: build(snapshot) };
      built.set(snapshot, entry);
    }
    return entry.value;
  };
}

/** `namespace/name`, or the name of what has no namespace. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Items by `namespace/name`. */
export function byName<T extends { metadata: { name: string; namespace?: string } }>(items: T[]): Map<string, T> {
  const map = new Map<string, T>();
  for (const item of items) map.set(keyOf(item.metadata.namespace, item.metadata.name), item);
  return map;
}

/** Items by what `key` gives; those it gives undefined for are left out. */
export function groupBy<T>(items: Iterable<T>, key: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** For sorting: code-unit order, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
