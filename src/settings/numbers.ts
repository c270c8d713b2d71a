import { bytesOf } from '../model/quantity.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Numbers } from './loads.ts';
import type { Value } from './parameters.ts';
import { readSettings, versionIn } from './read.ts';

/** The settings as numbers; what is not known is KubeVirt's default, which the basis says. */
export function numbersOf(snapshot: Snapshot): Numbers {
  const number = (name: string, fallback: number): number => {
    const value = valueOf(snapshot, name);
    return typeof value === 'number' ? value : fallback;
  };
  const flag = (name: string): boolean => valueOf(snapshot, name) === true;
  return {
    parallelMigrationsPerCluster: number('parallelMigrationsPerCluster', 5),
    parallelOutboundMigrationsPerNode: number('parallelOutboundMigrationsPerNode', 2),
    bandwidthPerMigration: bytesOf(String(valueOf(snapshot, 'bandwidthPerMigration') ?? 0)),
    completionTimeoutPerGiB: number('completionTimeoutPerGiB', 150),
    progressTimeout: number('progressTimeout', 150),
    allowAutoConverge: flag('allowAutoConverge'),
    allowPostCopy: flag('allowPostCopy'),
    // Until 1.4 there is no such setting: allowPostCopy alone decides.
    allowWorkloadDisruption:
      versionIn(snapshot)?.workloadDisruption === false ? flag('allowPostCopy') : flag('allowWorkloadDisruption'),
  };
}

export function valueOf(snapshot: Snapshot, name: string): Value | null {
  return readSettings(snapshot).find((each) => each.name === name)?.value ?? null;
}
