import type { Deployment, KubeObject, Pod, ReplicaSet } from '../../model/objects.ts';
import { isFinishedPod, isReadyPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { workqueue } from './workqueue.ts';

/**
 * kube-controller-manager's Deployment and ReplicaSet controllers as far as KubeVirt's own components need them: a pod
 * that is gone is replaced, and both tell how many are ready. A changed template is not rolled out.
 */
export function deployment(cluster: Cluster): Controller {
  const { store } = cluster;
  const random = cluster.random.fork('deployment');
  const queue = workqueue(cluster, 'deployment', { from: 50, to: 200 }, (key) => {
    const set = byKey<ReplicaSet>(cluster, resources.replicaSets, key);
    if (set?.spec === undefined || set.metadata.deletionTimestamp !== undefined) return undefined;
    const pods = store
      .list<Pod>(resources.pods, set.metadata.namespace)
      .filter((pod) => ownerOf(pod)?.uid === set.metadata.uid && !isFinishedPod(pod))
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const wanted = set.spec.replicas ?? 1;
    for (let missing = wanted - pods.length; missing > 0; missing--) {
      const pod = replicaOf(set);
      pod.metadata.name = store.generatedName(resources.pods, set.metadata.namespace, `${set.metadata.name}-`, random);
      pods.push(store.create<Pod>(resources.pods, pod));
    }
    tell(set, pods);
    return undefined;
  });

  function tell(set: ReplicaSet, pods: Pod[]): void {
    const ready = pods.filter(isReadyPod).length;
    const counts = { replicas: pods.length, readyReplicas: ready, availableReplicas: ready };
    modify<ReplicaSet>(cluster, resources.replicaSets, set, (draft) => {
      draft.status = { ...draft.status, ...counts };
    });
    const owner = ownerOf(set);
    const deployed = store.get<Deployment>(resources.deployments, set.metadata.namespace, owner?.name ?? '');
    if (deployed === undefined) return;
    modify<Deployment>(cluster, resources.deployments, deployed, (draft) => {
      draft.status = deploymentStatus(draft, counts, cluster.clock.now());
    });
  }

  return {
    start: () => {
      store.subscribe(({ resource, object }) => {
        if (resource !== resources.pods) return;
        const owner = ownerOf(object);
        if (owner?.kind === 'ReplicaSet') queue.add(`${object.metadata.namespace ?? ''}/${owner.name}`);
      });
    },
  };
}

function ownerOf(object: KubeObject): { kind: string; name: string; uid: string } | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** A pod of a ReplicaSet's template. */
function replicaOf(set: ReplicaSet): Pod {
  const template = structuredClone(set.spec?.template);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? '',
      labels: { ...template?.metadata?.labels },
      ownerReferences: [ownedBy(set)],
    },
    spec: { ...template?.spec, containers: template?.spec?.containers ?? [] },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}

/** A reference to the object that controls another. */
export function ownedBy({ apiVersion, kind, metadata }: KubeObject): {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller: true;
  blockOwnerDeletion: true;
} {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true };
}

interface Counts {
  replicas: number;
  readyReplicas: number;
  availableReplicas: number;
}

/** status of a Deployment with so many pods; its condition Available stands when no more than a quarter is missing (maxUnavailable 25 %, rounded down). */
export function deploymentStatus(of: Deployment, counts: Counts, time: number): NonNullable<Deployment['status']> {
  const wanted = of.spec?.replicas ?? 1;
  const enough = counts.availableReplicas >= wanted - Math.floor(wanted / 4);
  const before = of.status?.conditions?.find(({ type }) => type === 'Available');
  const status = enough ? 'True' : 'False';
  const changed = new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
  const since = before?.status === status ? (before.lastTransitionTime ?? changed) : changed;
  return {
    ...counts,
    updatedReplicas: counts.replicas,
    ...(counts.availableReplicas < wanted ? { unavailableReplicas: wanted - counts.availableReplicas } : {}),
    observedGeneration: of.metadata.generation ?? 1,
    conditions: [
      {
        type: 'Available',
        status,
        reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`,
        lastTransitionTime: since,
        lastUpdateTime: since,
      },
    ],
  };
}
