import { createHash } from 'node:crypto';
import type { Pod } from '../../model/objects.ts';

type PodStatus = NonNullable<Pod['status']>;
type PodCondition = NonNullable<PodStatus['conditions']>[number];

/** A time that is not set goes out as null, whatever the type of the field says. */
const NEVER_PROBED = { lastProbeTime: null } as unknown as Partial<PodCondition>;

/** Replaces (or adds) one condition; the transition time moves only when the status does. */
export function withCondition(conditions: PodCondition[] | undefined, condition: PodCondition): PodCondition[] {
  const before = conditions?.find(({ type }) => type === condition.type);
  const kept =
    before?.status === condition.status
      ? (before.lastTransitionTime ?? condition.lastTransitionTime)
      : condition.lastTransitionTime;
  const next = { ...NEVER_PROBED, ...condition, ...(kept === undefined ? {} : { lastTransitionTime: kept }) };
  return before === undefined
    ? [...(conditions ?? []), next]
    : (conditions ?? []).map((other) => (other === before ? next : other));
}

/** The readiness gate of launcher pods. */
export const GATE = 'kubevirt.io/virtual-machine-unpaused';

/** Ready of a launcher whose gate is not open. */
export function gateClosed(time: string): PodCondition {
  return {
    type: 'Ready',
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: `the status of pod readiness gate "${GATE}" is not "True", but False`,
    lastTransitionTime: time,
  };
}

/**
 * What the kubelet reports of an image that was pulled: its repository and digest, as CRI-O knows it. One that was loaded
 * on the node comes from no registry, and has an ID only. The digests are the lab's own.
 */
function imageIdOf(image: string): string {
  const [name = '', digest] = image.split('@');
  const hash = createHash('sha256').update(name).digest('hex');
  if (name.startsWith('localhost/')) return hash;
  return `${name.replace(/:[^/:]*$/, '')}@${digest ?? `sha256:${hash}`}`;
}

/** Status of a pod whose containers run and are ready. */
export function runningStatus(pod: Pod, at: { time: string; podIP: string; hostIP: string }): PodStatus {
  const { time, podIP, hostIP } = at;
  const launcher = pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher';
  let conditions = pod.status?.conditions;
  const types = ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'PodScheduled'];
  // virt-handler sets the readiness gate on launchers; until then they are not Ready.
  if (!launcher) types.push('Ready');
  for (const type of types) conditions = withCondition(conditions, { type, status: 'True', lastTransitionTime: time });
  if (launcher) {
    conditions = withCondition(conditions, gateClosed(time));
  }
  return {
    ...pod.status,
    phase: 'Running',
    conditions: conditions ?? [],
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: time,
    containerStatuses: (pod.spec?.containers ?? []).map((container) => ({
      name: container.name,
      image: container.image ?? '',
      imageID: imageIdOf(container.image ?? ''),
      containerID: `cri-o://${(pod.metadata.uid ?? '').replaceAll('-', '')}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: time } },
      lastState: {},
    })),
    ...(pod.spec?.initContainers && {
      initContainerStatuses: pod.spec.initContainers.map(({ name, image = '' }) => ({
        name,
        image,
        imageID: imageIdOf(image),
        ready: true,
        started: false,
        restartCount: 0,
        state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time } },
        lastState: {},
      })),
    }),
  };
}

/** Ready as the kubelet finds it: the containers are, and the readiness gate is open if there is one. */
export function readyAgain(pod: Pod, time: string): PodCondition[] {
  const conditions = pod.status?.conditions ?? [];
  const containers = (pod.status?.containerStatuses ?? []).every(({ ready }) => ready);
  const gated = (pod.spec?.readinessGates ?? []).some(
    ({ conditionType }) => !conditions.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  if (!containers || gated) return conditions;
  return withCondition(conditions, { type: 'Ready', status: 'True', lastTransitionTime: time });
}

/** Status of a pod whose containers have ended with exit code 0 (`Succeeded`) or another (`Failed`). */
export function endedStatus(pod: Pod, phase: 'Succeeded' | 'Failed', time: string): PodStatus {
  let conditions = pod.status?.conditions;
  for (const type of ['Ready', 'ContainersReady']) {
    conditions = withCondition(conditions, {
      type,
      status: 'False',
      reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed',
      lastTransitionTime: time,
    });
  }
  return {
    ...pod.status,
    phase,
    conditions: conditions ?? [],
    containerStatuses: (pod.status?.containerStatuses ?? []).map((status) => ({
      ...status,
      ready: false,
      started: false,
      state: {
        terminated: {
          exitCode: phase === 'Succeeded' ? 0 : 1,
          reason: phase === 'Succeeded' ? 'Completed' : 'Error',
          startedAt: status.state?.running?.startedAt ?? time,
          finishedAt: time,
        },
      },
    })),
  };
}

/** KubeVirt's isPodReady: the compute container runs and the others are ready; the readiness gate does not count. */
export function isLauncherReady(pod: Pod): boolean {
  if (pod.status?.phase !== 'Running' || pod.metadata.deletionTimestamp !== undefined) return false;
  return (pod.status.containerStatuses ?? []).every((status) =>
    status.name === 'compute' ? status.state?.running !== undefined : status.ready,
  );
}

/** Status of a pod on its node whose sandbox or containers are not there yet. */
export function creatingStatus(pod: Pod, at: { time: string; hostIP: string }): PodStatus {
  const { time, hostIP } = at;
  const names = (pod.spec?.containers ?? []).map(({ name }) => name).join(' ');
  const waiting = { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
  let conditions = pod.status?.conditions;
  for (const [type, status, more] of [
    ['PodReadyToStartContainers', 'False', {}],
    ['Initialized', 'True', {}],
    ['Ready', 'False', waiting],
    ['ContainersReady', 'False', waiting],
    ['PodScheduled', 'True', {}],
  ] as const) {
    conditions = withCondition(conditions, { type, status, ...more, lastTransitionTime: time });
  }
  return {
    ...pod.status,
    phase: 'Pending',
    conditions: conditions ?? [],
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime: pod.status?.startTime ?? time,
    containerStatuses: (pod.spec?.containers ?? []).map((container) => ({
      name: container.name,
      image: container.image ?? '',
      imageID: '',
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: {},
    })),
  };
}

/** Status of a running pod as long as its containers have not passed their readiness probes, or after one has failed. */
export function unreadyStatus(status: PodStatus | undefined, time: string): PodStatus {
  const names = (status?.containerStatuses ?? []).map(({ name }) => name).join(' ');
  let conditions = status?.conditions;
  for (const type of ['Ready', 'ContainersReady']) {
    conditions = withCondition(conditions, {
      type,
      status: 'False',
      reason: 'ContainersNotReady',
      message: `containers with unready status: [${names}]`,
      lastTransitionTime: time,
    });
  }
  return {
    ...status,
    conditions: conditions ?? [],
    containerStatuses: (status?.containerStatuses ?? []).map((one) => ({ ...one, ready: false })),
  };
}

/** Status of a pod whose containers have passed their readiness probes. */
export function probedStatus(status: PodStatus | undefined, time: string): PodStatus {
  let conditions = status?.conditions;
  for (const type of ['Ready', 'ContainersReady']) {
    conditions = withCondition(conditions, { type, status: 'True', lastTransitionTime: time });
  }
  return {
    ...status,
    conditions: conditions ?? [],
    containerStatuses: (status?.containerStatuses ?? []).map((one) => ({ ...one, ready: true })),
  };
}
