import type { Pod } from '../../model/objects.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { handlerPanic, isHandler } from './handler-pods.ts';
import { unreadyStatus } from './pod-status.ts';

/** The kubelet's back-off between restarts of a container, ms: 10 s, doubled up to 5 min. */
const FIRST = 10_000;
const LONGEST = 300_000;

/** virt-handler's start: one whose migration0 has no address panics, and does so again at every restart. */
export function virtHandlerStart(cluster: Cluster): Controller {
  const { clock, store, events, logs } = cluster;
  const known = new Set<string>();

  function crash(pod: Pod, panic: string, restarts: number): void {
    const fresh = byKey<Pod>(cluster, resources.pods, keyOf(pod));
    if (fresh?.metadata.uid !== pod.metadata.uid || fresh?.metadata.deletionTimestamp !== undefined) return;
    const uid = pod.metadata.uid ?? '';
    const time = now(cluster);
    for (const text of [`panic: ${panic}`, '', 'goroutine 1 [running]:', 'main.(*virtHandlerApp).Run(...)']) {
      logs.write(uid, 'virt-handler', { time: clock.now(), text });
    }
    const delay = Math.min(LONGEST, FIRST * 2 ** restarts);
    const name = `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${uid})`;
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      const status = unreadyStatus(draft.status, time);
      draft.status = {
        ...status,
        containerStatuses: (status.containerStatuses ?? []).map((one) => ({
          ...one,
          started: false,
          restartCount: restarts,
          lastState: { terminated: { exitCode: 2, reason: 'Error', startedAt: time, finishedAt: time } },
          state: {
            waiting: {
              reason: 'CrashLoopBackOff',
              message: `back-off ${delay >= 60_000 ? `${Math.floor(delay / 60_000)}m${(delay % 60_000) / 1000}s` : `${delay / 1000}s`} restarting failed container=virt-handler pod=${name}`,
            },
          },
        })),
      };
    });
    const source = { component: 'kubelet', host: pod.spec?.nodeName ?? '' };
    events.warning(pod, source, 'BackOff', `Back-off restarting failed container virt-handler in pod ${name}`);
    clock.after(delay, () => crash(pod, panic, restarts + 1), { background: true });
  }

  return {
    start: () => {
      store.subscribe(({ resource, type, object }) => {
        if (resource !== resources.pods || !isHandler(object)) return;
        const pod = object as Pod;
        const uid = pod.metadata.uid ?? '';
        if (type === 'DELETED') known.delete(uid);
        else if (pod.status?.phase === 'Running' && !known.has(uid)) {
          known.add(uid);
          const panic = handlerPanic(pod);
          if (panic !== undefined) clock.after(500, () => crash(pod, panic, 0));
        }
      });
    },
  };
}
