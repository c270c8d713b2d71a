import type { KubeObject } from '../../model/objects.ts';
import { mutate, validateByWebhooks } from './admission.ts';
import type { Api } from './api.ts';
import { isReleased } from './deletion.ts';
import type { AdmissionRequest, User } from './extension.ts';
import { same } from './fields/compare.ts';
import { type Manager, recordUpdate } from './fields/managed-fields.ts';
import { apiVersion, type Kind, resourceName } from './kinds/kind.ts';
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

/** Stores a new object: defaults, admission, validation. `object` is in the storage version, placed and pruned. */
export function storeNew(context: WriteContext, object: KubeObject, options: { managed?: boolean } = {}): KubeObject {
  const { api, kind, dryRun, manager } = context;
  const resource = resourceName(kind);
  checkNamespace(api, kind, object);
  let fresh = withDefaults(forCreate(kind, object), kind.schema);
  // As recorded: what webhooks add is nobody's.
  if (options.managed !== true) fresh = recordUpdate(undefined, fresh, manager, kind.schema, api.clock.now());
  fresh = withDefaults(mutate(api.webhooks, admissionOf(context, 'CREATE', fresh)), kind.schema);
  checkMetadata(kind, fresh);
  checkSchema(kind, fresh);
  const prepared = api.store.prepare(resource, fresh, { dryRun });
  validateByWebhooks(api.webhooks, admissionOf(context, 'CREATE', prepared));
  const { name, namespace } = prepared.metadata;
  if (api.store.get(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
  return dryRun ? prepared : api.store.create(resource, prepared);
}

/**
 * Stores a new state of an object. A resourceVersion in it must be the stored one (409). Removing the last finalizer
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
  let next = forUpdate(kind, before, withDefaults(object, kind.schema), subresource);
  if (options.managed !== true) next = recordUpdate(before, next, manager, kind.schema, api.clock.now());
  next = mutate(api.webhooks, admissionOf(context, 'UPDATE', next, before));
  checkMetadata(kind, next);
  checkSchema(kind, next);
  validateByWebhooks(api.webhooks, admissionOf(context, 'UPDATE', next, before));
  const stamped = {
    ...next,
    metadata: { ...next.metadata, resourceVersion: before.metadata.resourceVersion },
  } as KubeObject;
  if (same(stamped, before)) return before;
  if (dryRun) return stamped;
  const stored = api.store.update(resource, stamped);
  if (isReleased(stored)) api.store.delete(resource, namespace, name);
  return stored;
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

function checkSchema(kind: Kind, object: KubeObject): void {
  const causes = validate(object, kind.schema, kind.rules === true);
  if (causes.length === 0) return;
  if (kind.custom) throw invalid(kind, object.metadata.name ?? '', causes);
  // Built-in kinds fail in Go's decoder before they are validated.
  const [first] = causes;
  throw badRequest(
    `${kind.kind} in version "${kind.storage}" cannot be handled as a ${kind.kind}: ${first?.field ?? ''}: ${first?.message ?? ''}`,
  );
}
