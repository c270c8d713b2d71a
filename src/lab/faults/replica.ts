import type { Listed, ResourceName, Store } from '../api/store.ts';

/** What a store reads at this moment, for ever after: an API server whose watch cache no longer hears from etcd. */
export function frozenReads(store: Store): Store {
  const version = store.version;
  const listings = new Map<ResourceName, Listed>();
  for (const resource of store.resources()) listings.set(resource, store.listing(resource));
  const objects = new Map<ResourceName, Map<string, unknown>>();
  const listing = (resource: ResourceName): Listed => listings.get(resource) ?? { version, items: [] };
  const byName = (resource: ResourceName): Map<string, unknown> => {
    let named = objects.get(resource);
    if (named === undefined) {
      named = new Map(
        listing(resource).items.map((item) => [`${item.metadata.namespace ?? ''}/${item.metadata.name}`, item]),
      );
      objects.set(resource, named);
    }
    return named;
  };
  const frozen = {
    version,
    listing,
    list: (resource: ResourceName, namespace?: string) =>
      listing(resource).items.filter((item) => namespace === undefined || item.metadata.namespace === namespace),
    get: (resource: ResourceName, namespace: string | undefined, name: string) =>
      byName(resource).get(`${namespace ?? ''}/${name}`),
    listingAt: (resource: ResourceName, at: number) =>
      at === version ? listing(resource) : store.listingAt(resource, at),
  };
  return new Proxy(store, {
    get: (real, property) => {
      if (Object.hasOwn(frozen, property)) return frozen[property as keyof typeof frozen];
      const value: unknown = Reflect.get(real, property, real);
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(real) : value;
    },
  });
}
