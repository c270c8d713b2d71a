import { createHash } from 'node:crypto';
import type { DaemonSet, Node, Pod } from '../../model/objects.ts';
import { isFinishedPod, isReadyPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { workqueue } from './workqueue.ts';

const REVISION = 'controller-revision-hash';

/**
 * kube-controller-manager's DaemonSet controller for what the lab has of it, virt-handler: one pod on every node that
 * runs VMs, and when the template changes, the old ones are replaced, maxUnavailable at a time.
 */
export function daemonSet(cluster: Cluster): Controller {
  const { store } = cluster;
  const random = cluster.random.fork('daemonset');
  const queue = workqueue(cluster, 'daemonset', { from: 50, to: 200 }, (key) => {
    const set = byKey<DaemonSet>(cluster, resources.daemonSets, key);
    if (set?.spec === undefined) return undefined;
    const revision = revisionOf(set);
    const nodes = store
      .list<Node>(resources.nodes)
      .filter((node) => node.metadata.labels?.['kubevirt.io/schedulable'] !== undefined)
      .map(({ metadata }) => ({ name: metadata.name, pods: podsOf(metadata.name, set) }));
    for (const { name, pods } of nodes) {
      if (pods.length > 0) continue;
      const free = store.generatedName(resources.pods, set.metadata.namespace, `${set.metadata.name}-`, random);
      store.create(resources.pods, {
        ...daemonPod(set, name),
        metadata: { ...daemonPod(set, name).metadata, name: free },
      });
    }
    for (const pod of outdated(set, nodes, revision)) remove(cluster, resources.pods, pod);
    const ready = nodes.filter(({ pods }) => pods.some(isReadyPod)).length;
    modify<DaemonSet>(cluster, resources.daemonSets, set, (draft) => {
      const status: NonNullable<DaemonSet['status']> = {
        numberMisscheduled: 0,
        ...draft.status,
        currentNumberScheduled: nodes.filter(({ pods }) => pods.length > 0).length,
        desiredNumberScheduled: nodes.length,
        numberReady: ready,
        numberAvailable: ready,
        updatedNumberScheduled: nodes.filter(({ pods }) => pods.some((pod) => isOf(pod, revision))).length,
        observedGeneration: draft.metadata.generation ?? 1,
      };
      delete status.numberUnavailable;
      if (ready < nodes.length) status.numberUnavailable = nodes.length - ready;
      draft.status = status;
    });
    return undefined;
  });

  function podsOf(node: string, set: DaemonSet): Pod[] {
    return cluster.podsOn.get(node).filter((pod) => owns(set, pod) && !isFinishedPod(pod));
  }

  return {
    start: () => {
      store.subscribe(({ resource, type, object, previous }) => {
        if (resource === resources.daemonSets) queue.add(keyOf(object));
        if (resource === resources.nodes && (type !== 'MODIFIED' || takesDaemons(object) !== takesDaemons(previous))) {
          for (const set of store.values<DaemonSet>(resources.daemonSets)) queue.add(keyOf(set));
        }
        if (resource !== resources.pods) return;
        const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet');
        if (owner !== undefined) queue.add(`${object.metadata.namespace ?? ''}/${owner.name}`);
      });
    },
  };
}

function takesDaemons(node: { metadata: Node['metadata'] } | undefined): boolean {
  return node?.metadata.labels?.['kubevirt.io/schedulable'] !== undefined;
}

function isOf(pod: Pod, revision: string): boolean {
  return pod.metadata.labels?.[REVISION] === revision;
}

/**
 * The pods of an older template that may go now: those that don't work anyway, and of the others so many that no more
 * than maxUnavailable nodes are without a working pod (k8s.io/kubernetes pkg/controller/daemon/update.go, rollingUpdate).
 */
function outdated(set: DaemonSet, nodes: { pods: Pod[] }[], revision: string): Pod[] {
  const gone: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { pods } of nodes) {
    const fresh = pods.find((pod) => isOf(pod, revision));
    const old = pods.find((pod) => !isOf(pod, revision));
    if (fresh !== undefined || old === undefined) {
      if (fresh === undefined || !isReadyPod(fresh)) unavailable++;
    } else if (isReadyPod(old)) candidates.push(old);
    else {
      unavailable++;
      if (old.metadata.deletionTimestamp === undefined) gone.push(old);
    }
  }
  return [...gone, ...candidates.slice(0, Math.max(0, maxUnavailable(set, nodes.length) - unavailable))];
}

/** updateStrategy.rollingUpdate.maxUnavailable of so many nodes; a percentage is rounded up. */
function maxUnavailable(set: DaemonSet, nodes: number): number {
  const wanted: unknown = set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  const text = String(wanted);
  return text.endsWith('%') ? Math.ceil((Number.parseFloat(text) * nodes) / 100) : Number(text);
}

function owns(set: DaemonSet, pod: Pod): boolean {
  return pod.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false;
}

/** The name of a set's template as it is now: label controller-revision-hash of its pods. */
function revisionOf(set: DaemonSet): string {
  const hash = createHash('sha256').update(JSON.stringify(set.spec?.template)).digest();
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from(hash.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** A pod of the set, pinned to its node; the set's controller binds it there itself as the lab has no need to ask. */
export function daemonPod(set: DaemonSet, node: string): Pod {
  const template = structuredClone(set.spec?.template);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template?.metadata,
      name: '',
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: {
        ...template?.metadata?.labels,
        [REVISION]: revisionOf(set),
        'pod-template-generation': String(set.metadata.generation ?? 1),
      },
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
