import type { KubeObject } from '../../model/objects.ts';
import { validateByWebhooks } from './admission.ts';
import { decode } from './body.ts';
import { type DeletionOptions, deleteObject } from './deletion.ts';
import { inVersion } from './json.ts';
import { resourceName, workingVersion } from './kinds/kind.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { isObject } from './schema/structural.ts';
import { filterOf } from './selectors.ts';
import { badRequest, conflict, deleted, notFound } from './status.ts';
import { admissionOf, dryRunOf, type WriteContext } from './write.ts';

/** DeleteOptions: from the body, or from the query. */
interface Options extends Omit<DeletionOptions, 'gracefulPods'> {
  preconditions: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

/** DELETE of one object: gone at once, or marked and left to finalizers and (pods) the kubelet. */
export function remove(context: WriteContext, request: ApiRequest, name: string): ApiResponse {
  const { api, kind, version, namespace } = context;
  const resource = resourceName(kind);
  const object = api.store.get(resource, namespace, name);
  if (object === undefined) throw notFound(resource, name);
  const options = optionsOf(request);
  const left = removeObject({ ...context, dryRun: options.dryRun }, object, options);
  const body =
    left !== undefined || kind.deleteReturnsObject === true
      ? inVersion(kind, version, left ?? object)
      : deleted(resource, name, object.metadata.uid);
  return { status: 200, body };
}

/** DELETE of a collection: everything that is selected. */
export function removeCollection(context: WriteContext, request: ApiRequest): ApiResponse {
  const { api, kind, version, namespace } = context;
  const filter = filterOf(kind, request.query) ?? (() => true);
  const options = optionsOf(request);
  const items = api.store.list(resourceName(kind), namespace).filter(filter);
  for (const item of items) removeObject({ ...context, dryRun: options.dryRun }, item, options);
  const apiVersion = inVersion(kind, version, { apiVersion: '', kind: '', metadata: { name: '' } }).apiVersion;
  const metadata = { resourceVersion: String(api.store.version) };
  return {
    status: 200,
    body: {
      apiVersion,
      kind: `${kind.kind}List`,
      metadata,
      items: items.map((item) => inVersion(kind, version, item)),
    },
  };
}

/** Returns what is left of the object while something keeps it. */
function removeObject(context: WriteContext, object: KubeObject, options: Options): KubeObject | undefined {
  const { api, kind, dryRun } = context;
  const resource = resourceName(kind);
  checkPreconditions(resource, object, options);
  const seen = inVersion(kind, workingVersion(kind, context.version), object);
  validateByWebhooks(api.webhooks, admissionOf(context, 'DELETE', seen, seen));
  return deleteObject(api.store, api.clock, resource, object, { ...options, dryRun, gracefulPods: api.gracefulPods });
}

function checkPreconditions(resource: string, { metadata }: KubeObject, { preconditions }: Options): void {
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      resource,
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      resource,
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`,
    );
  }
}

function optionsOf(request: ApiRequest): Options {
  const value = request.body.length === 0 ? {} : decode(request, 'DeleteOptions');
  if (!isObject(value)) throw badRequest('DeleteOptions must be an object');
  const { query } = request;
  const grace = value['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined;
  const propagation = value['propagationPolicy'] ?? query.get('propagationPolicy') ?? 'Background';
  if (propagation !== 'Background' && propagation !== 'Foreground' && propagation !== 'Orphan') {
    throw badRequest(
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(propagation)}`,
    );
  }
  const preconditions = isObject(value['preconditions']) ? (value['preconditions'] as Options['preconditions']) : {};
  const dryRun = Array.isArray(value['dryRun']) ? value['dryRun'].includes('All') : false;
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    propagation,
    preconditions,
    dryRun: dryRun || dryRunOf(query),
  };
}
