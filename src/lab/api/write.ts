import type { KubeObject } from '../../model/objects.ts';
import { mutate, validateByWebhooks } from './admission.ts';
import type { Api } from './api.ts';
import { isReleased } from './deletion.ts';
import type { AdmissionRequest, User } from './extension.ts';
import { same } from './fields/compare.ts';
import { type InVersion, type Manager, recordUpdate } from './fields/managed-fields.ts';
import { inVersion } from './json.ts';
import { apiVersion, type Kind, resourceName, schemaOf, workingVersion } from './kinds/kind.ts';
import type { Schema } from './kinds/schema.ts';
import { checkMetadata, checkNamespace } from './metadata.ts';
import type { ApiRequest } from './request.ts';
import { withDefaults } from './schema/structural.ts';
import { validate } from './schema/validate.ts';
import { alreadyExists, badRequest, conflict, invalid } from './status.ts';
import { forCreate, forUpdate } from './strategies.ts';

/** What every write to a stored resource knows. */
export interface WriteContext {
  api: Api;
  kind: Kind;
  version: string;
  namespace?: string;
  subresource?: string;
  user: User;
  dryRun: boolean;
  manager: Manager;
}

export function writeContext(
  api: Api,
  request: ApiRequest,
  at: { kind: Kind; version: string; namespace?: string; subresource?: string },
  operation: Manager['operation'] = 'Update',
): WriteContext {
  const { kind, version, subresource } = at;
  // A client without User-Agent is recorded as "unknown".
  const agent = request.headers['user-agent']?.split('/')[0];
  return {
    ...at,
    api,
    user: request.user,
    dryRun: dryRunOf(request.query),
    manager: {
      manager: (request.query.get('fieldManager') || agent || 'unknown').slice(0, 128),
      operation,
      apiVersion: apiVersion(kind.group, version),
      ...(subresource === undefined ? {} : { subresource }),
    },
  };
}

export function dryRunOf(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
  const bad = values.find((value) => value !== 'All');
  if (bad !== undefined) {
    throw invalid({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(bad)}: supported values: "All"`,
        field: 'dryRun',
      },
    ]);
  }
  return values.length > 0;
}

/** How managedFields see an object in the version of each manager; undefined where versions are alike. */
export function versionsOf(kind: Kind): InVersion | undefined {
  if (kind.convert === undefined) return undefined;
  return (object, wanted) => {
    const named = wanted.slice(wanted.indexOf('/') + 1);
    const version = kind.versions.includes(named) ? named : kind.storage;
    return { object: inVersion(kind, version, object), schema: schemaOf(kind, version) };
  };
}

/** Stores a new object: defaults, admission, validation. `object` is in the working version, placed and pruned. */
export function storeNew(context: WriteContext, object: KubeObject, options: { managed?: boolean } = {}): KubeObject {
  const { api, kind, dryRun, manager } = context;
  const resource = resourceName(kind);
  const schema = schemaOf(kind, workingVersion(kind, context.version));
  checkNamespace(api, kind, object);
  let fresh = withDefaults(forCreate(kind, object), schema);
  // As recorded: what webhooks add is nobody's.
  if (options.managed !== true) fresh = recordUpdate(undefined, fresh, manager, schema, api.clock.now());
  fresh = withDefaults(mutate(api.webhooks, admissionOf(context, 'CREATE', fresh)), schema);
  checkMetadata(kind, fresh);
  checkSchema(kind, schema, fresh);
  const prepared = api.store.prepare(resource, fresh, { dryRun });
  validateByWebhooks(api.webhooks, admissionOf(context, 'CREATE', prepared));
  const { name, namespace } = prepared.metadata;
  if (api.store.get(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
  const stored = inVersion(kind, kind.storage, prepared);
  return dryRun ? stored : api.store.create(resource, stored);
}

/**
 * Stores a new state of an object: `before` as it is stored, `object` in the working version. A resourceVersion in it must be the stored one (409). Removing the last finalizer
 * of an object that is being deleted removes it.
 */
export function storeUpdate(
  context: WriteContext,
  before: KubeObject,
  object: KubeObject,
  options: { managed?: boolean } = {},
): KubeObject {
  const { api, kind, dryRun, manager, subresource } = context;
  const resource = resourceName(kind);
  const version = workingVersion(kind, context.version);
  const schema = schemaOf(kind, version);
  const old = inVersion(kind, version, before);
  const { name, namespace } = before.metadata;
  const { resourceVersion, uid } = object.metadata;
  if (uid !== undefined && uid !== before.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid ?? ''}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
    throw conflict(resource, name);
  let next = forUpdate(kind, old, withDefaults(object, schema), subresource);
  if (options.managed !== true) next = recordUpdate(old, next, manager, schema, api.clock.now(), versionsOf(kind));
  next = mutate(api.webhooks, admissionOf(context, 'UPDATE', next, old));
  checkMetadata(kind, next);
  checkSchema(kind, schema, next);
  validateByWebhooks(api.webhooks, admissionOf(context, 'UPDATE', next, old));
  const stamped = {
    ...next,
    metadata: { ...next.metadata, resourceVersion: before.metadata.resourceVersion },
  } as KubeObject;
  if (same(stamped, old)) return before;
  const wanted = inVersion(kind, kind.storage, stamped);
  if (dryRun) return wanted;
  // As recorded: the write that takes the last finalizer is seen as the deletion alone, of the last stored state.
  if (!isReleased(wanted)) return api.store.update(resource, wanted);
  api.store.delete(resource, namespace, name);
  return wanted;
}

export function admissionOf(
  { kind, subresource, user, dryRun, namespace }: WriteContext,
  operation: AdmissionRequest['operation'],
  object: KubeObject,
  oldObject?: KubeObject,
): AdmissionRequest {
  return {
    operation,
    resource: resourceName(kind),
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    name: object.metadata.name ?? '',
    object,
    ...(oldObject === undefined ? {} : { oldObject }),
    user,
    dryRun,
  };
}

function checkSchema(kind: Kind, schema: Schema, object: KubeObject): void {
  const causes = validate(object, schema, kind.rules === true);
  if (causes.length === 0) return;
  if (kind.custom) throw invalid(kind, object.metadata.name ?? '', causes);
  // Built-in kinds fail in Go's decoder before they are validated.
  const [first] = causes;
  throw badRequest(
    `${kind.kind} in version "${kind.storage}" cannot be handled as a ${kind.kind}: ${first?.field ?? ''}: ${first?.message ?? ''}`,
  );
}
