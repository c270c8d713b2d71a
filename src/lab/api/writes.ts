import type { KubeObject } from '../../model/objects.ts';
import type { Api } from './api.ts';
import { contentType, decode, decodeObject, typed, withoutUnknown } from './body.ts';
import { inVersion } from './json.ts';
import { type Kind, resourceName, schemaOf, workingVersion } from './kinds/kind.ts';
import { placed } from './metadata.ts';
import { apply } from './patch/apply.ts';
import { jsonPatch } from './patch/json.ts';
import { mergePatch } from './patch/merge.ts';
import { strategicMerge } from './patch/strategic.ts';
import { type ApiRequest, type ApiResponse, flag } from './request.ts';
import { isObject } from './schema/structural.ts';
import { badRequest, conflict, invalid, methodNotAllowed, notFound, unsupportedMediaType } from './status.ts';
import { storeNew, storeUpdate, versionsOf, type WriteContext, writeContext } from './write.ts';

/** Where a write goes: a kind in a version, in a namespace if it has any, perhaps through `/status`. */
export interface Door {
  kind: Kind;
  version: string;
  namespace?: string;
  subresource?: string;
}

const PATCHES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** POST. */
export function create(api: Api, request: ApiRequest, door: Door): ApiResponse {
  const { kind, version, namespace } = door;
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const context = writeContext(api, request, door);
  const { object, warnings } = withoutUnknown(decodeObject(request, kind, version), kind, version, request.query);
  const stored = storeNew(context, inVersion(kind, workingVersion(kind, version), placed(object, kind, namespace)));
  return answer(door, stored, 201, warnings);
}

/** PUT of an object that exists. */
export function replace(api: Api, request: ApiRequest, door: Door, name: string): ApiResponse {
  const { kind, version, namespace } = door;
  const context = writeContext(api, request, door);
  const { object, warnings } = withoutUnknown(decodeObject(request, kind, version), kind, version, request.query);
  const wanted = inVersion(kind, workingVersion(kind, version), placed(object, kind, namespace, name));
  const before = existing(api, door, name);
  if (kind.custom && !wanted.metadata.resourceVersion) {
    throw invalid(kind, name, [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0: must be specified for an update',
        field: 'metadata.resourceVersion',
      },
    ]);
  }
  return answer(door, storeUpdate(context, before, wanted), 200, warnings);
}

/** PATCH of any type; a server-side apply creates what does not exist. */
export function patch(api: Api, request: ApiRequest, door: Door, name: string): ApiResponse {
  const { kind, version } = door;
  const type = contentType(request);
  const accepted = Object.values(PATCHES).filter((each) => each !== PATCHES.strategic || !kind.custom);
  if (!accepted.some((each) => each === type)) throw unsupportedMediaType(accepted);
  if (type === PATCHES.apply) return applyPatch(api, request, door, name);
  const before = existing(api, door, name);
  const body = decodePatch(request);
  const current = inVersion(kind, version, before);
  let patched: unknown;
  if (type === PATCHES.json) patched = jsonPatch(current, body);
  else if (type === PATCHES.merge) patched = mergePatch(current, object(body));
  else patched = strategicMerge(current, object(body), schemaOf(kind, version));
  const { object: wanted, warnings } = withoutUnknown(
    typed(object(patched), kind, version),
    kind,
    version,
    request.query,
  );
  const next = inVersion(kind, workingVersion(kind, version), placed(wanted, kind, door.namespace, name));
  return answer(door, storeUpdate(writeContext(api, request, door), before, next), 200, warnings);
}

function applyPatch(api: Api, request: ApiRequest, door: Door, name: string): ApiResponse {
  const { kind, version, namespace, subresource } = door;
  if (!request.query.get('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
    ]);
  }
  const body = decode(request, kind.kind);
  const { object: given, warnings } = withoutUnknown(typed(object(body), kind, version), kind, version, request.query);
  if (given.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  const config = onlyItsHalf(kind, placed(given, kind, namespace, name), subresource);
  const context: WriteContext = writeContext(api, request, door, 'Apply');
  const schema = schemaOf(kind, version);
  const working = workingVersion(kind, version);
  const versions = versionsOf(kind);
  const options = {
    force: flag(request.query, 'force'),
    now: api.clock.now(),
    ...(versions === undefined ? {} : { inVersion: versions }),
  };
  const before = api.store.get(resourceName(kind), namespace, name);
  const { resourceVersion, uid, ...metadata } = config.metadata;
  const wanted = { ...config, metadata };
  if (before === undefined) {
    if (subresource !== undefined) throw notFound(resourceName(kind), name);
    if (resourceVersion !== undefined || uid !== undefined) throw conflict(resourceName(kind), name);
    const empty: KubeObject = { apiVersion: wanted.apiVersion, kind: wanted.kind, metadata: { name } };
    const fresh = apply(empty, wanted, context.manager, schema, options);
    return answer(door, storeNew(context, inVersion(kind, working, fresh), { managed: true }), 201, warnings);
  }
  if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
    throw conflict(resourceName(kind), name);
  }
  const next = apply(inVersion(kind, version, before), wanted, context.manager, schema, options);
  return answer(door, storeUpdate(context, before, inVersion(kind, working, next), { managed: true }), 200, warnings);
}

/** Without the half of the object that this door does not write: status at the main one, spec at `/status`. */
function onlyItsHalf(kind: Kind, config: KubeObject, subresource: string | undefined): KubeObject {
  const all = config as KubeObject & { status?: unknown };
  if (subresource === 'status') {
    const { apiVersion, kind: name, metadata, status } = all;
    return { apiVersion, kind: name, metadata, ...(status === undefined ? {} : { status }) };
  }
  if (!kind.status) return config;
  const { status: _status, ...rest } = all;
  return rest;
}

function existing(api: Api, { kind, namespace }: Door, name: string): KubeObject {
  const found = api.store.get(resourceName(kind), namespace, name);
  if (found === undefined) throw notFound(resourceName(kind), name);
  return found;
}

function decodePatch(request: ApiRequest): unknown {
  try {
    return JSON.parse(request.body.toString()) as unknown;
  } catch {
    throw badRequest(`error decoding patch: invalid JSON document`);
  }
}

function object(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}');
  return value;
}

function answer({ kind, version }: Door, stored: KubeObject, status: number, warnings: string[]): ApiResponse {
  const headers: Record<string, string[]> =
    warnings.length === 0 ? {} : { warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`) };
  return { status, headers, body: inVersion(kind, version, stored) };
}
