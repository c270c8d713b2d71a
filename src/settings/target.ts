import { compareText } from '../model/memo.ts';
import type { HyperConverged, KubeObject, KubeVirt } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { Value } from './parameters.ts';

/** The object that holds the settings, and where in it. */
export interface Holder {
  object: KubeObject;
  /** `['spec', 'liveMigrationConfig']`. */
  path: string[];
}

/** Where a HyperConverged keeps the settings: v1 moved them under spec.virtualization (facts/kubevirt.md A10). */
export function hyperConvergedPath(apiVersion: string): string[] {
  return apiVersion === 'hco.kubevirt.io/v1beta1'
    ? ['spec', 'liveMigrationConfig']
    : ['spec', 'virtualization', 'liveMigrationConfig'];
}

export const KUBEVIRT_PATH = ['spec', 'configuration', 'migrations'];

export interface Holders {
  hyperConverged?: HyperConverged;
  kubeVirt?: KubeVirt;
}

export function holdersOf(snapshot: Snapshot): Holders {
  const hyperConverged = first(itemsOf(snapshot.lists.hyperConvergeds));
  const kubeVirt = first(itemsOf(snapshot.lists.kubeVirts));
  return {
    ...(hyperConverged !== undefined && { hyperConverged }),
    ...(kubeVirt !== undefined && { kubeVirt }),
  };
}

/** Who decides: HyperConverged where there is one, for it makes KubeVirt's CR what it says; else KubeVirt's CR. */
export function holderOf({ hyperConverged, kubeVirt }: Holders): Holder | undefined {
  if (hyperConverged !== undefined) {
    return { object: hyperConverged, path: hyperConvergedPath(hyperConverged.apiVersion) };
  }
  return kubeVirt === undefined ? undefined : { object: kubeVirt, path: KUBEVIRT_PATH };
}

/** What stands at a path of an object; undefined for null, too. */
export function at(object: unknown, path: readonly string[]): unknown {
  let found: unknown = object;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found ?? undefined;
}

/** The values of settings that an object holds. */
export function valuesAt({ object, path }: Holder): Record<string, Value | undefined> {
  return (at(object, path) ?? {}) as Record<string, Value | undefined>;
}

/** `.spec.liveMigrationConfig.network`. */
export function fieldOf(path: readonly string[], name?: string): string {
  return `.${[...path, ...(name === undefined ? [] : [name])].join('.')}`;
}

function first<T extends KubeObject>(items: T[]): T | undefined {
  return items.toSorted(
    (a, b) =>
      compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
      compareText(a.metadata.name, b.metadata.name),
  )[0];
}
