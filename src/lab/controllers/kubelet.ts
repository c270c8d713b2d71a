import type { KubeObject, Node, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { seconds } from '../api/store.ts';
import { nodeNow } from '../broken.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { imagePulls } from './image-pull.ts';
import { attachNetworks, withNetworkStatus } from './multus.ts';
import { creatingStatus, endedStatus, probedStatus, readyAgain, runningStatus, unreadyStatus } from './pod-status.ts';
import { isBusyHandler } from './virt-handler-shutdown.ts';
import { attachTrouble } from './volume-attach.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** Set this to `true` on a node to switch it off: its kubelet and virt-handler fall silent. */
export const DOWN = 'lab.ferry.run/down';

export function isDown(cluster: Cluster, node: string | undefined): boolean {
  return nodeOf(cluster, node)?.metadata.annotations?.[DOWN] === 'true';
}

function nodeOf(cluster: Cluster, name: string | undefined): Node | undefined {
  return name === undefined ? undefined : cluster.store.get<Node>(resources.nodes, undefined, name);
}

/** How long until the kubelet tries anew to make a pod's sandbox, ms; on clusters one sees 10 to 15 s. */
const SANDBOX_RETRY: [number, number] = [10_000, 15_000];
/** A kubelet that is cut off tries so often to report, ms. */
const REPORT_RETRY = 10_000;
/** The kubelet waits so long for the volumes of a pod before it says that it does (podAttachAndMountTimeout), ms. */
const MOUNT_TIMEOUT = 123_000;
/** The attach-detach controller's back-off doubles up to 2 min; the lab has one in between, ms. */
const ATTACH_RETRY: [number, number] = [15_000, 30_000];
/** A change of these may be what a pod without a sandbox waits for. */
const NETWORKING = new Set<string>([resources.networkAttachments, resources.nodeNetworkStates, resources.ipPools]);
/** virt-operator gives virt-handler's pod so much more time to end than virt-handler itself waits for migrations: 330 s and 300 s. */
const HANDLER_PADDING = 30_000;

/** When a readiness probe passes first, ms after the start: after its delay and up to one period. 0: there is none. */
function readinessDelay(pod: Pod, random: Random): number {
  const probe = pod.spec?.containers[0]?.readinessProbe;
  if (probe?.initialDelaySeconds === undefined) return 0;
  return (probe.initialDelaySeconds + random.between(0, probe.periodSeconds ?? 10)) * 1000;
}

/** The kubelets of all nodes: pods start and end, nodes report. */
export function kubelet(cluster: Cluster): Controller {
  const { clock, store, events } = cluster;
  const random = cluster.random.fork('kubelet');
  const pods = workqueue(cluster, 'kubelet', { from: 5, to: 30 }, syncPod);
  const nodes = workqueue(cluster, 'kubelet-node', { from: 20, to: 80 }, report);
  const starting = new Map<string, number>();
  /** Pods whose sandbox could not be made. */
  const stuck = new Set<string>();
  /** Pods that wait for their volumes: since when, and when it is tried again. */
  const unattached = new Map<string, { since: number; next: number }>();
  const images = imagePulls(cluster, random.fork('images'));
  const addresses = podAddresses(cluster);

  function syncPod(key: string): Requeue | undefined {
    const pod = byKey<Pod>(cluster, resources.pods, key);
    if (pod?.spec?.nodeName === undefined || isDown(cluster, pod.spec.nodeName)) return undefined;
    if (pod.metadata.deletionTimestamp !== undefined) return terminate(pod);
    if (pod.status?.phase !== 'Pending') return undefined;
    if ([...cluster.broken.unstartable].some((concerns) => concerns(pod))) {
      const why = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
      const source = { component: 'kubelet', host: pod.spec.nodeName };
      events.warning(pod, source, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
      return { afterMs: random.between(...SANDBOX_RETRY), background: true };
    }
    const uid = pod.metadata.uid ?? '';
    const hostIP = addressOf(nodeOf(cluster, pod.spec.nodeName));
    const waits = waitForVolumes(pod, hostIP) ?? images.sync(pod, hostIP);
    if (waits !== undefined) return waits;
    const due = starting.get(uid) ?? clock.now() + random.between(500, 2000);
    if (clock.now() < due) {
      starting.set(uid, due);
      return { afterMs: due - clock.now() };
    }
    starting.delete(uid);
    const source = { component: 'kubelet', host: pod.spec.nodeName };
    const attached = attachNetworks(cluster, pod);
    if ('failure' in attached) {
      modify<Pod>(cluster, resources.pods, pod, (draft) => {
        draft.status = creatingStatus(draft, { time: now(cluster), hostIP });
      });
      events.warning(pod, source, 'FailedCreatePodSandBox', attached.failure);
      stuck.add(key);
      return { afterMs: random.between(...SANDBOX_RETRY), background: true };
    }
    stuck.delete(key);
    const podIP = addresses.next(pod, hostIP);
    const delay = readinessDelay(pod, random);
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      const { networks } = attached;
      if (networks.length > 0) draft.metadata.annotations = withNetworkStatus(draft, podIP, networks);
      draft.status = runningStatus(draft, { time: now(cluster), podIP, hostIP });
      if (delay > 0) draft.status = unreadyStatus(draft.status, now(cluster));
    });
    if (delay > 0) clock.after(delay, () => probe(pod));
    const image = pod.spec.containers[0]?.image ?? '';
    events.normal(pod, source, 'Pulled', `Container image "${image}" already present on machine`);
    events.normal(pod, source, 'Created', `Created container: ${pod.spec.containers[0]?.name ?? ''}`);
    events.normal(pod, source, 'Started', `Started container ${pod.spec.containers[0]?.name ?? ''}`);
    return undefined;
  }

  /** The attach-detach controller tries, and after two minutes the kubelet says which volumes it waits for. */
  function waitForVolumes(pod: Pod, hostIP: string): Requeue | undefined {
    const uid = pod.metadata.uid ?? '';
    const trouble = attachTrouble(cluster, pod);
    if (trouble === undefined) {
      unattached.delete(uid);
      return undefined;
    }
    const wait = unattached.get(uid) ?? { since: clock.now(), next: 0 };
    if (clock.now() < wait.next) return { afterMs: wait.next - clock.now(), background: true };
    const again = random.between(...ATTACH_RETRY);
    unattached.set(uid, { ...wait, next: clock.now() + again });
    events.warning(pod, { component: 'attachdetach-controller' }, 'FailedAttachVolume', trouble.text);
    if (wait.next === 0) {
      modify<Pod>(cluster, resources.pods, pod, (draft) => {
        draft.status = creatingStatus(draft, { time: now(cluster), hostIP });
      });
    } else if (clock.now() - wait.since > MOUNT_TIMEOUT) {
      const text = `Unable to attach or mount volumes: unmounted volumes=[${trouble.waits.join(' ')}], unattached volumes=[], failed to process volumes=[]: context deadline exceeded`;
      events.warning(pod, { component: 'kubelet', host: pod.spec?.nodeName ?? '' }, 'FailedMount', text);
    }
    return { afterMs: again, background: true };
  }

  /** The first readiness probe that can pass. */
  function probe(pod: Pod): void {
    const fresh = byKey<Pod>(cluster, resources.pods, keyOf(pod));
    if (fresh?.metadata.uid !== pod.metadata.uid || isDown(cluster, fresh?.spec?.nodeName)) return;
    if ((fresh?.status?.containerStatuses ?? []).some(({ state }) => state?.running === undefined)) return;
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.status = probedStatus(draft.status, now(cluster));
    });
  }

  /** Ends the containers, then the pod; a launcher that still runs a guest takes a moment to shut it down. */
  function terminate(pod: Pod): Requeue | undefined {
    const uid = pod.metadata.uid ?? '';
    const deadline = Date.parse(pod.metadata.deletionTimestamp ?? '');
    if (isBusyHandler(cluster, pod) && clock.now() < deadline - HANDLER_PADDING) return { afterMs: 1000 };
    const due = starting.get(`end/${uid}`) ?? Math.min(deadline, clock.now() + random.between(300, 1500));
    if (clock.now() < due) {
      starting.set(`end/${uid}`, due);
      return { afterMs: due - clock.now() };
    }
    starting.delete(`end/${uid}`);
    starting.delete(uid);
    images.forget(uid);
    unattached.delete(uid);
    stuck.delete(keyOf(pod));
    store.delete(resources.pods, pod.metadata.namespace, pod.metadata.name);
    cluster.logs.forget(uid);
    return undefined;
  }

  /** A kubelet that is back posts its node's status, and that of its pods. */
  function report(name: string): undefined {
    const node = nodeOf(cluster, name);
    if (node === undefined || isDown(cluster, name)) return;
    const lost = (node.status?.conditions ?? []).some(({ status }) => status === 'Unknown');
    if (lost) {
      modify<Node>(cluster, resources.nodes, node, (draft) => {
        const conditions = (draft.status?.conditions ?? []).map((condition) => healthy(condition, now(cluster)));
        draft.status = { ...draft.status, conditions };
      });
      events.normal(node, { component: 'kubelet', host: name }, 'NodeReady', `Node ${name} status is now: NodeReady`);
    }
    for (const pod of cluster.podsOn.get(name)) {
      pods.add(keyOf(pod));
      if (lost && pod.status?.phase === 'Running') {
        modify<Pod>(cluster, resources.pods, pod, (draft) => {
          draft.status = { ...draft.status, conditions: readyAgain(draft, now(cluster)) };
        });
      }
    }
  }

  /** Leases and node status, for all nodes at once: a lab at rest must cost next to nothing. */
  function heartbeat(resource: string, touch: (object: KubeObject) => KubeObject, namespace?: string): void {
    for (const object of store.list(resource, namespace)) {
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
        if (NETWORKING.has(event.resource)) {
          for (const key of stuck) pods.addAfter(key, { afterMs: random.between(1000, SANDBOX_RETRY[1]) });
        } else if (event.resource === resources.pods && event.type !== 'DELETED') {
          const pod = event.object as Pod;
          const ending = pod.metadata.deletionTimestamp !== undefined;
          if (pod.spec?.nodeName !== undefined && (ending || pod.status?.phase === 'Pending')) pods.add(keyOf(pod));
        } else if (event.resource === resources.nodes && event.type !== 'DELETED') {
          const before: Node | undefined = event.previous;
          const node = event.object as Node;
          const back = before?.metadata.annotations?.[DOWN] === 'true' && !isDown(cluster, node.metadata.name);
          if (back) nodes.add(node.metadata.name);
        }
      });
      const scale = Math.max(1, store.count(resources.nodes) / 50);
      clock.every(10_000 * scale, () =>
        heartbeat(
          resources.leases,
          (lease) => ({
            ...lease,
            spec: {
              ...(lease as KubeObject & { spec?: object }).spec,
              renewTime: new Date(nodeNow(cluster, lease.metadata.name)).toISOString().replace('Z', '000Z'),
            },
          }),
          'kube-node-lease',
        ),
      );
      clock.every(300_000, () =>
        heartbeat(resources.nodes, (object) => {
          const node = object as Node;
          const conditions = (node.status?.conditions ?? []).map((condition) => ({
            ...condition,
            lastHeartbeatTime: seconds(nodeNow(cluster, object.metadata.name)),
          }));
          return { ...node, status: { ...node.status, conditions } } as Node;
        }),
      );
    },
  };
}

