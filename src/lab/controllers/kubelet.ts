import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { endedStatus, runningStatus } from './pod-status.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** How long a node may be silent before the node controller gives up on it (--node-monitor-grace-period). */
const GRACE = 40_000;

/** Set this to `true` on a node to switch it off: its kubelet and virt-handler fall silent. */
export const DOWN = 'lab.ferry.run/down';

export function isDown(cluster: Cluster, node: string | undefined): boolean {
  return nodeOf(cluster, node)?.metadata.annotations?.[DOWN] === 'true';
}

function nodeOf(cluster: Cluster, name: string | undefined): Node | undefined {
  return name === undefined ? undefined : cluster.store.get<Node>(resources.nodes, undefined, name);
}

function isReadyNode(node: Node | undefined): boolean {
  return (node?.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** The kubelets of all nodes, and the node controller: pods start and end, nodes report, nodes that are silent get tainted. */
export function kubelet(cluster: Cluster): Controller {
  const { clock, store, events } = cluster;
  const random = cluster.random.fork('kubelet');
  const pods = workqueue(cluster, 'kubelet', { from: 5, to: 30 }, syncPod);
  const nodes = workqueue(cluster, 'node-controller', { from: 20, to: 80 }, syncNode);
  const starting = new Map<string, number>();
  const addresses = podAddresses(cluster);

  function syncPod(key: string): Requeue | undefined {
    const pod = byKey<Pod>(cluster, resources.pods, key);
    if (pod?.spec?.nodeName === undefined || isDown(cluster, pod.spec.nodeName)) return undefined;
    if (pod.metadata.deletionTimestamp !== undefined) return terminate(pod);
    if (pod.status?.phase !== 'Pending') return undefined;
    const uid = pod.metadata.uid ?? '';
    const due = starting.get(uid) ?? clock.now() + random.between(500, 2000);
    if (clock.now() < due) {
      starting.set(uid, due);
      return { afterMs: due - clock.now() };
    }
    starting.delete(uid);
    const hostIP = addressOf(nodeOf(cluster, pod.spec.nodeName));
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.status = runningStatus(draft, { time: now(cluster), podIP: addresses.next(pod, hostIP), hostIP });
    });
    const source = { component: 'kubelet', host: pod.spec.nodeName };
    const image = pod.spec.containers[0]?.image ?? '';
    events.normal(pod, source, 'Pulled', `Container image "${image}" already present on machine`);
    events.normal(pod, source, 'Created', `Created container: ${pod.spec.containers[0]?.name ?? ''}`);
    events.normal(pod, source, 'Started', `Started container ${pod.spec.containers[0]?.name ?? ''}`);
    return undefined;
  }

  /** Ends the containers, then the pod; a launcher that still runs a guest takes a moment to shut it down. */
  function terminate(pod: Pod): Requeue | undefined {
    const uid = pod.metadata.uid ?? '';
    const deadline = Date.parse(pod.metadata.deletionTimestamp ?? '');
    const due = starting.get(`end/${uid}`) ?? Math.min(deadline, clock.now() + random.between(300, 1500));
    if (clock.now() < due) {
      starting.set(`end/${uid}`, due);
      return { afterMs: due - clock.now() };
    }
    starting.delete(`end/${uid}`);
    starting.delete(uid);
    store.delete(resources.pods, pod.metadata.namespace, pod.metadata.name);
    cluster.logs.forget(uid);
    return undefined;
  }

  /** The node controller's part: Ready becomes Unknown after a silence, with the taints that evict; cordon has a taint, too. */
  function syncNode(key: string): Requeue | undefined {
    const node = nodeOf(cluster, key);
    if (node === undefined) return undefined;
    const down = isDown(cluster, key);
    if (down) {
      const since = starting.get(`down/${key}`) ?? clock.now();
      starting.set(`down/${key}`, since);
      if (clock.now() < since + GRACE) return { afterMs: since + GRACE - clock.now() };
    } else if (starting.delete(`down/${key}`)) {
      for (const pod of cluster.podsOn.get(key)) pods.add(keyOf(pod));
    }
    const taints: [string, 'NoSchedule' | 'NoExecute', boolean][] = [
      ['node.kubernetes.io/unschedulable', 'NoSchedule', node.spec?.unschedulable === true],
      ['node.kubernetes.io/unreachable', 'NoSchedule', down],
      ['node.kubernetes.io/unreachable', 'NoExecute', down],
    ];
    const wasReady = isReadyNode(node);
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      let kept = draft.spec?.taints ?? [];
      for (const [taint, effect, wanted] of taints) {
        const has = kept.some((other) => other.key === taint && other.effect === effect);
        if (wanted && !has) kept = [...kept, { key: taint, effect, timeAdded: now(cluster) }];
        if (!wanted && has) kept = kept.filter((other) => other.key !== taint || other.effect !== effect);
      }
      const spec = { ...draft.spec };
      delete spec.taints;
      draft.spec = kept.length === 0 ? spec : { ...spec, taints: kept };
      draft.status = { ...draft.status, conditions: nodeConditions(draft, down) };
    });
    if (wasReady && down)
      events.normal(node, { component: 'node-controller' }, 'NodeNotReady', `Node ${key} status is now: NodeNotReady`);
    return undefined;
  }

  function nodeConditions(node: Node, down: boolean): NonNullable<NonNullable<Node['status']>['conditions']> {
    return (node.status?.conditions ?? []).map((condition) => {
      const healthy = condition.type === 'Ready' ? 'True' : 'False';
      const status = down ? 'Unknown' : condition.status === 'Unknown' ? healthy : condition.status;
      if (status === condition.status) return condition;
      return {
        ...condition,
        status,
        reason: down
          ? 'NodeStatusUnknown'
          : condition.type === 'Ready'
            ? 'KubeletReady'
            : `KubeletHas${condition.type}`,
        message: down ? 'Kubelet stopped posting node status.' : 'kubelet is posting ready status',
        lastTransitionTime: now(cluster),
      };
    });
  }

  /** Leases and node status, for all nodes at once: a lab at rest must cost next to nothing. */
  function heartbeat(resource: string, touch: (object: KubeObject) => KubeObject): void {
    for (const object of store.list(resource)) {
      if (isDown(cluster, object.metadata.name)) continue;
      store.update(resource, touch(object));
    }
  }

  return {
    start: () => {
      for (const pod of store.values<Pod>(resources.pods)) {
        if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Pending') pods.add(keyOf(pod));
      }
      store.subscribe((event) => {
        if (event.resource === resources.pods && event.type !== 'DELETED') {
          const pod = event.object as Pod;
          const ending = pod.metadata.deletionTimestamp !== undefined;
          if (pod.spec?.nodeName !== undefined && (ending || pod.status?.phase === 'Pending')) pods.add(keyOf(pod));
        } else if (event.resource === resources.nodes && event.type !== 'DELETED') {
          const before: Node | undefined = event.previous;
          const node = event.object as Node;
          const changed =
            before === undefined ||
            before.spec?.unschedulable !== node.spec?.unschedulable ||
            before.metadata.annotations?.[DOWN] !== node.metadata.annotations?.[DOWN];
          if (changed) nodes.add(node.metadata.name);
        }
      });
      const scale = Math.max(1, store.count(resources.nodes) / 50);
      clock.every(10_000 * scale, () =>
        heartbeat(resources.leases, (lease) => ({
          ...lease,
          spec: {
            ...(lease as KubeObject & { spec?: object }).spec,
            renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
          },
        })),
      );
      clock.every(300_000, () =>
        heartbeat(resources.nodes, (object) => {
          const node = object as Node;
          const conditions = (node.status?.conditions ?? []).map((condition) => ({
            ...condition,
            lastHeartbeatTime: now(cluster),
          }));
          return { ...node, status: { ...node.status, conditions } } as Node;
        }),
      );
    },
  };
}

