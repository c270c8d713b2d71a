import type { Node, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, keyOf, modify, now, remove } from '../cluster.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { hotplugVolumesOf } from './attachment-pod.ts';
import { targetStateClaim } from './backend-storage.ts';
import { conditionOf, put } from './conditions.ts';
import { featureGateEnabled } from './config.ts';
import { logReenqueued } from './controller-log.ts';
import { createLauncher } from './create-launcher.ts';
import { raiseBudget } from './disruption-budgets.ts';
import { createAttachment } from './hotplug.ts';
import { CPU_FEATURE, STATE_VOLUME, stateVolume, VIRT_CONTROLLER } from './launcher-pod.ts';
import { backoffOf } from './migration-backoff.ts';
import { freeSlots } from './migration-slots.ts';
import { CPU_MODEL_MIGRATION, TargetUnknown, targetPod } from './target-pod.ts';
import { currentPod } from './virt-vmi.ts';
import type { Requeue } from './workqueue.ts';

const NON_ROOT = 'kubevirt.io/nonroot';
/** The user that virt-launcher runs as unless it is root. */
const QEMU = 107;

/** How often virt-controller looks again at a migration that waits (v1.6: 5 s, whatever it waits for). */
export const RETRY = 5000;

/** Pending: creates the target pod, or says when to look again; `blocked`: when a slot comes free. Nothing but the phase tells that it waits. */
export function createTarget(
  cluster: Cluster,
  random: Random,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
): Requeue | 'blocked' | undefined {
  const { events } = cluster;
  if (vmi.status?.phase !== 'Running') return { afterMs: RETRY, background: true };
  const alive = cluster.podsOf.get(vmi.metadata.uid ?? '').filter((pod) => !isFinishedPod(pod));
  // Until the previous migration's source pod has ended; its end brings this here again.
  if (alive.length > 1) return { afterMs: 1000, background: true };
  const backoff = backoffOf(cluster, migration);
  if (backoff > 0) {
    events.warning(vmi, VIRT_CONTROLLER, 'MigrationBackoff', `backoff migrating vmi ${keyOf(vmi)}`);
    return { afterMs: backoff, background: true };
  }
  const free = freeSlots(cluster, vmi.status.nodeName);
  if (free.cluster <= 0 || free.outbound <= 0) return 'blocked';
  const wait = raiseBudget(cluster, migration, vmi);
  if (wait > 0) return { afterMs: wait };
  const again = (reason: string): Requeue => {
    logReenqueued(cluster, migration, reason);
    return { afterMs: RETRY, background: true };
  };
  const state = targetStateClaim(cluster, vmi, migration);
  if ('refused' in state) return again(state.refused);
  let pod: Pod;
  try {
    pod = targetPod(cluster, ofRuntimeUser(cluster, vmi), migration, currentPod(cluster, vmi));
  } catch (error) {
    if (!(error instanceof TargetUnknown)) throw error;
    return again(error.message);
  }
  withState(pod, state.name);
  const { pod: created, rejected } = createLauncher(cluster, vmi, pod, random.suffix());
  modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
    if (rejected?.includes('exceeded quota') !== true) return;
    draft.status = {
      ...draft.status,
      conditions: put(draft.status?.conditions, {
        type: 'migrationRejectedByResourceQuota',
        status: 'True',
        lastProbeTime: now(cluster),
        lastTransitionTime: null,
      }),
    };
  });
  if (created === undefined) return again(rejected ?? '');
  events.normal(
    migration,
    VIRT_CONTROLLER,
    'SuccessfulCreate',
    `Created migration target pod ${created.metadata.name}`,
  );
  return undefined;
}

/** The hot-plugged volumes are attached where the target pod runs, by a pod of their own (createAttachmentPod). */
export function attachAtTarget(
  cluster: Cluster,
  random: Random,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
  target: Pod,
): Requeue | undefined {
  const source = currentPod(cluster, vmi);
  if (source === undefined || cluster.attachmentPods.count(target.metadata.uid ?? '') > 0) return undefined;
  const { pod, rejected } = createAttachment(cluster, random, vmi, target, hotplugVolumesOf(vmi, source), {
    labels: { 'kubevirt.io/migrationJobUID': migration.metadata.uid ?? '' },
    annotations: { 'kubevirt.io/migrationJobName': migration.metadata.name },
  });
  if (rejected !== undefined) {
    logReenqueued(cluster, migration, rejected);
    return { afterMs: RETRY, background: true };
  }
  const message = `Created attachment pod ${pod?.metadata.name ?? ''}`;
  cluster.events.normal(migration, VIRT_CONTROLLER, 'SuccessfulCreate', message);
  return undefined;
}

