import { type Kind, resourceName } from './kinds/kind.ts';
import type { ResourceName } from './store.ts';

/** Finds kinds by what requests name them. */
export interface KindTable {
  all: readonly Kind[];
  of(resource: ResourceName): Kind | undefined;
  /** Only if the version is served. */
  served(group: string, version: string, plural: string): Kind | undefined;
}

export function kindTable(kinds: readonly Kind[]): KindTable {
  const byResource = new Map(kinds.map((kind) => [resourceName(kind), kind]));
  return {
    all: kinds,
    of: (resource) => byResource.get(resource),
    served: (group, version, plural) => {
      const kind = byResource.get(resourceName({ group, plural }));
      return kind?.versions.includes(version) ? kind : undefined;
    },
  };
}
