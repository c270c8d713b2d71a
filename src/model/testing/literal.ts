import type { Evidence } from '../finding.ts';
import type { KubeObject } from '../objects.ts';
import { itemsOf, type Listing, type Snapshot } from '../snapshot.ts';

/** What literally stands in the Snapshot where an evidence points to; null where nothing does, undefined if it names no object of the Snapshot. */
export function literal(snapshot: Snapshot, { object: { kind, namespace, name }, field }: Evidence): unknown {
  const all = Object.values(snapshot.lists).flatMap((listing) => itemsOf(listing as Listing<KubeObject>));
  const found = all.find(
    ({ kind: its, metadata }) => its === kind && metadata.name === name && metadata.namespace === namespace,
  );
  return found === undefined ? undefined : (valueAt(found, field) ?? null);
}

/** `.a.b`, `.a["b/c"]`, `.list[name=x]`. */
function valueAt(object: unknown, field: string): unknown {
  let value = object;
  for (const [, key, quoted, by, wanted] of field.matchAll(/\.(\w+)|\["([^"]+)"\]|\[(\w+)=([^\]]+)\]/g)) {
    if (value === undefined || value === null) return undefined;
    const name = key ?? quoted;
    value =
      name === undefined
        ? (value as Record<string, unknown>[]).find((item) => item[by as string] === wanted)
        : (value as Record<string, unknown>)[name];
  }
  return value;
}
