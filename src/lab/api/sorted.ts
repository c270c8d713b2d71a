import type { KubeObject } from '../../model/objects.ts';

/** How many changes are worth applying to a sorted listing; with more it is made anew. */
const WORTH = 512;

/**
 * The objects of one resource by namespace and name. A listing, once handed out, never changes: changes make a new
 * one when the next is asked for. Keeps lists of 10,000 objects cheap while a few of them change all the time.
 */
export class SortedListing {
  #items: readonly KubeObject[] | undefined;
  #changes: { object: KubeObject; gone: boolean }[] = [];

  changed(object: KubeObject, gone: boolean): void {
    if (this.#items === undefined) return;
    this.#changes.push({ object, gone });
    if (this.#changes.length <= WORTH) return;
    this.#items = undefined;
    this.#changes = [];
  }

  items(all: () => Iterable<KubeObject>): readonly KubeObject[] {
    if (this.#items === undefined) this.#items = [...all()].sort(byNamespaceAndName);
    if (this.#changes.length > 0) {
      const items = [...this.#items];
      for (const { object, gone } of this.#changes) {
        const index = lowerBound(items, object);
        const found = items[index] !== undefined && byNamespaceAndName(items[index], object) === 0;
        if (gone) items.splice(index, found ? 1 : 0);
        else items.splice(index, found ? 1 : 0, object);
      }
      this.#items = items;
      this.#changes = [];
    }
    return this.#items;
  }
}

/** Index of the first item that is not before `object`. */
export function lowerBound(items: readonly KubeObject[], object: KubeObject): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byNamespaceAndName(items[middle] as KubeObject, object) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of a list: etcd's, by namespace and then name. */
export function byNamespaceAndName(a: KubeObject, b: KubeObject): number {
  return compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || compare(a.metadata.name, b.metadata.name);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
