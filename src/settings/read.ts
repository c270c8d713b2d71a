import type { Subject } from '../model/finding.ts';
import { subjectOf } from '../model/finding.ts';
import { bytesOf, QuantityError } from '../model/quantity.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type KubeVirtVersion, knownVersion, versions } from '../model/versions/index.ts';
import { patchedSettings } from './json-patch.ts';
import { defaultOf, type Parameter, parameters, type Value } from './parameters.ts';
import { fieldOf, type Holder, holderOf, holdersOf, KUBEVIRT_PATH, valuesAt } from './target.ts';

/** Who gives a setting its value. `jsonpatch`: HyperConverged's annotation that patches KubeVirt's CR. */
export type Source = 'HyperConverged' | 'jsonpatch' | 'KubeVirt' | 'MigrationPolicy' | 'default' | 'unknown';

/** A setting with the value in force and where it comes from. */
export interface SettingView {
  name: string;
  /** null: no value, or not known (then `source` is unknown). */
  value: Value | null;
  unit?: string;
  source: Source;
  /** What holds the value, and where; absent for built-in defaults. */
  apiVersion?: string;
  object?: Subject;
  field?: string;
  /** How it got there, in a few words. */
  how: string;
  /** What a fresh installation of this version has; absent where the version is not known. */
  default?: Value | null;
  /** The newest older release of which this value was the default, if it is no default any more. */
  leftOverFrom?: string;
  /** The mission's value, where it differs from the one in force. */
  documented?: Value;
  /** What the setting really does. */
  does: string;
  remarks: string[];
}

/** The version of KubeVirt as far as Ferry knows it; undefined if the cluster does not tell. */
export function versionIn(snapshot: Snapshot): KubeVirtVersion | undefined {
  return knownVersion(snapshot.versions.kubevirt)?.version;
}

/** Every live-migration setting of the cluster's version. KubeVirt's CR says what is in force; provenance is worked out. */
export function readSettings(snapshot: Snapshot): SettingView[] {
  const version = versionIn(snapshot);
  return parameters
    .filter(({ exists }) => version === undefined || exists(version))
    .map((each) => view(each, snapshot));
}

type Found = Pick<SettingView, 'value' | 'source' | 'how'> & Partial<SettingView>;

function view(parameter: Parameter, snapshot: Snapshot): SettingView {
  const version = versionIn(snapshot);
  const { name, unit, documented, correction, does } = parameter;
  const found = find(parameter, snapshot);
  const hco = holdersOf(snapshot).hyperConverged !== undefined;
  const differs = documented !== undefined && !same(parameter, documented, found.value ?? undefined);
  const remarks = [...(found.remarks ?? []), ...(differs && correction !== undefined ? [correction] : [])];
  return {
    name,
    ...found,
    ...(unit !== undefined && { unit }),
    ...(version !== undefined && { default: defaultOf(parameter, version, hco) ?? null }),
    ...(differs && found.source !== 'unknown' && { documented }),
    does,
    remarks,
  };
}

