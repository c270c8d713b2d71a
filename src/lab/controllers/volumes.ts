import type { PersistentVolumeClaim, Pod, StorageClass } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { bytesOf } from '../../model/quantity.ts';
import { byKey, type Cluster, type Controller, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import {
  bind,
  classOf,
  isBound,
  isPopulated,
  type PersistentVolume,
  PVC_PROTECTION,
  SELECTED_NODE,
  waitsForConsumer,
} from './pvc-binding.ts';
import { claimsOfPod } from './pvc-scheduling.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const CONTROLLER = { component: 'persistentvolume-controller' };

/**
 * kube-controller-manager's volume controllers and the CSI drivers' sidecars: claims get a volume from their
 * StorageClass (at once, or where their first consumer runs), grow, stay while a pod uses them, and take their volume
 * along when they go.
 */
export function volumes(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('volumes');
  const queue = workqueue(cluster, 'volumes', { from: 50, to: 200 }, reconcile);
  /** Claims whose driver is at work, by UID. */
  const busy = new Set<string>();
  /** What was last said about a claim that waits, by UID. */
  const told = new Map<string, string>();

  function reconcile(key: string): Requeue | undefined {
    const claim = byKey<PersistentVolumeClaim>(cluster, resources.claims, key);
    if (claim === undefined) return undefined;
    if (claim.metadata.deletionTimestamp !== undefined) release(claim);
    else if (isBound(claim)) expand(claim);
    else provision(claim);
    return undefined;
  }

  function usersOf(claim: PersistentVolumeClaim): Pod[] {
    return store
      .list<Pod>(resources.pods, claim.metadata.namespace ?? '')
      .filter((pod) => !isFinishedPod(pod) && claimsOfPod(pod).includes(claim.metadata.name));
  }

  function release(claim: PersistentVolumeClaim): void {
    if (usersOf(claim).length > 0) return;
    modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== PVC_PROTECTION);
    });
  }

  function tell(claim: PersistentVolumeClaim, type: 'normal' | 'warning', reason: string, message: string): void {
    const uid = claim.metadata.uid ?? '';
    if (told.get(uid) === message) return;
    told.set(uid, message);
    events[type](claim, CONTROLLER, reason, message);
  }

  function provision(claim: PersistentVolumeClaim): void {
    const storage = classOf(cluster, claim);
    const name = claim.spec?.storageClassName;
    if (storage === undefined) {
      if (name === undefined || name === '') {
        const message = 'no persistent volumes available for this claim and no storage class is set';
        tell(claim, 'normal', 'FailedBinding', message);
      } else tell(claim, 'warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`);
      return;
    }
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    if (waitsForConsumer(storage) && node === undefined) {
      tell(claim, 'normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
      return;
    }
    tell(
      claim,
      'normal',
      'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${storage.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
    if (!isPopulated(claim)) create(claim, storage, node);
  }

  function create(claim: PersistentVolumeClaim, storage: StorageClass, node: string | undefined): void {
    const uid = claim.metadata.uid ?? random.uuid();
    if (busy.has(uid)) return;
    busy.add(uid);
    const source = { component: `${storage.provisioner}_provisioner` };
    events.normal(
      claim,
      source,
      'Provisioning',
      `External provisioner is provisioning volume for claim "${keyOf(claim)}"`,
    );
    clock.after(random.between(200, 900), () => {
      busy.delete(uid);
      const now = byKey<PersistentVolumeClaim>(cluster, resources.claims, keyOf(claim));
      if (now?.metadata.uid !== uid || now.metadata.deletionTimestamp !== undefined || isBound(now)) return;
      bind(cluster, now, storage, `pvc-${uid}`, node);
      events.normal(now, source, 'ProvisioningSucceeded', `Successfully provisioned volume pvc-${uid}`);
    });
  }

  /** A bound claim that asks for more than it has: its driver enlarges the volume. */
  function expand(claim: PersistentVolumeClaim): void {
    const wanted = claim.spec?.resources?.requests?.['storage'];
    const has = claim.status?.capacity?.['storage'];
    const storage = classOf(cluster, claim);
    const uid = claim.metadata.uid ?? '';
    if (wanted === undefined || has === undefined || bytesOf(wanted) <= bytesOf(has) || busy.has(uid)) return;
    if (storage?.allowVolumeExpansion !== true) return;
    busy.add(uid);
    const volumeName = claim.spec?.volumeName ?? '';
    const source = { component: `external-resizer ${storage.provisioner}` };
    events.normal(claim, source, 'Resizing', `External resizer is resizing volume ${volumeName}`);
    clock.after(random.between(1000, 3000), () => {
      busy.delete(uid);
      const volume = store.get<PersistentVolume>(resources.volumes, undefined, volumeName);
      if (volume !== undefined) {
        modify<PersistentVolume>(cluster, resources.volumes, volume, (draft) => {
          draft.spec.capacity = { storage: wanted };
        });
      }
      modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
        draft.status = { ...draft.status, capacity: { ...draft.status?.capacity, storage: wanted } };
      });
      events.normal(claim, source, 'VolumeResizeSuccessful', 'Resize volume succeeded');
    });
  }

  /** The claim is gone: so is its volume, unless the class retains it. */
  function reclaim(claim: PersistentVolumeClaim): void {
    told.delete(claim.metadata.uid ?? '');
    const volume = store.get<PersistentVolume>(resources.volumes, undefined, claim.spec?.volumeName ?? '');
    if (volume === undefined) return;
    if (volume.spec.persistentVolumeReclaimPolicy === 'Retain') {
      modify<PersistentVolume>(cluster, resources.volumes, volume, (draft) => {
        draft.status = { ...draft.status, phase: 'Released' };
      });
    } else store.delete(resources.volumes, undefined, volume.metadata.name);
  }

  /** Nothing to do about a claim: it is bound, and as big as it wants to be. */
  function isSettled(claim: PersistentVolumeClaim): boolean {
    return (
      claim.metadata.deletionTimestamp === undefined &&
      isBound(claim) &&
      claim.spec?.resources?.requests?.['storage'] === claim.status?.capacity?.['storage']
    );
  }

  return {
    start: () => {
      for (const claim of store.values<PersistentVolumeClaim>(resources.claims)) {
        if (!isSettled(claim)) queue.add(keyOf(claim));
      }
      store.subscribe(({ type, resource, object }) => {
        if (resource === resources.claims) {
          const claim = object as PersistentVolumeClaim;
          if (type === 'DELETED') reclaim(claim);
          else if (!isSettled(claim)) queue.add(keyOf(claim));
        } else if (resource === resources.storageClasses) {
          for (const claim of store.values<PersistentVolumeClaim>(resources.claims)) {
            if (claim.spec?.volumeName === undefined) queue.add(keyOf(claim));
          }
        } else if (resource === resources.pods) {
          for (const name of claimsOfPod(object)) {
            const claim = store.get<PersistentVolumeClaim>(resources.claims, object.metadata.namespace ?? '', name);
            if (claim !== undefined && !isSettled(claim)) queue.add(keyOf(claim));
          }
        }
      });
    },
  };
}