export function addressOf(node: Node | undefined): string {
  return node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '127.0.0.1';
}

/** Pod addresses, a /23 a node as OVN-Kubernetes hands them out; a pod on the host network has the node's. */
function podAddresses(cluster: Cluster): { next(pod: Pod, hostIP: string): string } {
  const counters = new Map<string, number>();
  return {
    next: (pod, hostIP) => {
      if (pod.spec?.hostNetwork === true) return hostIP;
      const node = pod.spec?.nodeName ?? '';
      const count = counters.get(node) ?? cluster.podsOn.count(node);
      counters.set(node, count + 1);
      return podAddress(hostIP, count);
    },
  };
}

/** The nth address in the pod network of a node. */
export function podAddress(hostIP: string, n: number): string {
  const host = hostIP.split('.').map(Number);
  const subnet = ((host[2] ?? 0) * 256 + (host[3] ?? 0)) * 2;
  const offset = 2 + (n % 500);
  return `10.${128 + ((subnet >> 8) & 127)}.${(subnet & 255) + (offset >> 8)}.${offset & 255}`;
}

/** Ends a pod's containers as the kubelet reports it, e.g. a launcher whose guest has left. */
export function endPod(cluster: Cluster, pod: Pod, phase: 'Succeeded' | 'Failed'): void {
  if (isFinishedPod(pod)) return;
  modify<Pod>(cluster, resources.pods, pod, (draft) => {
    draft.status = endedStatus(draft, phase, now(cluster));
  });
}
