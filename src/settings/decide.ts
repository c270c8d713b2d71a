import { FerryError } from '../model/errors.ts';
import type { Finding } from '../model/finding.ts';
import { migrationsOf } from '../model/migrations.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Wanted } from './assignment.ts';
import { JSON_PATCH, patchedSettings } from './json-patch.ts';
import { defaultOf, type Parameter, parameterOf, type Value } from './parameters.ts';
import { readSettings, same, versionIn } from './read.ts';
import { findingsOf, type Settings, settingsIn } from './rules.ts';
import { type SettingSchemas, schemaProblem } from './schema.ts';
import { at, fieldOf, type Holder, holderOf, holdersOf, valuesAt } from './target.ts';

/** A setting, from what to what; undefined: not set. */
export interface Change {
  name: string;
  from: Value | undefined;
  to: Value | undefined;
}

/** What a change of settings would write, and what there is to say about it. */
export interface Decision {
  holder: Holder;
  /** Only what differs; empty: all is as wanted. */
  changes: Change[];
  /** The outermost field that is not there yet and comes with the change: it goes when the change is reverted. */
  creates?: string[];
  /** About the settings as they would be: what the change brings about or leaves. */
  findings: Finding[];
  /** All settings in force once it is made. */
  after: Settings;
  /** What migrations that are under way will notice of it. */
  running: string[];
}

/**
 * Decides what to write. What stood there before may be restored even if the rules are against it. Throws FERRY_E_USAGE for what the schema does not take and FERRY_E_REFUSED for what would not
 * work or not last, each in one sentence.
 */
export function decide(
  snapshot: Snapshot,
  wanted: Wanted,
  schemas: SettingSchemas | undefined,
  { program = 'ferry', restoring = false }: { program?: string; restoring?: boolean } = {},
): Decision {
  const holders = holdersOf(snapshot);
  const holder = holderOf(holders);
  if (holder === undefined) {
    throw new FerryError(
      'FERRY_E_NO_KUBEVIRT',
      'there is no KubeVirt CR whose settings could be changed',
      'Install KubeVirt or OpenShift Virtualization first.',
    );
  }
  for (const [key, value] of wanted) {
    const parameter = parameterOf(key) as Parameter;
    refuseField(parameter, snapshot, schemas, program);
    const schema = schemas?.[key];
    const problem = schema === undefined || value === undefined ? undefined : schemaProblem(schema, value);
    if (problem !== undefined) {
      throw new FerryError(
        'FERRY_E_USAGE',
        `${key} cannot be ${JSON.stringify(value)}: it ${problem}`,
        `So says the schema of ${holder.object.kind} (${holder.object.apiVersion}).`,
      );
    }
  }
  const present = valuesAt(holder);
  const changes = [...wanted].flatMap(([key, value]): Change[] => {
    const parameter = parameterOf(key) as Parameter;
    // "" is how documents write "no network".
    const given = key === 'network' && value === '' ? undefined : value;
    // HyperConverged's CRD puts its default where nothing is; written out, it can be seen in the diff and the history.
    const to = given ?? (holders.hyperConverged === undefined ? undefined : crdDefault(parameter, snapshot, schemas));
    const from = present[key] ?? undefined;
    if (same(parameter, from, to)) return [];
    return [{ name: key, from, to }];
  });
  const after = settingsAfter(snapshot, changes, schemas);
  const findings = findingsOf(after, snapshot);
  const changed = new Set(changes.map((change) => change.name));
  const concerns = (finding: Finding): boolean => settingsIn(finding).some((each) => changed.has(each));
  const [blocker] = findings.filter((finding) => finding.severity === 'blocker' && concerns(finding));
  if (blocker !== undefined && !restoring) throw new FerryError('FERRY_E_REFUSED', blocker.message, blocker.remedy);
  const underWay = migrationsOf(snapshot).taken;
  if (changed.has('network') && underWay > 0) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `${count(underWay, 'migration')} under way, and a change of the network restarts virt-handler on every node`,
      `Wait until they are over: ${program} get migrations -A -w`,
    );
  }
  const missing = holder.path.findIndex((_, index) => at(holder.object, holder.path.slice(0, index + 1)) === undefined);
  return {
    holder,
    changes,
    ...(missing !== -1 && { creates: holder.path.slice(0, missing + 1) }),
    findings: findings.filter(concerns),
    after,
    running: changes.length === 0 ? [] : whatRunningNotice(changed, snapshot),
  };
}