function find(parameter: Parameter, snapshot: Snapshot): Found {
  const { name } = parameter;
  const holders = holdersOf(snapshot);
  const { hyperConverged, kubeVirt } = holders;
  const version = versionIn(snapshot);
  const holder = hyperConverged === undefined ? undefined : holderOf({ hyperConverged });
  const wanted = holder === undefined ? undefined : valuesAt(holder)[name];
  if (kubeVirt === undefined) {
    if (holder === undefined || wanted === undefined) {
      return { value: null, source: 'unknown', how: "KubeVirt's CR could not be read" };
    }
    return { value: wanted, ...fromHco(parameter, holder, version), remarks: ["KubeVirt's CR could not be read"] };
  }
  const inForce = valuesAt({ object: kubeVirt, path: KUBEVIRT_PATH })[name];
  const patched = hyperConverged === undefined ? undefined : patchedSettings(hyperConverged).get(name);
  const at = { apiVersion: kubeVirt.apiVersion, object: subjectOf(kubeVirt), field: fieldOf(KUBEVIRT_PATH, name) };
  if (hyperConverged !== undefined && patched !== undefined && same(parameter, patched.value, inForce)) {
    return {
      value: inForce ?? null,
      source: 'jsonpatch',
      apiVersion: hyperConverged.apiVersion,
      object: subjectOf(hyperConverged),
      field: patched.field,
      how: 'patched over what HyperConverged says; unsupported, and it raises UnsupportedHCOModification',
    };
  }
  if (holder !== undefined && wanted !== undefined && same(parameter, wanted, inForce)) {
    return { value: inForce ?? wanted, ...fromHco(parameter, holder, version) };
  }
  if (holder !== undefined && !same(parameter, wanted, inForce)) {
    const says = wanted === undefined ? 'nothing' : JSON.stringify(wanted);
    return {
      value: inForce ?? null,
      source: 'KubeVirt',
      ...at,
      how: `HyperConverged says ${says}, and will put that here`,
      remarks: [`HyperConverged says ${says}: either it is about to be applied, or somebody changed KubeVirt's CR.`],
    };
  }
  if (inForce !== undefined) return { value: inForce, source: 'KubeVirt', ...at, how: 'set' };
  return builtIn(parameter, snapshot);
}

function builtIn(parameter: Parameter, snapshot: Snapshot): Found {
  const version = versionIn(snapshot);
  if (parameter.name === 'allowWorkloadDisruption') {
    const postCopy = parameters.find(({ name }) => name === 'allowPostCopy');
    const followed = postCopy === undefined ? undefined : find(postCopy, snapshot);
    if (followed !== undefined) {
      return {
        value: followed.value,
        source: followed.source === 'unknown' ? 'unknown' : 'default',
        how: 'follows allowPostCopy',
      };
    }
  }
  if (version !== undefined) {
    return { value: parameter.builtIn(version) ?? null, source: 'default', how: `built into KubeVirt ${version.name}` };
  }
  const values = new Set(versions.filter(parameter.exists).map((each) => parameter.builtIn(each)));
  const [only] = values;
  if (values.size === 1) return { value: only ?? null, source: 'default', how: 'built into KubeVirt' };
  return { value: null, source: 'unknown', how: "it depends on KubeVirt's version, which is not known" };
}

function fromHco(parameter: Parameter, holder: Holder, version: KubeVirtVersion | undefined): Omit<Found, 'value'> {
  const value = valuesAt(holder)[parameter.name];
  const at = {
    source: 'HyperConverged' as const,
    apiVersion: holder.object.apiVersion,
    object: subjectOf(holder.object),
    field: fieldOf(holder.path, parameter.name),
  };
  if (version === undefined) return { ...at, how: 'set' };
  if (same(parameter, value, parameter.hcoDefault(version))) return { ...at, how: "the CRD's default" };
  const older = versions.findLast(
    (each) =>
      each.minor < version.minor &&
      parameter.hcoDefault(each) !== undefined &&
      same(parameter, value, parameter.hcoDefault(each)),
  );
  if (older === undefined) return { ...at, how: 'set' };
  return {
    ...at,
    leftOverFrom: older.cnv,
    how: `the default of OpenShift Virtualization ${older.cnv}: left over from an upgrade, unless somebody set it`,
  };
}

/** Whether two values mean the same: quantities by size, "" as no network. */
export function same(parameter: Pick<Parameter, 'type' | 'name'>, a: Value | undefined, b: Value | undefined): boolean {
  return normal(parameter, a) === normal(parameter, b);
}

function normal({ type, name }: Pick<Parameter, 'type' | 'name'>, value: Value | undefined): Value | undefined {
  if (value === undefined || value === null) return undefined;
  if (type === 'quantity') {
    try {
      return bytesOf(value as string | number);
    } catch (error) {
      if (error instanceof QuantityError) return value;
      throw error;
    }
  }
  return name === 'network' && value === '' ? undefined : value;
}
