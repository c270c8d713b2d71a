import type { Pod } from '../../model/objects.ts';
import type { Timer } from '../clock.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { isDown } from '../controllers/kubelet.ts';
import { readyAgain, withCondition } from '../controllers/pod-status.ts';
import { resources } from '../resources.ts';
import type { Stop } from './fault.ts';

/** How long the process lives between a restart and the next crash, ms. */
const LIFE = 1000;
/** A kubelet restarts a container at once, then after 10 s, doubling to 5 min (CrashLoopBackOff). */
const BACKOFF = 10_000;
const LONGEST = 300_000;

/**
 * The container of a pod crashes as often as it is restarted, from now on; when this is stopped, the next restart
 * succeeds. `find` says which pod it is at the moment: it may be replaced. `crashed` is called at each crash.
 */
export function crashLoop(
  cluster: Cluster,
  container: string,
  find: () => Pod | undefined,
  crashed: () => void = () => undefined,
): Stop {
  const { clock, events } = cluster;
  let over = false;
  let backoff = 0;
  let timer: Timer | undefined;

  const change = (edit: (draft: Pod) => void): Pod | undefined => {
    const pod = find();
    return pod === undefined ? undefined : modify<Pod>(cluster, resources.pods, pod, edit);
  };

  function crash(): void {
    const since = now(cluster);
    const pod = change((draft) => {
      let conditions = draft.status?.conditions;
      for (const type of ['Ready', 'ContainersReady']) {
        conditions = withCondition(conditions, {
          type,
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${container}]`,
          lastTransitionTime: since,
        });
      }
      draft.status = {
        ...draft.status,
        conditions: conditions ?? [],
        containerStatuses: (draft.status?.containerStatuses ?? []).map((status) => ({
          ...status,
          ready: false,
          started: false,
          state: {
            waiting: {
              reason: 'CrashLoopBackOff',
              message: `back-off ${Math.max(backoff, BACKOFF) / 1000}s restarting failed container=${status.name} pod=${draft.metadata.name}_${draft.metadata.namespace ?? ''}(${draft.metadata.uid ?? ''})`,
            },
          },
          lastState: { terminated: { exitCode: 2, reason: 'Error', finishedAt: since } },
        })),
      };
    });
    crashed();
    if (pod !== undefined) {
      const source = { component: 'kubelet', host: pod.spec?.nodeName ?? '' };
      const text = `Back-off restarting failed container ${container} in pod ${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})`;
      events.warning(pod, source, 'BackOff', text);
    }
    timer = clock.after(backoff, restart, { background: !over });
    backoff = Math.min(LONGEST, Math.max(BACKOFF, backoff * 2));
  }

  function restart(): void {
    if (!over) {
      change((draft) => setState(draft, false));
      timer = clock.after(LIFE, crash, { background: true });
      return;
    }
    if (isDown(cluster, find()?.spec?.nodeName)) return;
    change((draft) => {
      setState(draft, true);
      const time = now(cluster);
      const ready = withCondition(draft.status?.conditions, {
        type: 'ContainersReady',
        status: 'True',
        lastTransitionTime: time,
      });
      draft.status = { ...draft.status, conditions: ready };
      draft.status.conditions = readyAgain(draft, time);
    });
  }

  function setState(draft: Pod, ready: boolean): void {
    draft.status = {
      ...draft.status,
      containerStatuses: (draft.status?.containerStatuses ?? []).map((status) => ({
        ...status,
        ready,
        started: ready,
        restartCount: status.restartCount + 1,
        state: { running: { startedAt: now(cluster) } },
      })),
    };
  }

  crash();
  return () => {
    over = true;
    timer?.cancel();
    // It is in its back-off, or about to crash; either way the next restart is the last.
    timer = clock.after(LIFE, restart);
  };
}
