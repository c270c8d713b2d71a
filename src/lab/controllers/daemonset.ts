import type { DaemonSet, Node, Pod } from '../../model/objects.ts';
import { isFinishedPod, isReadyPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { workqueue } from './workqueue.ts';

/** kube-controller-manager's DaemonSet controller for what the lab has of it, virt-handler: one pod on every node that runs VMs. */
export function daemonSet(cluster: Cluster): Controller {
  const { store } = cluster;
  const random = cluster.random.fork('daemonset');
  const queue = workqueue(cluster, 'daemonset', { from: 50, to: 200 }, (key) => {
    const set = byKey<DaemonSet>(cluster, resources.daemonSets, key);
    if (set?.spec === undefined) return undefined;
    let ready = 0;
    let scheduled = 0;
    const nodes = store
      .list<Node>(resources.nodes)
      .filter((node) => node.metadata.labels?.['kubevirt.io/schedulable'] !== undefined);
    for (const node of nodes) {
      const pods = cluster.podsOn.get(node.metadata.name).filter((pod) => owns(set, pod) && !isFinishedPod(pod));
      if (pods.length === 0) {
        const { name, namespace } = set.metadata;
        const free = store.generatedName(resources.pods, namespace, `${name}-`, random);
        store.create(resources.pods, podOf(set, node.metadata.name, free));
      } else {
        scheduled++;
        if (pods.some(isReadyPod)) ready++;
      }
    }
    modify<DaemonSet>(cluster, resources.daemonSets, set, (draft) => {
      draft.status = {
        numberMisscheduled: 0,
        ...draft.status,
        currentNumberScheduled: scheduled,
        desiredNumberScheduled: nodes.length,
        numberReady: ready,
        numberAvailable: ready,
        observedGeneration: draft.metadata.generation ?? 1,
      };
    });
    return undefined;
  });
  return {
    start: () => {
      store.subscribe(({ resource, object }) => {
        if (resource === resources.daemonSets) queue.add(keyOf(object));
        if (resource !== resources.pods) return;
        const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet');
        if (owner !== undefined) queue.add(`${object.metadata.namespace ?? ''}/${owner.name}`);
      });
    },
  };
}

function owns(set: DaemonSet, pod: Pod): boolean {
  return pod.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false;
}

/** A pod of the set, pinned to its node; the set's controller binds it there itself as the lab has no need to ask. */
function podOf(set: DaemonSet, node: string, name: string): Pod {
  const template = structuredClone(set.spec?.template);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template?.metadata,
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          name: set.metadata.name,
          uid: set.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { ...template?.spec, containers: template?.spec?.containers ?? [], nodeName: node },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}
