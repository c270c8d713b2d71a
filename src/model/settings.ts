import { type Subject, subjectOf } from './finding.ts';
import { compareText, perSnapshot } from './memo.ts';
import type { HyperConverged, KubeVirt, LiveMigrationConfig, MigrationConfiguration } from './objects.ts';
import { bytesOf } from './quantity.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { type KubeVirtVersion, knownVersion, versions } from './versions/index.ts';

/** Where a value comes from. `default`: KubeVirt's built-in one; `unknown`: nobody could be asked. */
export type Origin = 'HyperConverged' | 'KubeVirt' | 'MigrationPolicy' | 'default' | 'unknown';

export interface Setting<T> {
  /** Undefined when unknown, or when the setting has no value (no migration network). */
  value: T | undefined;
  origin: Origin;
  /** The object that holds it, and the field; absent for defaults. */
  object?: Subject;
  field?: string;
  /** What stands there: `64Mi` where the value is a number of bytes. */
  raw?: unknown;
}

/** The live-migration settings in force for the cluster; MigrationPolicies may change some of them for a VM. */
export interface MigrationSettings {
  parallelMigrationsPerCluster: Setting<number>;
  parallelOutboundMigrationsPerNode: Setting<number>;
  /** Bytes per second; 0: no limit. */
  bandwidthPerMigration: Setting<number>;
  /** Seconds for each started 10^9 bytes (facts/kubevirt.md D1); 0: none. */
  completionTimeoutPerGiB: Setting<number>;
  /** Seconds; 0: none. */
  progressTimeout: Setting<number>;
  /** NetworkAttachmentDefinition of the migration network. */
  network: Setting<string>;
  allowAutoConverge: Setting<boolean>;
  allowPostCopy: Setting<boolean>;
  allowWorkloadDisruption: Setting<boolean>;
}

type Name = keyof MigrationSettings;
type Raw = string | number | boolean | undefined;

const names = [
  'parallelMigrationsPerCluster',
  'parallelOutboundMigrationsPerNode',
  'bandwidthPerMigration',
  'completionTimeoutPerGiB',
  'progressTimeout',
  'network',
  'allowAutoConverge',
  'allowPostCopy',
  'allowWorkloadDisruption',
] as const satisfies readonly Name[];

/**
 * KubeVirt's built-in default (facts/kubevirt.md A8); of an unknown version one that all versions share, and undefined
 * where they differ.
 */
function builtInOf(name: Name, kubevirt: string | undefined): Raw {
  const of = ({ migrationDefaults }: KubeVirtVersion): Raw =>
    normal(name, (migrationDefaults as Partial<Record<Name, Raw>>)[name]);
  const known = knownVersion(kubevirt);
  if (known !== undefined) return of(known.version);
  const [first, ...others] = new Set(versions.map(of));
  return others.length === 0 ? first : undefined;
}

/**
 * The settings in force. What KubeVirt's CR says counts, for virt-controller reads nothing else; a value that
 * HyperConverged holds too is HyperConverged's, which writes it there (facts/kubevirt.md A10). Where KubeVirt's CR could
 * not be read, HyperConverged's values stand in, and what it does not set is unknown.
 */
export const settingsOf = perSnapshot((snapshot: Snapshot): MigrationSettings => {
  const kubeVirt = first(itemsOf(snapshot.lists.kubeVirts));
  const hyperConverged = first(itemsOf(snapshot.lists.hyperConvergeds));
  const found = {} as Record<Name, Setting<unknown>>;
  for (const name of names) found[name] = settingOf(name, kubeVirt, hyperConverged, snapshot.versions.kubevirt);
  const disruption = found.allowWorkloadDisruption;
  // Unset, it follows allowPostCopy (facts/kubevirt.md A8).
  if (disruption.origin === 'default') found.allowWorkloadDisruption = { ...found.allowPostCopy };
  return found as unknown as MigrationSettings;
});

function settingOf(
  name: Name,
  kubeVirt: KubeVirt | undefined,
  hyperConverged: HyperConverged | undefined,
  version: string | undefined,
): Setting<unknown> {
  const config = hyperConverged === undefined ? undefined : liveMigrationConfigOf(hyperConverged);
  const fromHco = config === undefined ? undefined : normal(name, config.values[name]);
  if (kubeVirt === undefined) {
    if (hyperConverged === undefined || config === undefined || fromHco === undefined) {
      return { value: undefined, origin: 'unknown' };
    }
    return {
      value: fromHco,
      origin: 'HyperConverged',
      object: subjectOf(hyperConverged),
      field: `${config.path}.${name}`,
      raw: config.values[name],
    };
  }
  const migrations: MigrationConfiguration = kubeVirt.spec?.configuration?.migrations ?? {};
  const inForce = normal(name, migrations[name]);
  if (hyperConverged !== undefined && config !== undefined && fromHco !== undefined && fromHco === inForce) {
    return {
      value: inForce,
      origin: 'HyperConverged',
      object: subjectOf(hyperConverged),
      field: `${config.path}.${name}`,
      raw: config.values[name],
    };
  }
  if (inForce !== undefined) {
    const field = `.spec.configuration.migrations.${name}`;
    return { value: inForce, origin: 'KubeVirt', object: subjectOf(kubeVirt), field, raw: migrations[name] };
  }
  const value = builtInOf(name, version);
  return { value, origin: value === undefined && name === 'completionTimeoutPerGiB' ? 'unknown' : 'default' };
}

/** Where a HyperConverged keeps its live-migration settings: v1 moved them under spec.virtualization (facts/kubevirt.md A10). */
function liveMigrationConfigOf(object: HyperConverged): { path: string; values: LiveMigrationConfig } {
  return object.apiVersion === 'hco.kubevirt.io/v1beta1'
    ? { path: '.spec.liveMigrationConfig', values: object.spec?.liveMigrationConfig ?? {} }
    : {
        path: '.spec.virtualization.liveMigrationConfig',
        values: object.spec?.virtualization?.liveMigrationConfig ?? {},
      };
}

function normal(name: Name, value: Raw): Raw {
  if (value === undefined || value === null) return undefined;
  if (name === 'bandwidthPerMigration') return bytesOf(String(value));
  // "" is how the mission and older consoles write "no network".
  if (name === 'network') return value === '' ? undefined : value;
  return value;
}

function first<T extends { metadata: { name: string; namespace?: string } }>(items: T[]): T | undefined {
  return items.toSorted(
    (a, b) =>
      compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
      compareText(a.metadata.name, b.metadata.name),
  )[0];
}
