import type { Pod } from '../../model/objects.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { creatingStatus } from './pod-status.ts';
import type { Requeue } from './workqueue.ts';

/** How long a registry that does not answer is waited for, ms (an assumption). */
const GIVE_UP: [number, number] = [1500, 4000];
/** The kubelet looks again at a pod that does not start, ms (its backOffPeriod of 10 s, with jitter). */
const LOOK_AGAIN: [number, number] = [10_000, 15_000];
/** How long it waits between two pulls: 10 s, doubling to 5 min (kubelet, MaxContainerBackOff). */
const BACKOFF = 10_000;
const LONGEST = 300_000;

interface Pull {
  /** When the pull that runs ends. */
  ends?: number;
  /** Until when no other is tried. */
  pause: number;
  /** When the pod is looked at again, whatever changes meanwhile. */
  next: number;
  backoff: number;
}

/** What the kubelets do for pods whose images are not on their node. */
export interface ImagePulls {
  /** When to look again; undefined: the images are there. */
  sync(pod: Pod, hostIP: string): Requeue | undefined;
  forget(uid: string): void;
}

/**
 * Pulling, Failed and BackOff events and the waiting statuses ErrImagePull and ImagePullBackOff, in the order and with
 * the texts of the kubelet (Kubernetes pkg/kubelet/images, image_manager.go); the registry's error is CRI-O's.
 */
export function imagePulls(cluster: Cluster, random: Random): ImagePulls {
  const { clock, events, broken } = cluster;
  const pulls = new Map<string, Pull>();

  function sync(pod: Pod, hostIP: string): Requeue | undefined {
    const uid = pod.metadata.uid ?? '';
    const trouble = [...broken.images].find(({ concerns }) => concerns(pod));
    const pull = pulls.get(uid);
    if (trouble === undefined && pull === undefined) return undefined;
    const source = { component: 'kubelet', host: pod.spec?.nodeName ?? '' };
    const image = pod.spec?.containers[0]?.image ?? '';
    const wait = (reason: string, message: string): void => tell(pod, hostIP, reason, message);

    if (pull?.ends !== undefined) {
      if (clock.now() < pull.ends) return { afterMs: pull.ends - clock.now() };
      delete pull.ends;
      if (trouble === undefined || trouble.takes !== undefined) {
        pulls.delete(uid);
        events.normal(pod, source, 'Pulled', `Successfully pulled image "${image}"`);
        return undefined;
      }
      const why = unanswered(image);
      events.warning(pod, source, 'Failed', `Failed to pull image "${image}": ${why}`);
      events.warning(pod, source, 'Failed', 'Error: ErrImagePull');
      wait('ErrImagePull', why);
      pull.pause = clock.now() + pull.backoff;
      pull.backoff = Math.min(LONGEST, pull.backoff * 2);
      pull.next = clock.now() + 1000;
      return { afterMs: 1000, background: true };
    }
    if (pull !== undefined && trouble !== undefined && clock.now() < pull.next) {
      return { afterMs: pull.next - clock.now(), background: true };
    }
    if (pull !== undefined && clock.now() < pull.pause) {
      const text = `Back-off pulling image "${image}"`;
      events.normal(pod, source, 'BackOff', text);
      events.warning(pod, source, 'Failed', 'Error: ImagePullBackOff');
      wait('ImagePullBackOff', text);
      const again = random.between(...LOOK_AGAIN);
      pull.next = clock.now() + again;
      return { afterMs: again, background: true };
    }
    events.normal(pod, source, 'Pulling', `Pulling image "${image}"`);
    wait('ContainerCreating', '');
    const takes = trouble === undefined ? 0 : (trouble.takes ?? random.between(...GIVE_UP));
    pulls.set(uid, { pause: 0, next: 0, backoff: BACKOFF, ...pull, ends: clock.now() + takes });
    return { afterMs: Math.max(1, takes) };
  }

  function tell(pod: Pod, hostIP: string, reason: string, message: string): void {
    const waiting = { reason, ...(message === '' ? {} : { message }) };
    if (pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === reason) return;
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.status = creatingStatus(draft, { time: now(cluster), hostIP });
      draft.status.containerStatuses = (draft.status.containerStatuses ?? []).map((each) => ({
        ...each,
        state: { waiting },
      }));
    });
  }

  return { sync, forget: (uid) => void pulls.delete(uid) };
}

function unanswered(image: string): string {
  const registry = image.split('/')[0] ?? '';
  return `initializing source docker://${image}: pinging container registry ${registry}: Get "https://${registry}/v2/": dial tcp: lookup ${registry}: i/o timeout`;
}
