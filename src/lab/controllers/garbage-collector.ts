import type { KubeObject } from '../../model/objects.ts';
import { deleteObject, FINALIZER_OF, isReleased } from '../api/deletion.ts';
import type { ResourceName } from '../api/store.ts';
import type { Cluster, Controller } from '../cluster.ts';
import { resources } from '../resources.ts';
import { workqueue } from './workqueue.ts';

/** Where an object is; objects are known by UID. */
interface Place {
  resource: ResourceName;
  namespace: string | undefined;
  name: string;
}

/** How many owners that are gone are remembered; the real one's cache of absent owners holds 500. */
const GONE_KEPT = 500;

/**
 * kube-controller-manager's garbage collector and namespace controller: objects whose owners are all gone are deleted,
 * foreground and orphan deletions are worked off, a deleted namespace is emptied, and objects whose last finalizer
 * went away by a write that did not pass the API server are removed.
 */
export function garbageCollector(cluster: Cluster): Controller {
  const { store, clock } = cluster;
  const places = new Map<string, Place>();
  const dependents = new Map<string, Set<string>>();
  /** Owners that were seen to go. One that was never there (an imported object's) is not held against its dependents. */
  const gone = new Set<string>();

  const find = (uid: string): { place: Place; object: KubeObject } | undefined => {
    const place = places.get(uid);
    if (place === undefined) return undefined;
    const object = store.get(place.resource, place.namespace, place.name);
    return object?.metadata.uid === uid ? { place, object } : undefined;
  };
  const remove = ({ resource }: Place, object: KubeObject): void => {
    if (object.metadata.deletionTimestamp !== undefined) return;
    deleteObject(store, clock, resource, object, { propagation: 'Background', gracefulPods: true });
  };
  const dropFinalizer = ({ resource }: Place, object: KubeObject, finalizer: string): void => {
    const finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
    store.update(resource, { ...object, metadata: { ...object.metadata, finalizers } });
  };
  const dependentsOf = (uid: string): { place: Place; object: KubeObject }[] =>
    [...(dependents.get(uid) ?? [])].map(find).filter((each) => each !== undefined);

  const orphan = (uid: string): void => {
    for (const { place, object } of dependentsOf(uid)) {
      const { ownerReferences = [], ...metadata } = object.metadata;
      const left = ownerReferences.filter((owner) => owner.uid !== uid);
      const owners = left.length === 0 ? {} : { ownerReferences: left };
      store.update(place.resource, { ...object, metadata: { ...metadata, ...owners } });
    }
  };

  const reconcile = (uid: string): void => {
    const found = find(uid);
    if (found === undefined) return;
    const { place, object } = found;
    const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata;
    if (isReleased(object)) {
      store.delete(place.resource, place.namespace, place.name);
      return;
    }
    if (deletionTimestamp === undefined) {
      if (ownerReferences.length > 0 && ownerReferences.every((owner) => gone.has(owner.uid))) remove(place, object);
      return;
    }
    if (object.kind === 'Namespace') empty(place.name);
    else if (finalizers.includes(FINALIZER_OF.Orphan)) {
      orphan(uid);
      dropFinalizer(place, object, FINALIZER_OF.Orphan);
    } else if (finalizers.includes(FINALIZER_OF.Foreground)) {
      const left = dependentsOf(uid);
      if (left.length === 0) dropFinalizer(place, object, FINALIZER_OF.Foreground);
      for (const each of left) remove(each.place, each.object);
    }
  };

  const empty = (namespace: string): void => {
    let left = 0;
    for (const place of places.values()) {
      if (place.namespace !== namespace) continue;
      left++;
      const object = store.get(place.resource, namespace, place.name);
      if (object !== undefined) remove(place, object);
    }
    if (left === 0) store.delete('namespaces', undefined, namespace);
  };

  const queue = workqueue(cluster, 'garbage-collector', { from: 20, to: 200 }, (uid) => {
    reconcile(uid);
    return undefined;
  });

  const learn = (resource: ResourceName, object: KubeObject): void => {
    const { uid, namespace, name, ownerReferences = [], deletionTimestamp } = object.metadata;
    if (uid === undefined) return;
    places.set(uid, { resource, namespace, name });
    for (const owner of ownerReferences) {
      const known = dependents.get(owner.uid) ?? new Set<string>();
      dependents.set(owner.uid, known.add(uid));
    }
    if (deletionTimestamp !== undefined || ownerReferences.some((owner) => gone.has(owner.uid))) queue.add(uid);
  };
  /** Remembers an owner that went; the oldest are forgotten, but for those that objects still name. */
  const remember = (uid: string): void => {
    gone.add(uid);
    if (gone.size <= 2 * GONE_KEPT) return;
    for (const old of gone) {
      if (gone.size <= GONE_KEPT) break;
      if (!dependents.has(old)) gone.delete(old);
    }
  };
  const forget = (resource: ResourceName, object: KubeObject): void => {
    const { uid, namespace, ownerReferences = [] } = object.metadata;
    if (uid === undefined) return;
    places.delete(uid);
    for (const owner of ownerReferences) {
      const left = dependents.get(owner.uid);
      left?.delete(uid);
      if (left?.size === 0) dependents.delete(owner.uid);
      // An owner that waits for its dependents looks again.
      if (places.has(owner.uid)) queue.add(owner.uid);
    }
    for (const dependent of dependents.get(uid) ?? []) queue.add(dependent);
    // Nothing is owned by an event, and there are many.
    if (resource !== resources.events) remember(uid);
    const space = namespace === undefined ? undefined : store.get('namespaces', undefined, namespace)?.metadata;
    if (space?.deletionTimestamp !== undefined && space.uid !== undefined) queue.add(space.uid);
  };

  return {
    start: () => {
      for (const resource of store.resources()) for (const object of store.values(resource)) learn(resource, object);
      store.subscribe(({ type, resource, object }) => {
        if (type === 'DELETED') forget(resource, object);
        else learn(resource, object);
      });
    },
  };
}