const HEALTHY: Record<string, [status: string, reason: string, message: string]> = {
  MemoryPressure: ['False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  DiskPressure: ['False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  PIDPressure: ['False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  Ready: ['True', 'KubeletReady', 'kubelet is posting ready status'],
};

type NodeCondition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

function healthy(condition: NodeCondition, time: string): NodeCondition {
  const is = HEALTHY[condition.type];
  if (is === undefined || condition.status !== 'Unknown') return condition;
  const [status, reason, message] = is;
  return { ...condition, status, reason, message, lastHeartbeatTime: time, lastTransitionTime: time };
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

/** Ends a pod's containers as the kubelet reports it, e.g. a launcher whose guest has left; one that is cut off does so once it is back. */
export function endPod(cluster: Cluster, pod: Pod, phase: 'Succeeded' | 'Failed'): void {
  const current = byKey<Pod>(cluster, resources.pods, keyOf(pod));
  if (current === undefined || isFinishedPod(current)) return;
  if (isDown(cluster, pod.spec?.nodeName)) {
    cluster.clock.after(REPORT_RETRY, () => endPod(cluster, pod, phase), { background: true });
    return;
  }
  modify<Pod>(cluster, resources.pods, pod, (draft) => {
    draft.status = endedStatus(draft, phase, now(cluster));
  });
}
