import type { KubeObject, PersistentVolumeClaim, Pod, StorageClass } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const PROTECTION = 'kubernetes.io/pvc-protection';

/** Claims get a volume from their StorageClass, stay while a pod uses them, and take their volume along when they go. */
export function volumes(cluster: Cluster): Controller {
  const { store } = cluster;
  const random = cluster.random.fork('volumes');
  const queue = workqueue(cluster, 'volumes', { from: 200, to: 900 }, (key): Requeue | undefined => {
    const claim = byKey<PersistentVolumeClaim>(cluster, resources.claims, key);
    if (claim === undefined) return undefined;
    if (claim.metadata.deletionTimestamp !== undefined) release(claim);
    else if (claim.spec?.volumeName === undefined) provision(claim);
    return undefined;
  });

  function usersOf(claim: PersistentVolumeClaim): Pod[] {
    return store
      .list<Pod>(resources.pods, claim.metadata.namespace ?? '')
      .filter((pod) => !isFinishedPod(pod) && claimsOfPod(pod).includes(claim.metadata.name));
  }

  function release(claim: PersistentVolumeClaim): void {
    if (usersOf(claim).length > 0) return;
    modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== PROTECTION);
    });
  }

  function provision(claim: PersistentVolumeClaim): void {
    const name = claim.spec?.storageClassName ?? defaultClass();
    const storage = store.get<StorageClass>(resources.storageClasses, undefined, name ?? '');
    if (storage === undefined) return;
    const node = usersOf(claim).find((pod) => pod.spec?.nodeName !== undefined)?.spec?.nodeName;
    const waits = storage.volumeBindingMode === 'WaitForFirstConsumer';
    if (waits && node === undefined) return;
    const volumeName = `pvc-${claim.metadata.uid ?? random.uuid()}`;
    const volumeMode = claim.spec?.volumeMode ?? 'Filesystem';
    const accessModes = claim.spec?.accessModes ?? [];
    const capacity = { storage: claim.spec?.resources?.requests?.['storage'] ?? '1Gi' };
    const volume: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName },
      spec: {
        accessModes,
        capacity,
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace: claim.metadata.namespace,
          name: claim.metadata.name,
          uid: claim.metadata.uid,
        },
        csi: { driver: storage.provisioner, volumeHandle: volumeName },
        // Storage that waits for its first consumer is storage of that consumer's node.
        ...(waits ? { nodeAffinity: nodeAffinity(node ?? '') } : {}),
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: storage.metadata.name,
        volumeMode,
      },
      status: { phase: 'Bound' },
    };
    store.create(resources.volumes, volume);
    modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
      draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), PROTECTION])];
      draft.spec = { ...draft.spec, storageClassName: storage.metadata.name, volumeMode, volumeName };
      draft.status = { phase: 'Bound', accessModes, capacity };
    });
  }

  function defaultClass(): string | undefined {
    return store
      .list<StorageClass>(resources.storageClasses)
      .find(({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true')
      ?.metadata.name;
  }

  return {
    start: () => {
      for (const claim of store.values<PersistentVolumeClaim>(resources.claims)) {
        if (claim.spec?.volumeName === undefined || claim.metadata.deletionTimestamp !== undefined)
          queue.add(keyOf(claim));
      }
      store.subscribe(({ type, resource, object }) => {
        if (resource === resources.claims) {
          const claim = object as PersistentVolumeClaim;
          if (type === 'DELETED') store.delete(resources.volumes, undefined, claim.spec?.volumeName ?? '');
          else if (claim.metadata.deletionTimestamp !== undefined || claim.spec?.volumeName === undefined)
            queue.add(keyOf(claim));
        } else if (resource === resources.pods) {
          const namespace = object.metadata.namespace ?? '';
          for (const name of claimsOfPod(object)) {
            const claim = store.get<PersistentVolumeClaim>(resources.claims, namespace, name);
            const settled = claim?.spec?.volumeName !== undefined && claim.metadata.deletionTimestamp === undefined;
            if (claim !== undefined && !settled) queue.add(keyOf(claim));
          }
        }
      });
    },
  };
}

function claimsOfPod(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim === undefined ? [] : [persistentVolumeClaim.claimName],
  );
}

function nodeAffinity(node: string): object {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
}
