import { bytesOf } from '../model/quantity.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { settingsInForce } from './drift.ts';
import type { Numbers } from './loads.ts';
import type { Value } from './parameters.ts';
import { readSettings, versionIn } from './read.ts';
import type { Settings } from './rules.ts';

/** Settings as numbers, by default those in force; what is not known is KubeVirt's default, which the basis says. */
export function numbersOf(snapshot: Snapshot, settings: Settings = settingsInForce(snapshot)): Numbers {
  const number = (name: string, fallback: number): number => {
    const value = settings[name];
    return typeof value === 'number' ? value : fallback;
  };
  const flag = (name: string): boolean => settings[name] === true;
  return {
    parallelMigrationsPerCluster: number('parallelMigrationsPerCluster', 5),
    parallelOutboundMigrationsPerNode: number('parallelOutboundMigrationsPerNode', 2),
    bandwidthPerMigration: bytesOf(String(settings['bandwidthPerMigration'] ?? 0)),
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
