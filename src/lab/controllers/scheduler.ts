import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { atLeast } from '../../model/version-order.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { withCondition } from './pod-status.ts';
import { preempt } from './preemption.ts';
import { SELECTED_NODE } from './pvc-binding.ts';
import { claimsOfPod, podClaims, selectNode } from './pvc-scheduling.ts';
import {
  fitError,
  questionOf,
  type Rejection,
  reject,
  score,
  type Usage,
  unschedulableMessage,
  usage,
} from './scheduling.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const BINDING = { component: 'default-scheduler', action: 'Binding' };
const SCHEDULING = { component: 'default-scheduler', action: 'Scheduling' };

/** What the pods on each node ask for is shared with others that need to know (placement, quotas). */
export interface Scheduler extends Controller {
  usage: Usage;
}

/** kube-scheduler: binds pending pods, or says why it can't. A pod it couldn't place is tried again when something that could help has changed. */
export function scheduler(cluster: Cluster): Scheduler {
  const { store, events } = cluster;
  const used = usage(cluster);
  const waiting = new Set<string>();
  const queue = workqueue(cluster, 'scheduler', { from: 8, to: 40 }, schedule);

  function schedule(key: string): Requeue | undefined {
    waiting.delete(key);
    const pod = byKey<Pod>(cluster, resources.pods, key);
    if (pod === undefined || !isPending(pod)) return undefined;
    const claims = podClaims(cluster, pod);
    if (claims.problem !== undefined) return unschedulable(key, pod, unfitMessage(cluster, claims.problem));
    const question = questionOf(cluster, used, pod);
    const rejections: { node: Node; rejection: Rejection }[] = [];
    let best: { node: Node; points: number } | undefined;
    for (const node of store.list<Node>(resources.nodes)) {
      const rejection = reject(used, question, node);
      if (rejection !== undefined) {
        rejections.push({ node, rejection });
        continue;
      }
      const points = score(used, question, node);
      if (best === undefined || points > best.points) best = { node, points };
    }
    if (best === undefined) {
      const preempted = preempt(cluster, used, question, rejections) !== undefined;
      const reasons = rejections.map(({ rejection }) => rejection);
      return unschedulable(key, pod, unschedulableMessage(cluster.version.kubernetes, reasons, preempted));
    }
    if (claims.waiting.length === 0) {
      bind(pod, best.node);
      return undefined;
    }
    // The pod is bound after its claims are.
    const open = claims.waiting.filter(({ metadata }) => metadata.annotations?.[SELECTED_NODE] === undefined);
    selectNode(cluster, open, best.node.metadata.name);
    waiting.add(key);
    return undefined;
  }

  function unschedulable(key: string, pod: Pod, message: string): undefined {
    waiting.add(key);
    events.warning(pod, SCHEDULING, 'FailedScheduling', message);
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.status = {
        ...draft.status,
        conditions: withCondition(draft.status?.conditions, {
          type: 'PodScheduled',
          // Since 1.34 the scheduler says which generation of the pod it has looked at (recordings, run1).
          ...(atLeast(cluster.version.kubernetes, 1, 34) === true
            ? { observedGeneration: pod.metadata.generation ?? 1 }
            : {}),
          status: 'False',
          reason: 'Unschedulable',
          message,
          lastTransitionTime: now(cluster),
        }),
      };
    });
  }

  function bind(pod: Pod, node: Node): void {
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.spec = { ...draft.spec, containers: draft.spec?.containers ?? [], nodeName: node.metadata.name };
      draft.status = {
        ...draft.status,
        conditions: withCondition(draft.status?.conditions, {
          type: 'PodScheduled',
          status: 'True',
          lastTransitionTime: now(cluster),
        }),
      };
    });
    events.normal(pod, BINDING, 'Scheduled', `Successfully assigned ${keyOf(pod)} to ${node.metadata.name}`);
  }

  function retryWaiting(): void {
    for (const key of waiting) queue.add(key);
  }

  function retryUsersOf({ metadata: { namespace, name } }: KubeObject): void {
    for (const key of waiting) {
      const pod = byKey<Pod>(cluster, resources.pods, key);
      if (pod?.metadata.namespace === namespace && pod !== undefined && claimsOfPod(pod).includes(name)) queue.add(key);
    }
  }

  return {
    usage: used,
    start: () => {
      for (const pod of store.values<Pod>(resources.pods)) if (isPending(pod)) queue.add(keyOf(pod));
      store.subscribe((event) => {
        if (event.resource === resources.pods) {
          const pod = event.object as Pod;
          if (event.type === 'ADDED' && isPending(pod)) queue.add(keyOf(pod));
          if (waiting.size > 0 && freesRoom(event.previous, pod, event.type)) retryWaiting();
        } else if (event.resource === resources.claims && waiting.size > 0) {
          retryUsersOf(event.object);
        } else if (event.resource === resources.nodes && waiting.size > 0) {
          const before = event.previous;
          if (before === undefined || placeChanged(before, event.object)) retryWaiting();
        }
      });
    },
  };
}

/** FitError's text for what keeps a pod from every node. */
function unfitMessage(cluster: Cluster, problem: string): string {
  const total = cluster.store.count(resources.nodes);
  const preemption = `${total} Preemption is not helpful for scheduling`;
  return fitError(cluster.version.kubernetes, total, problem, preemption);
}

function isPending(pod: Pod): boolean {
  return (
    pod.spec?.nodeName === undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    (pod.status?.phase ?? 'Pending') === 'Pending' &&
    (pod.spec?.schedulerName ?? 'default-scheduler') === 'default-scheduler'
  );
}

function freesRoom(before: Pod | undefined, pod: Pod, type: string): boolean {
  if (pod.spec?.nodeName === undefined) return false;
  return type === 'DELETED' || before?.status?.phase !== pod.status?.phase;
}

/** Heartbeats change nodes all the time; only these changes can make room. */
function placeChanged(before: Node, after: Node): boolean {
  return (
    JSON.stringify([before.spec, before.metadata.labels, before.status?.allocatable]) !==
    JSON.stringify([after.spec, after.metadata.labels, after.status?.allocatable])
  );
}