/** Throws unless the setting exists, and a value of it would last. */
function refuseField(
  parameter: Parameter,
  snapshot: Snapshot,
  schemas: SettingSchemas | undefined,
  program: string,
): void {
  const { name } = parameter;
  const version = versionIn(snapshot);
  const { hyperConverged } = holdersOf(snapshot);
  if (version !== undefined && !parameter.exists(version)) {
    throw new FerryError(
      'FERRY_E_USAGE',
      `KubeVirt ${version.name} has no setting ${name}`,
      `See what it has: ${program} settings get`,
    );
  }
  if (hyperConverged === undefined) return;
  const annotation = patchedSettings(hyperConverged).get(name);
  if (annotation !== undefined) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      `the annotation ${JSON_PATCH} of HyperConverged decides ${name}, whatever HyperConverged's own field says`,
      'Take it out of the annotation first; then the field counts.',
    );
  }
  const has = schemas === undefined ? version === undefined || parameter.inHco(version) : name in schemas;
  if (has) return;
  const policy = version?.policyFields.includes(name) === true ? ' A MigrationPolicy can set it for chosen VMs.' : '';
  throw new FerryError(
    'FERRY_E_REFUSED',
    `HyperConverged has no field for ${name} in this version, and it undoes what others write into KubeVirt's CR`,
    `The only way for the whole cluster is its annotation ${JSON_PATCH}, which is unsupported.${policy}`,
  );
}

function crdDefault(parameter: Parameter, snapshot: Snapshot, schemas: SettingSchemas | undefined): Value | undefined {
  const version = versionIn(snapshot);
  if (schemas !== undefined) return schemas[parameter.name]?.default as Value | undefined;
  return version === undefined ? undefined : parameter.hcoDefault(version);
}

/** The settings in force once the changes are. */
function settingsAfter(snapshot: Snapshot, changes: readonly Change[], schemas?: SettingSchemas): Settings {
  const version = versionIn(snapshot);
  const hco = holdersOf(snapshot).hyperConverged !== undefined;
  const views = readSettings(snapshot);
  const settings: Record<string, Value | undefined> = {};
  for (const { name, value } of views) settings[name] = value ?? undefined;
  for (const { name, to } of changes) {
    const parameter = parameterOf(name) as Parameter;
    const fallback = version === undefined ? undefined : defaultOf(parameter, version, hco);
    settings[name] = to ?? (hco ? crdDefault(parameter, snapshot, schemas) : undefined) ?? fallback;
  }
  const disruption = views.find(({ name }) => name === 'allowWorkloadDisruption');
  const own = changes.find(({ name }) => name === 'allowWorkloadDisruption');
  if (own === undefined ? disruption?.source === 'default' : own.to === undefined && !hco) {
    settings['allowWorkloadDisruption'] = settings['allowPostCopy'];
  }
  return settings;
}

/** migrationConfiguration is handed to a migration when its target is ready (facts/kubevirt.md A5); the limits are read at each look. */
function whatRunningNotice(changed: ReadonlySet<string>, snapshot: Snapshot): string[] {
  const { unfinished } = migrationsOf(snapshot);
  if (unfinished.length === 0) return [];
  const handed = unfinished.filter(({ phase }) => ['PreparingTarget', 'TargetReady', 'Running'].includes(phase)).length;
  const waiting = unfinished.length - handed;
  const limits = ['parallelMigrationsPerCluster', 'parallelOutboundMigrationsPerNode'].some((each) =>
    changed.has(each),
  );
  const others = [...changed].some((each) => !each.startsWith('parallel'));
  return [
    ...(others && handed > 0
      ? [`${count(handed, 'migration')} under way with the settings as they were, and will not notice.`]
      : []),
    ...(others && waiting > 0
      ? [`${count(waiting, 'migration')} not handed to virt-handler yet, and will get the new settings.`]
      : []),
    ...(limits
      ? ['The limits count at once: nothing that is under way is stopped, only what waits is let go or held back.']
      : []),
  ];
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what} is` : `${number} ${what}s are`;
}

/** The narrow patch of a decision: only the fields that change, and only if the object is still the one it was made on. */
export function patchOf(
  { holder, changes }: Pick<Decision, 'holder' | 'changes'>,
  remove?: readonly string[],
): Record<string, unknown> {
  const inner: Record<string, unknown> = {};
  for (const { name, to } of changes) inner[name] = to ?? null;
  const nest = (path: readonly string[], value: unknown): unknown =>
    path.reduceRight<unknown>((inside, step) => ({ [step]: inside }), value);
  const body = remove === undefined ? nest(holder.path, inner) : nest(remove, null);
  return { metadata: { resourceVersion: holder.object.metadata.resourceVersion }, ...(body as object) };
}

/** `spec.liveMigrationConfig.progressTimeout: 150 -> 300`, for people. */
export function diffLines({ holder, changes }: Decision): string[] {
  return changes.flatMap(({ name, from, to }) => [
    `- ${fieldOf(holder.path, name)}: ${shown(from)}`,
    `+ ${fieldOf(holder.path, name)}: ${shown(to)}`,
  ]);
}

export function shown(value: Value | undefined | null): string {
  return value === undefined || value === null
    ? '(not set)'
    : typeof value === 'string' && value === ''
      ? '""'
      : String(value);
}
