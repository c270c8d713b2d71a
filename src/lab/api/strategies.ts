import type { KubeObject, Pod } from '../../model/objects.ts';
import { same } from './fields/compare.ts';
import { type Kind, resourceName } from './kinds/kind.ts';

// What the API server itself does to objects when they are created or updated, besides the schema's defaults.

type Loose = KubeObject & { spec?: Record<string, unknown>; status?: unknown };

const onCreate: Record<string, (object: Loose) => Loose> = {
  namespaces: (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
    },
    spec: { finalizers: ['kubernetes'], ...object.spec },
    status: { phase: 'Active' },
  }),
  pods: (object) => ({
    ...object,
    status: { phase: 'Pending', qosClass: qosClass(object as unknown as Pod) },
  }),
  persistentvolumeclaims: (object) => ({ ...object, status: { phase: 'Pending' } }),
  persistentvolumes: (object) => ({ ...object, status: { phase: 'Available' } }),
};

/** The object as it enters the store: what only a controller may say (status) is dropped, the kind's start is set. */
export function forCreate(kind: Kind, object: KubeObject): KubeObject {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    selfLink: _link,
    ...metadata
  } = object.metadata;
  let fresh: Loose = withoutEmpty({ ...object, metadata });
  if (kind.status) {
    const { status: _status, ...rest } = fresh;
    fresh = rest;
  }
  return onCreate[resourceName(kind)]?.(fresh) ?? fresh;
}

/**
 * The object that an update leads to: what the server keeps in metadata is kept, and of spec and status only the half
 * that this door writes is taken.
 */
export function forUpdate(
  kind: Kind,
  before: KubeObject,
  after: KubeObject,
  subresource: string | undefined,
): KubeObject {
  const old = before as Loose;
  const wanted = after as Loose;
  const metadata = {
    ...wanted.metadata,
    name: old.metadata.name,
    uid: old.metadata.uid,
    creationTimestamp: old.metadata.creationTimestamp,
    deletionTimestamp: old.metadata.deletionTimestamp,
    deletionGracePeriodSeconds: old.metadata.deletionGracePeriodSeconds,
    generation: old.metadata.generation,
    generateName: old.metadata.generateName,
  };
  if (subresource === 'status') {
    const kept = kind.custom
      ? {
          ...metadata,
          labels: old.metadata.labels,
          annotations: old.metadata.annotations,
          finalizers: old.metadata.finalizers,
          ownerReferences: old.metadata.ownerReferences,
        }
      : metadata;
    return compact({ ...old, metadata: kept, status: wanted.status });
  }
  const next = withoutEmpty(compact({ ...wanted, metadata, ...(kind.status ? { status: old.status } : {}) }));
  const generation = (old.metadata.generation ?? 1) + (sameIntent(kind, old, next) ? 0 : 1);
  return { ...next, metadata: { ...next.metadata, generation } };
}

/** Whether two states want the same: metadata never counts, status only where it has no door of its own. */
function sameIntent(kind: Kind, before: Loose, after: Loose): boolean {
  const intent = ({ metadata: _metadata, status, ...rest }: Loose): unknown =>
    kind.status ? rest : { ...rest, status };
  return same(intent(before), intent(after));
}

/** Without undefined fields, which JSON would drop anyway. */
function compact(object: Loose): Loose {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([, value]) => value !== undefined));
  const { status, ...rest } = object;
  return { ...rest, metadata: metadata as KubeObject['metadata'], ...(status === undefined ? {} : { status }) };
}

/** Empty maps and lists in metadata are as good as none, and never stored. */
function withoutEmpty(object: Loose): Loose {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const name of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = metadata[name];
    if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) delete metadata[name];
  }
  return { ...object, metadata: metadata as unknown as KubeObject['metadata'] };
}

/** Kubernetes's quality-of-service class of a pod, from its containers' requests and limits. */
function qosClass(pod: Pod): string {
  const containers = pod.spec?.containers ?? [];
  const names = ['cpu', 'memory'];
  const all = containers.map(({ resources }) => ({
    requests: resources?.requests ?? {},
    limits: resources?.limits ?? {},
  }));
  if (all.every(({ requests, limits }) => names.every((name) => !requests[name] && !limits[name]))) return 'BestEffort';
  const guaranteed = all.every(({ requests, limits }) =>
    names.every((name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name]),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
