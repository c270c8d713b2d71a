import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { GATE, gateClosed, withCondition } from './pod-status.ts';

/** The readiness gate of a running VMI's launcher, and with it the pod's Ready: open unless the guest is paused. */
export function syncReadinessGate(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): Pod {
  const paused = vmi.status?.conditions?.some(({ type, status }) => type === 'Paused' && status === 'True') ?? false;
  const gate = pod.status?.conditions?.find(({ type }) => type === GATE);
  if (isFinishedPod(pod) || pod.status?.phase !== 'Running' || gate?.status === (paused ? 'False' : 'True')) return pod;
  return setReadinessGate(cluster, pod, !paused) ?? pod;
}

/** Opens the gate of a launcher whose guest runs. */
export function openReadinessGate(cluster: Cluster, pod: Pod): void {
  setReadinessGate(cluster, pod, true);
}

function setReadinessGate(cluster: Cluster, pod: Pod, open: boolean): Pod | undefined {
  return modify<Pod>(cluster, resources.pods, pod, (draft) => {
    const time = now(cluster);
    const status = open ? 'True' : 'False';
    let conditions = withCondition(draft.status?.conditions, {
      type: GATE,
      status,
      reason: open ? 'NotPaused' : 'Paused',
      message: `the virtual machine is ${open ? 'not ' : ''}paused`,
      lastProbeTime: time,
      lastTransitionTime: time,
    });
    conditions = withCondition(
      conditions.filter(({ type }) => type !== 'Ready'),
      open ? { type: 'Ready', status, lastTransitionTime: time } : gateClosed(time),
    );
    draft.status = { ...draft.status, conditions };
  });
}
