import type { KubeObject, Pod } from '../../model/objects.ts';
import { validateByWebhooks } from './admission.ts';
import { decode } from './body.ts';
import { inVersion } from './json.ts';
import { resourceName } from './kinds/kind.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { isObject } from './schema/structural.ts';
import { filterOf } from './selectors.ts';
import { badRequest, conflict, deleted, notFound } from './status.ts';
import { seconds } from './store.ts';
import { admissionOf, dryRunOf, isReleased, type WriteContext } from './write.ts';

/** DeleteOptions: from the body, or from the query. */
interface Options {
  gracePeriodSeconds?: number;
  propagation: 'Background' | 'Foreground' | 'Orphan';
  preconditions: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

const FINALIZER_OF = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const;

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
  const { name, namespace } = object.metadata;
  checkPreconditions(resource, object, options);
  validateByWebhooks(api.webhooks, admissionOf(context, 'DELETE', object, object));
  const marked = mark(context, object, options);
  if (isReleased(kind, marked)) {
    if (!dryRun) api.store.delete(resource, namespace, name);
    return undefined;
  }
  return dryRun ? marked : api.store.update(resource, marked);
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

/** The object with a deletionTimestamp: as recorded, generation counts up, and the grace period is 0 but for pods. */
function mark({ api, kind }: WriteContext, object: KubeObject, options: Options): KubeObject {
  const meta = object.metadata;
  const grace = graceOf(api.gracefulPods, object, options);
  const added = options.propagation === 'Background' ? undefined : FINALIZER_OF[options.propagation];
  const finalizers = [...(meta.finalizers ?? [])];
  if (added !== undefined && !finalizers.includes(added)) finalizers.push(added);
  const first = meta.deletionTimestamp === undefined;
  // A second deletion can only shorten the grace period.
  const shorter = !first && grace < (meta.deletionGracePeriodSeconds ?? 0);
  const metadata = {
    ...meta,
    ...(finalizers.length === 0 ? {} : { finalizers }),
    ...(first ? { generation: (meta.generation ?? 1) + 1 } : {}),
    ...(first || shorter
      ? { deletionTimestamp: seconds(api.clock.now() + grace * 1000), deletionGracePeriodSeconds: grace }
      : {}),
  };
  const marked = { ...object, metadata };
  return kind.kind === 'Namespace' ? ({ ...marked, status: { phase: 'Terminating' } } as KubeObject) : marked;
}

/** Seconds a pod on a node may take to end, 0 for everything else. */
function graceOf(gracefulPods: boolean, object: KubeObject, { gracePeriodSeconds }: Options): number {
  if (object.kind !== 'Pod' || !gracefulPods) return 0;
  const { spec, status } = object as Pod;
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  return gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
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