/** The target mounts a claim of its own where nodes can't share that of the source. */
function withState({ spec }: Pod, claim: string | undefined): void {
  if (spec === undefined || claim === undefined) return;
  const others = (spec.volumes ?? []).filter(({ name }) => name !== STATE_VOLUME);
  spec.volumes = [...others, ...stateVolume(claim)];
}

/**
 * virt-controller's setupVMIRuntimeUser: a migration brings the VMI to the user of the cluster, root if feature gate Root
 * is on; since v0.52 with the annotation (recordings, VMI).
 */
function ofRuntimeUser(cluster: Cluster, vmi: VirtualMachineInstance): VirtualMachineInstance {
  const root = featureGateEnabled(cluster, 'Root');
  const annotated = vmi.metadata.annotations?.[NON_ROOT] !== undefined;
  const runtimeUser = root ? 0 : QEMU;
  if (annotated !== root && vmi.status?.runtimeUser === runtimeUser) return vmi;
  const changed = modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    const { [NON_ROOT]: _, ...others } = draft.metadata.annotations ?? {};
    draft.metadata.annotations = root ? others : { ...others, [NON_ROOT]: 'true' };
    draft.status = { ...draft.status, runtimeUser };
  });
  return changed ?? vmi;
}

/** Scheduling: a target pod that does not start in time is given up (facts/kubevirt.md C1, Timeouts on the target pod). */
export function watchPending(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
  pod: Pod,
): Requeue | undefined {
  const { clock, events } = cluster;
  if (pod.status?.phase !== 'Pending' || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const age = (clock.now() - Date.parse(pod.metadata.creationTimestamp ?? '')) / 1000;
  const limit = (annotation: string, fallback: number): number =>
    Number(migration.metadata.annotations?.[annotation] ?? fallback);
  const waits: { what: string; seconds: number }[] = [
    {
      what: 'pending',
      seconds: limit('kubevirt.io/migrationPendingPodTimeoutSeconds', cluster.version.pendingTimeout),
    },
  ];
  const scheduled = conditionOf(pod.status.conditions, 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    alertNoHostModel(cluster, vmi, pod);
    events.warning(
      migration,
      VIRT_CONTROLLER,
      'migrationTargetPodUnschedulable',
      `Migration target pod for VMI [${keyOf(vmi)}] is currently unschedulable.`,
    );
    waits.unshift({
      what: 'unschedulable',
      seconds: limit('kubevirt.io/migrationUnschedulablePodTimeoutSeconds', cluster.version.unschedulableTimeout),
    });
  }
  const over = waits.find(({ seconds }) => age >= seconds);
  if (over !== undefined) {
    remove(cluster, resources.pods, pod);
    events.normal(
      migration,
      VIRT_CONTROLLER,
      'SuccessfulDelete',
      `${over.what} pod ${keyOf(pod)} timeout period exceeded`,
    );
    return undefined;
  }
  return { afterMs: Math.max(50, Math.min(...waits.map(({ seconds }) => seconds - age)) * 1000) };
}

/** virt-controller's alertIfHostModelIsUnschedulable: no other node says that it has the CPU the target pod asks for. */
function alertNoHostModel(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): void {
  if (vmi.spec.domain.cpu?.model !== 'host-model') return;
  const wanted = Object.entries(pod.spec?.nodeSelector ?? {})
    .filter(([key]) => key.startsWith(CPU_MODEL_MIGRATION) || key.startsWith(CPU_FEATURE))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (const { metadata } of cluster.store.values<Node>(resources.nodes)) {
    if (metadata.name === vmi.status?.nodeName) continue;
    if (wanted.every(([key, value]) => metadata.labels?.[key] === value)) return;
  }
  const labels = wanted.map(([key, value]) => `${key}:${value}`).join(' ');
  const text = `Migration cannot proceed since no node is suitable to run the required CPU model / required features: map[${labels}]`;
  cluster.events.warning(vmi, VIRT_CONTROLLER, 'NoSuitableNodesForHostModelMigration', text);
}

/** The target pod of a migration that ended before virt-handler got it is deleted. */
export function cancelTarget(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  pod: Pod | undefined,
): undefined {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isFinishedPod(pod)) return;
  remove(cluster, resources.pods, pod);
  const message = `migration canceled and pod ${keyOf(pod)} is deleted`;
  cluster.events.normal(migration, VIRT_CONTROLLER, 'SuccessfulDelete', message);
}
