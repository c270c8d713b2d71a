import type { KubeObject, Pod } from '../../model/objects.ts';
import type { Clock } from '../clock.ts';
import { type ResourceName, type Store, seconds } from './store.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeletionOptions {
  /** Of pods; default: the pod's terminationGracePeriodSeconds. */
  gracePeriodSeconds?: number;
  propagation: Propagation;
  /** Pods on a node wait for their kubelet. */
  gracefulPods: boolean;
}

/** Finalizers that the garbage collector works off. */
export const FINALIZER_OF = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const;

/** Whether nothing keeps an object that is being deleted any more. Pods in their grace period wait for the kubelet. */
export function isReleased(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return false;
  return (
    object.kind !== 'Namespace' ||
    ((object as { spec?: { finalizers?: string[] } }).spec?.finalizers ?? []).length === 0
  );
}

/**
 * Deletes an object: at once if nothing keeps it, else it is marked and left to finalizers or the kubelet. Returns
 * what is left of it. With `dryRun` nothing is stored.
 */
export function deleteObject(
  store: Store,
  clock: Clock,
  resource: ResourceName,
  object: KubeObject,
  options: DeletionOptions & { dryRun?: boolean },
): KubeObject | undefined {
  const marked = mark(clock, object, options);
  if (isReleased(marked)) {
    if (options.dryRun !== true) store.delete(resource, object.metadata.namespace, object.metadata.name);
    return undefined;
  }
  return options.dryRun === true ? marked : store.update(resource, marked);
}

/** The object with a deletionTimestamp: as recorded, generation counts up, and the grace period is 0 but for pods. */
function mark(clock: Clock, object: KubeObject, options: DeletionOptions): KubeObject {
  const meta = object.metadata;
  const grace = graceOf(object, options);
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
      ? { deletionTimestamp: seconds(clock.now() + grace * 1000), deletionGracePeriodSeconds: grace }
      : {}),
  };
  const marked = { ...object, metadata };
  return object.kind === 'Namespace' ? ({ ...marked, status: { phase: 'Terminating' } } as KubeObject) : marked;
}

/** Seconds a pod on a node may take to end, 0 for everything else. */
function graceOf(object: KubeObject, { gracefulPods, gracePeriodSeconds }: DeletionOptions): number {
  if (object.kind !== 'Pod' || !gracefulPods) return 0;
  const { spec, status } = object as Pod;
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  return gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
}
