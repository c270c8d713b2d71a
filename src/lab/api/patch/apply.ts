import type { KubeObject } from '../../../model/objects.ts';
import { childrenOf, fieldsOf, itemElement, same } from '../fields/compare.ts';
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmpty,
  leaf,
  paths,
  union,
  withParents,
} from '../fields/field-set.ts';
import {
  comparisons,
  type InVersion,
  isSame,
  type Manager,
  type Owned,
  ownedBy,
  withManaged,
  withoutUnowned,
} from '../fields/managed-fields.ts';
import type { Schema } from '../kinds/schema.ts';
import { isObject } from '../schema/structural.ts';
import { type ApiError, applyConflict, type Cause } from '../status.ts';
import { seconds } from '../store.ts';

/** The manager of what was there before the first apply, if nobody had recorded it. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Server-side apply: `config` is all that the manager wants to be set. Fields it set before and leaves out now go,
 * unless someone else owns them too. Throws 409 if it would change what others own, unless `force`.
 */
export function apply(
  live: KubeObject,
  config: KubeObject,
  by: Manager,
  schema: Schema,
  options: { force: boolean; now: number; inVersion?: InVersion },
): KubeObject {
  const given = fieldsOf(config, schema);
  const wanted = withoutUnowned(given);
  const owned = knownOwners(live, by, schema);
  const mine = owned.find((entry) => isSame(entry, by));
  const others = owned.filter((entry) => entry !== mine);

  const merged = merge(live, config, schema) as KubeObject;
  // What nobody can own counts, too: with the last annotation gone, metadata is still there for the name.
  const kept = others.reduce((all, entry) => union(all, entry.fields), given);
  const gone = difference(withParents(mine?.fields ?? emptySet()), withParents(kept));
  const dropped = withoutOthers(merged, gone, others, { by, schema, inVersion: options.inVersion });
  const result = isEmpty(dropped) ? merged : (without(merged, dropped, schema) as KubeObject);

  const differences = comparisons(live, merged, { apiVersion: by.apiVersion, schema }, options.inVersion);
  const changedFor = ({ apiVersion }: Owned): FieldSet => {
    const { added, modified } = differences(apiVersion);
    return withoutUnowned(union(added, modified));
  };
  const taken = others
    .map((entry) => ({ entry, fields: intersection(entry.fields, changedFor(entry)) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (taken.length > 0 && !options.force) throw conflictError(taken);

  const left = others.map((entry) => ({ ...entry, fields: difference(entry.fields, changedFor(entry)) }));
  // As recorded (ssa-kubevirt-limits): who applies what is there already gets no time.
  const time = live.metadata.uid !== undefined && same(result, live) ? mine?.time : seconds(options.now);
  return withManaged(result, [...left, { ...by, fields: wanted, ...(time === undefined ? {} : { time }) }]);
}

function knownOwners(live: KubeObject, by: Manager, schema: Schema): Owned[] {
  const owned = ownedBy(live);
  if (owned.length > 0 || live.metadata.uid === undefined) return owned;
  const fields = withoutUnowned(fieldsOf(live, schema));
  return [{ manager: BEFORE_FIRST_APPLY, operation: 'Update', apiVersion: by.apiVersion, fields }];
}

/** The paths of `gone` whose removal takes nothing from owners that know the object in another version. */
function withoutOthers(
  merged: KubeObject,
  gone: FieldSet,
  others: Owned[],
  { by, schema, inVersion }: { by: Manager; schema: Schema; inVersion: InVersion | undefined },
): FieldSet {
  const elsewhere = others.filter(({ apiVersion }) => apiVersion !== by.apiVersion);
  if (inVersion === undefined || elsewhere.length === 0) return gone;
  const free = (fields: FieldSet): boolean => {
    const left = without(merged, fields, schema) as KubeObject;
    const differences = comparisons(merged, left, { apiVersion: by.apiVersion, schema }, inVersion);
    return elsewhere.every((entry) => isEmpty(intersection(entry.fields, differences(entry.apiVersion).removed)));
  };
  return leaves(gone).filter(free).reduce(union, emptySet());
}

/** Every path of a set as a set of its own. */
function leaves(fields: FieldSet): FieldSet[] {
  const below = [...fields.children].flatMap(([element, inner]) =>
    leaves(inner).map((path): FieldSet => ({ self: false, children: new Map([[element, path]]) })),
  );
  return fields.self ? [...below, leaf()] : below;
}

function conflictError(taken: { entry: Owned; fields: FieldSet }[]): ApiError {
  const all = taken.flatMap(({ entry, fields }) => paths(fields).map((path) => ({ manager: printed(entry), path })));
  const causes = all.map(
    ({ manager, path }): Cause => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${manager}`,
      field: path,
    }),
  );
  const [only] = all;
  if (all.length === 1 && only !== undefined) {
    return applyConflict(`Apply failed with 1 conflict: conflict with ${only.manager}: ${only.path}`, causes);
  }
  const managers = [...new Set(all.map(({ manager }) => manager))].sort();
  const list = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...all.filter((each) => each.manager === manager).map(({ path }) => `- ${path}`),
  ]);
  return applyConflict(`Apply failed with ${all.length} conflicts: ${list.join('\n')}`, causes);
}

function printed({ manager, operation, apiVersion, subresource }: Owned): string {
  const name =
    JSON.stringify(manager) + (subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** `live` with what `config` says, by the list types of the schema. */
function merge(live: unknown, config: unknown, schema: Schema | undefined): unknown {
  if (isObject(live) && isObject(config)) {
    if (schema?.['x-kubernetes-map-type'] === 'atomic') return config;
    const result: Record<string, unknown> = { ...live };
    for (const [key, value] of Object.entries(config)) {
      const inner = schema?.properties?.[key] ?? schema?.additionalProperties;
      if (value === null) delete result[key];
      else result[key] = merge(live[key], value, inner);
    }
    return result;
  }
  if (!Array.isArray(live) || !Array.isArray(config) || childrenOf(config, schema) === undefined) return config;
  const result = new Map<string, unknown>(live.map((item: unknown) => [itemElement(item, schema), item]));
  for (const item of config as unknown[]) {
    const element = itemElement(item, schema);
    const was = result.get(element);
    result.set(element, was === undefined ? item : merge(was, item, schema?.items));
  }
  return [...result.values()];
}

/** The value without the paths of `fields`. */
function without(value: unknown, fields: FieldSet, schema: Schema | undefined): unknown {
  const children = childrenOf(value, schema);
  if (children === undefined) return value;
  const kept: [string, unknown][] = [];
  for (const [element, child] of children) {
    const inner = fields.children.get(element);
    if (inner === undefined) kept.push([element, child.value]);
    else if (!inner.self) kept.push([element, without(child.value, inner, child.schema)]);
  }
  if (Array.isArray(value)) return kept.map(([, item]) => item);
  return Object.fromEntries(kept.map(([element, item]) => [element.slice(2), item]));
}
