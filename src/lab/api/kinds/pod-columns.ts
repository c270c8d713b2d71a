import type { KubeObject, Pod } from '../../../model/objects.ts';
import { ago } from './ages.ts';
import { type Column, column, wide } from './kind.ts';

// Computed cells of `kubectl get pods`, as k8s.io/kubernetes/pkg/printers/internalversion printPod computes them.

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

const NONE = '<none>';

function statuses(object: KubeObject): ContainerStatus[] {
  return (object as Pod).status?.containerStatuses ?? [];
}

/** Containers that are ready, and how many there are: `1/2`. */
function ready(object: KubeObject): string {
  const pod = object as Pod;
  const total = pod.spec?.containers?.length ?? 0;
  const running = statuses(pod).filter((status) => status.ready && status.state?.running !== undefined).length;
  return `${running}/${total}`;
}

/** `Running`, `Completed`, `CrashLoopBackOff`, `Init:0/1`, `Terminating`, ... */
function status(object: KubeObject): string {
  const pod = object as Pod;
  let reason = pod.status?.reason || pod.status?.phase || 'Unknown';
  const gated = pod.status?.conditions?.find(
    (each) => each.type === 'PodScheduled' && each.reason === 'SchedulingGated',
  );
  if (gated !== undefined) reason = 'SchedulingGated';
  const init = initReason(pod);
  if (init !== undefined) reason = init;
  else {
    let anyRunning = false;
    for (const container of statuses(pod).toReversed()) {
      const { waiting, terminated, running } = container.state ?? {};
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated !== undefined) reason = terminatedReason(terminated);
      else if (container.ready && running !== undefined) anyRunning = true;
    }
    const isReady = pod.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;
    if (reason === 'Completed' && anyRunning) reason = isReady ? 'Running' : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? reason : 'Terminating';
}

function initReason(pod: Pod): string | undefined {
  const all = pod.status?.initContainerStatuses ?? [];
  for (const [index, container] of all.entries()) {
    const { waiting, terminated } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    const restartable =
      pod.spec?.initContainers?.find((each) => each.name === container.name)?.restartPolicy === 'Always';
    if (restartable && container.started === true) continue;
    if (terminated !== undefined) return `Init:${terminatedReason(terminated)}`;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${pod.spec?.initContainers?.length ?? all.length}`;
  }
  return undefined;
}

function terminatedReason(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

/** `2 (5m ago)`; without a known last restart just the number. */
function restarts(object: KubeObject, now: number): string {
  const all = statuses(object);
  const count = all.reduce((sum, each) => sum + (each.restartCount ?? 0), 0);
  const last = all.map((each) => each.lastState?.terminated?.finishedAt).filter((each) => each !== undefined);
  const newest = last.sort().at(-1);
  return count > 0 && newest !== undefined ? `${count} (${ago(newest, now)} ago)` : String(count);
}

function readinessGates(object: KubeObject): string {
  const pod = object as Pod;
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const met = gates.filter((gate) =>
    pod.status?.conditions?.some((each) => each.type === gate.conditionType && each.status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}

export const podColumns: Column[] = [
  column('Ready', ready, { description: 'The aggregate readiness state of this pod for accepting traffic.' }),
  column('Status', status, { description: 'The aggregate status of the containers in this pod.' }),
  column('Restarts', restarts, {
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
  }),
  column('Age', (object, now) => ago(object.metadata.creationTimestamp, now)),
  wide('IP', (object) => (object as Pod).status?.podIP || NONE),
  wide('Node', (object) => (object as Pod).spec?.nodeName || NONE),
  wide('Nominated Node', (object) => (object as Pod).status?.nominatedNodeName || NONE),
  wide('Readiness Gates', readinessGates),
];
