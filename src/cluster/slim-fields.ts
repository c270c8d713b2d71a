import type { ObjectMeta } from '../model/objects.ts';

// What objects are cut down with as they are read.

export type Fields = Record<string, unknown>;
export type Share = (value: unknown) => unknown;
export type Slim<T> = (object: T, share: Share) => Fields;

/** The named fields of an object that has them. */
export function pick<T extends object, K extends keyof T>(
  object: T | undefined | null,
  ...names: K[]
): Fields | undefined {
  if (object === undefined || object === null) return undefined;
  const picked: Fields = {};
  for (const name of names) if (object[name] !== undefined) picked[name as string] = object[name];
  return picked;
}

/** The fields without those that are undefined. (Deleting them instead would make V8 keep a hash table for each object.) */
export function present(fields: Fields): Fields {
  const kept: Fields = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept;
}

/**
 * Gives equal values the same memory: the pods of a cluster have few different selectors, tolerations and requests.
 * One for each reading.
 */
export function sharing(): Share {
  const known = new Map<string, unknown>();
  return (value) => {
    if (value === undefined) return undefined;
    const key = JSON.stringify(value);
    const same = known.get(key);
    if (same !== undefined) return same;
    known.set(key, value);
    return value;
  };
}

// Annotations that say something about placement, migration or networks; any other may hold anything, even secrets.
const keptAnnotation =
  /^(([a-z0-9-]+\.)*kubevirt\.io|descheduler\.alpha\.kubernetes\.io|k8s\.(v1|ovn)\.cni\.cncf\.io|k8s\.ovn\.org|ferry\.run|machine\.openshift\.io|machineconfiguration\.openshift\.io|storageclass\.kubernetes\.io)\//;
/** What of a pod's requests and limits a LimitRange has set. */
const limitRanger = 'kubernetes.io/limit-ranger';
const droppedAnnotation = /^hooks\.kubevirt\.io\//;

export function slimMeta(meta: ObjectMeta, keepLabels = true): Fields {
  const annotations: Record<string, string> = {};
  let any = false;
  for (const name in meta.annotations) {
    if (name !== limitRanger && (!keptAnnotation.test(name) || droppedAnnotation.test(name))) continue;
    annotations[name] = meta.annotations[name] ?? '';
    any = true;
  }
  return present({
    name: meta.name,
    namespace: meta.namespace,
    uid: meta.uid,
    resourceVersion: meta.resourceVersion,
    creationTimestamp: meta.creationTimestamp,
    deletionTimestamp: meta.deletionTimestamp,
    labels: keepLabels ? meta.labels : undefined,
    annotations: any ? annotations : undefined,
    ownerReferences: meta.ownerReferences?.map((owner) => pick(owner, 'apiVersion', 'kind', 'name', 'uid')),
  });
}
