import type { Node, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { tolerates } from '../../model/selectors.ts';
import type { Timer } from '../clock.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { DOWN, isDown } from './kubelet.ts';
import { withCondition } from './pod-status.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** A kubelet renews its lease this often, the node controller looks this often (--node-monitor-period), ms. */
const RENEWAL = 10_000;
const MONITOR = 5000;
/** What admission (DefaultTolerationSeconds) gives pods that do not say how long they stay on a node out of reach, s. */
const DEFAULT_TOLERATION = 300;

const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const NODE_CONTROLLER = { component: 'node-controller' };
const TAINT_EVICTION = { component: 'taint-eviction-controller' };

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];

/** --node-monitor-grace-period: 40 s, 50 s from Kubernetes 1.32, ms. */
export function monitorGracePeriod(kubernetes: string): number {
  const minor = Number(/^v?1\.(\d+)/.exec(kubernetes)?.[1]);
  return minor < 32 ? 40_000 : 50_000;
}

/**
 * kube-controller-manager's node-lifecycle and taint-eviction controllers: a node whose kubelet is silent becomes
 * Unknown and tainted, its pods not ready, and they are evicted when what they tolerate is over. A cordon is a taint, too.
 */
export function nodeLifecycle(cluster: Cluster): Controller {
  const { clock, store, events } = cluster;
  const born = clock.now();
  const queue = workqueue(cluster, 'node-lifecycle', { from: 20, to: 80 }, sync);
  /** When the kubelets that are silent were last heard of. */
  const lastHeard = new Map<string, number>();
  /** When the controller sees that a node is back. */
  const noticed = new Map<string, number>();
  /** Evictions to come, by the pod's uid. */
  const evictions = new Map<string, Timer>();

  /** The latest (or, with `up`, the next) of the moments that are `period` apart since the lab began. */
  function tick(time: number, period: number, up = false): number {
    const count = (time - born) / period;
    return born + (up ? Math.ceil(count) : Math.floor(count)) * period;
  }

  function sync(name: string): Requeue | undefined {
    const node = store.get<Node>(resources.nodes, undefined, name);
    const down = node !== undefined && isDown(cluster, name);
    if (down) noticed.delete(name);
    else if (lastHeard.delete(name)) noticed.set(name, tick(clock.now(), MONITOR, true));
    if (node === undefined) return undefined;
    const due = down ? dueAt(name) : Infinity;
    const unreachable = clock.now() >= due;
    // The taint that evicts follows at the controller's next look; the others follow the node at once.
    const look = noticed.get(name) ?? 0;
    const tainted = unreachable || (clock.now() < look && hasTaint(node, UNREACHABLE, 'NoExecute'));
    if (unreachable && !isLost(node)) loseNode(node);
    setTaints(node, [
      [UNSCHEDULABLE, 'NoSchedule', node.spec?.unschedulable === true],
      [UNREACHABLE, 'NoSchedule', unreachable],
      [UNREACHABLE, 'NoExecute', tainted],
    ]);
    for (const pod of cluster.podsOn.get(name)) {
      if (unreachable) planEviction(pod);
      else if (!tainted) cancelEviction(pod);
    }
    if (down && !unreachable) return { afterMs: due - clock.now() };
    if (tainted && !unreachable) return { afterMs: look - clock.now() };
    noticed.delete(name);
    return undefined;
  }

  function dueAt(name: string): number {
    const heard = lastHeard.get(name) ?? tick(clock.now(), RENEWAL);
    lastHeard.set(name, heard);
    return tick(heard + monitorGracePeriod(cluster.version.kubernetes), MONITOR, true);
  }

  /** Its conditions become Unknown, its pods not ready. */
  function loseNode(node: Node): void {
    const { name } = node.metadata;
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      draft.status = {
        ...draft.status,
        conditions: (draft.status?.conditions ?? []).map((condition) => ({
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now(cluster),
        })),
      };
    });
    events.normal(node, NODE_CONTROLLER, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    for (const pod of cluster.podsOn.get(name)) {
      const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True') continue;
      modify<Pod>(cluster, resources.pods, pod, (draft) => {
        const conditions = withCondition(draft.status?.conditions, {
          ...ready,
          status: 'False',
          lastTransitionTime: now(cluster),
        });
        draft.status = { ...draft.status, conditions };
      });
      events.warning(pod, NODE_CONTROLLER, 'NodeNotReady', 'Node is not ready');
    }
  }

  function setTaints(node: Node, wanted: [key: string, effect: 'NoSchedule' | 'NoExecute', there: boolean][]): void {
    modify<Node>(cluster, resources.nodes, node, (draft) => {
      let taints: Taint[] = draft.spec?.taints ?? [];
      for (const [key, effect, there] of wanted) {
        const has = taints.some((taint) => taint.key === key && taint.effect === effect);
        if (there && !has) taints = [...taints, { key, effect, timeAdded: now(cluster) }];
        if (!there && has) taints = taints.filter((taint) => taint.key !== key || taint.effect !== effect);
      }
      const { taints: _, ...spec } = draft.spec ?? {};
      draft.spec = taints.length === 0 ? spec : { ...spec, taints };
    });
  }

  function planEviction(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    if (evictions.has(uid) || pod.metadata.deletionTimestamp !== undefined || isFinishedPod(pod) || staysForGood(pod))
      return;
    const seconds = toleratedSeconds(pod);
    if (seconds === Infinity) return;
    evictions.set(
      uid,
      clock.after(seconds * 1000, () => evict(keyOf(pod), uid)),
    );
  }

  function evict(key: string, uid: string): void {
    evictions.delete(uid);
    const pod = byKey<Pod>(cluster, resources.pods, key);
    if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    events.normal(pod, TAINT_EVICTION, 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      const conditions = withCondition(draft.status?.conditions, {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByTaintManager',
        message: 'Taint manager: deleting due to NoExecute taint',
        lastTransitionTime: now(cluster),
      });
      draft.status = { ...draft.status, conditions };
    });
    remove(cluster, resources.pods, pod);
  }

  function cancelEviction(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const timer = evictions.get(uid);
    if (timer === undefined) return;
    timer.cancel();
    evictions.delete(uid);
    events.normal(pod, TAINT_EVICTION, 'TaintManagerEviction', `Cancelling deletion of Pod ${keyOf(pod)}`);
  }

  return {
    start: () => {
      for (const node of store.values<Node>(resources.nodes)) {
        if (node.spec?.unschedulable === true || isDown(cluster, node.metadata.name)) queue.add(node.metadata.name);
      }
      store.subscribe(({ type, resource, object, previous }) => {
        if (resource === resources.nodes) {
          const before: Node | undefined = previous;
          const node: Node = object;
          const changed =
            type !== 'MODIFIED' ||
            before?.spec?.unschedulable !== node.spec?.unschedulable ||
            before?.metadata.annotations?.[DOWN] !== node.metadata.annotations?.[DOWN];
          if (changed) queue.add(node.metadata.name);
        } else if (resource === resources.pods && type === 'DELETED') {
          const uid = object.metadata.uid ?? '';
          evictions.get(uid)?.cancel();
          evictions.delete(uid);
        } else if (resource === resources.pods) {
          const before: Pod | undefined = previous;
          const { spec }: Pod = object;
          const bound = spec?.nodeName !== undefined && before?.spec?.nodeName === undefined;
          if (bound && lastHeard.has(spec.nodeName ?? '')) queue.add(spec.nodeName ?? '');
        }
      });
    },
  };
}

function isLost(node: Node): boolean {
  return (node.status?.conditions ?? []).every(({ status }) => status === 'Unknown');
}

function hasTaint(node: Node, key: string, effect: string): boolean {
  return (node.spec?.taints ?? []).some((taint) => taint.key === key && taint.effect === effect);
}

/**
 * Pods of a DaemonSet tolerate it for ever. Those of Deployments and the like would be evicted and replaced; the lab
 * has nobody to replace them, so they wait for their node.
 */
function staysForGood(pod: Pod): boolean {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind;
  return owner !== undefined && owner !== 'VirtualMachineInstance';
}

/** How long a pod stays on a node out of reach: the least of what its tolerations say, Infinity if they set no limit. */
function toleratedSeconds(pod: Pod): number {
  const matching = (pod.spec?.tolerations ?? []).filter((toleration) =>
    tolerates(toleration, { key: UNREACHABLE, effect: 'NoExecute' }),
  );
  if (matching.length === 0) return DEFAULT_TOLERATION;
  return Math.min(...matching.map(({ tolerationSeconds }) => Math.max(0, tolerationSeconds ?? Infinity)));
}
