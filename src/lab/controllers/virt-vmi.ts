import type { KubeObject, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { HOTPLUG_DISK } from './attachment-pod.ts';
import { makeStateClaim } from './backend-storage.ts';
import { put, without } from './conditions.ts';
import { createLauncher } from './create-launcher.ts';
import { claimsWanted, dataVolumesReady } from './data-volumes.ts';
import { endAttachments, syncAttachments } from './hotplug.ts';
import { launcherImage, launcherPod, VIRT_CONTROLLER } from './launcher-pod.ts';
import { markSizeChanges } from './live-update-size.ts';
import { claimOfVolume } from './live-update-volumes.ts';
import { overheadOf } from './memory-overhead.ts';
import { isLauncherReady } from './pod-status.ts';
import { isFinalVmi } from './printable-status.ts';
import { syncReadinessGate } from './readiness-gate.ts';
import { MIGRATION_TARGET } from './vmi-defaults.ts';
import { markVolumesChange } from './volume-migration.ts';
import { volumesOf, volumesWithHotplug } from './volume-status.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const OUTDATED_LABEL = 'kubevirt.io/outdatedLauncherImage';

const TARGET_LABEL = 'kubevirt.io/migrationTargetNodeName';

/** The launcher pod a VMI runs in now, not the one it migrates to or has left. */
export function currentPod(cluster: Cluster, vmi: VirtualMachineInstance): Pod | undefined {
  const pods = cluster.podsOf.get(vmi.metadata.uid ?? '').filter((pod) => !isFinishedPod(pod));
  const node = vmi.status?.nodeName;
  if (node === undefined) return pods.find((pod) => pod.metadata.labels?.['kubevirt.io/migrationJobUID'] === undefined);
  const here = pods.filter((pod) => pod.spec?.nodeName === node);
  const state = vmi.status?.migrationState;
  const named = state?.completed === true && state.failed !== true ? state.targetPod : undefined;
  return here.find((pod) => pod.metadata.name === named) ?? here[0];
}

/** Records the phase a VMI enters. */
export function enterPhase(cluster: Cluster, draft: VirtualMachineInstance, phase: string): void {
  draft.status = {
    ...draft.status,
    phase,
    phaseTransitionTimestamps: [
      ...(draft.status?.phaseTransitionTimestamps ?? []),
      { phase, phaseTransitionTimestamp: now(cluster) },
    ],
  };
}

/** virt-controller's VMI controller: the launcher pod, the phases up to Scheduled, and what the VMI's status tells of its pods and volumes. */
export function virtVmi(cluster: Cluster): Controller {
  const { store, events } = cluster;
  const random = cluster.random.fork('virt-vmi');
  const queue = workqueue(cluster, 'virt-vmi', { from: 15, to: 60 }, reconcile, [
    cluster.virtController,
    cluster.virtApi,
  ]);

  function reconcile(key: string): Requeue | undefined {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, key);
    if (vmi === undefined) return undefined;
    const pods = cluster.podsOf.get(vmi.metadata.uid ?? '');
    if (vmi.metadata.deletionTimestamp !== undefined) return shutDown(vmi, pods);
    if (isFinalVmi(vmi)) {
      endAttachments(cluster, vmi, pods, 'all');
      for (const pod of pods) if (!isFinishedPod(pod)) deletePod(vmi, pod);
      return undefined;
    }
    const phase = vmi.status?.phase ?? 'Pending';
    if (phase === 'WaitingForSync') return undefined;
    if (phase === 'Pending' && vmi.metadata.annotations?.[MIGRATION_TARGET] === 'true') {
      modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
        enterPhase(cluster, draft, 'WaitingForSync');
      });
      return undefined;
    }
    const stale = currentPod(cluster, vmi);
    const pod = stale === undefined || phase !== 'Running' ? stale : syncReadinessGate(cluster, vmi, stale);
    if (phase === 'Pending' && pod === undefined) {
      const wanted = claimsWanted(cluster, vmi);
      if (wanted !== undefined) return waitFor(vmi, wanted);
      if (makeStateClaim(cluster, vmi) !== undefined) return { afterMs: 5000, background: true };
      const { pod: created, rejected } = createLauncher(cluster, vmi, launcherPod(cluster, vmi), random.suffix());
      if (created !== undefined)
        events.normal(vmi, VIRT_CONTROLLER, 'SuccessfulCreate', `Created virtual machine pod ${created.metadata.name}`);
      return rejected === undefined ? undefined : { afterMs: 5000, background: true };
    }
    endAttachments(cluster, vmi, pods, 'orphaned');
    const again = pod === undefined ? undefined : syncAttachments(cluster, random, vmi, pod);
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      draft.status = { ...draft.status };
      if (pods.length > 0) {
        draft.status.activePods = Object.fromEntries(
          pods.map((one) => [one.metadata.uid ?? '', one.spec?.nodeName ?? '']),
        );
      }
      const volumeStatus = pod === undefined ? volumesOf(cluster, draft) : volumesWithHotplug(cluster, draft, pod);
      if (volumeStatus.length > 0) draft.status.volumeStatus = volumeStatus;
      if (pod === undefined) {
        enterPhase(cluster, draft, 'Failed');
        draft.status.conditions = notReady(draft, 'PodTerminating', 'virt-launcher pod is terminating');
        return;
      }
      const memoryOverhead = overheadOf(pod);
      if (memoryOverhead !== undefined) draft.status.memory = { ...draft.status.memory, memoryOverhead };
      if (phase === 'Pending') {
        draft.status.conditions = without(draft.status.conditions, 'Synchronized');
        enterPhase(cluster, draft, 'Scheduling');
      }
      if (phase === 'Pending' || phase === 'Scheduling') mirrorScheduling(draft, pod);
      if (phase === 'Scheduling' && isLauncherReady(pod)) {
        enterPhase(cluster, draft, 'Scheduled');
        draft.status = { ...draft.status, nodeName: pod.spec?.nodeName ?? '', migrationTransport: 'Unix' };
        draft.metadata.labels = { ...draft.metadata.labels, 'kubevirt.io/nodeName': pod.spec?.nodeName ?? '' };
      }
      if (draft.status?.phase === 'Running') {
        tellImage(draft, pod.spec?.containers[0]?.image ?? '');
        draft.status.conditions = readyLike(draft, pod);
        markSizeChanges(cluster, draft);
        markVolumesChange(cluster, draft);
      }
      const ready = dataVolumesReady(cluster, draft);
      if (ready !== undefined) {
        const condition = { type: 'DataVolumesReady', ...ready, lastProbeTime: null, lastTransitionTime: null };
        draft.status.conditions = put(draft.status.conditions, condition);
      }
      if (cluster.version.evacuationCancel) tellEviction(draft);
      if (draft.status?.migrationState?.completed === true && draft.metadata.labels?.[TARGET_LABEL] !== undefined) {
        delete draft.metadata.labels[TARGET_LABEL];
      }
    });
    return again;
  }

  /** No pod before the claims are there, and filled; of a missing one the VMI tells. */
  function waitFor(vmi: VirtualMachineInstance, wanted: { missing: string } | 'unfilled'): undefined {
    const missing = wanted === 'unfilled' ? undefined : wanted.missing;
    const message = `PVC ${vmi.metadata.namespace ?? ''}/${missing ?? ''} does not exist, waiting for it to appear`;
    if (missing !== undefined) events.normal(vmi, VIRT_CONTROLLER, 'FailedPvcNotFound', message);
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const conditions =
        missing === undefined
          ? without(draft.status?.conditions, 'Synchronized')
          : put(draft.status?.conditions, {
              type: 'Synchronized',
              status: 'False',
              reason: 'FailedPvcNotFound',
              message,
              lastProbeTime: null,
              lastTransitionTime: now(cluster),
            });
      draft.status = { ...draft.status, conditions };
    });
  }

  /** Which virt-launcher it runs in, and a label if that is not KubeVirt's own any more (lifecycle.go setLauncherContainerInfo). */
  function tellImage(draft: VirtualMachineInstance, image: string): void {
    draft.status = { ...draft.status, launcherContainerImageVersion: image };
    const { [OUTDATED_LABEL]: _outdated, ...labels } = draft.metadata.labels ?? {};
    draft.metadata.labels =
      image === '' || image === launcherImage(cluster) ? labels : { ...labels, [OUTDATED_LABEL]: '' };
  }

  /** v1.7 and later: a condition tells of evacuationNodeName (facts/kubevirt.md A3). */
  function tellEviction(draft: VirtualMachineInstance): void {
    const type = 'EvictionRequested';
    const told = draft.status?.conditions?.some((condition) => condition.type === type) === true;
    const marked = draft.status?.evacuationNodeName !== undefined;
    if (told === marked) return;
    const condition = {
      type,
      status: 'True',
      reason: type,
      message: 'VMI is marked for eviction',
      lastProbeTime: null,
      lastTransitionTime: now(cluster),
    };
    draft.status = {
      ...draft.status,
      conditions: marked ? put(draft.status?.conditions, condition) : without(draft.status?.conditions, type),
    };
  }

  /** virt-controller's syncReadyConditionFromPod: a running VMI is as ready as its launcher, which a paused one is not. */
  function readyLike(draft: VirtualMachineInstance, pod: Pod) {
    const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
    const before = draft.status?.conditions?.find(({ type }) => type === 'Ready');
    const status = ready?.status === 'True' ? 'True' : 'False';
    if (before?.status === status && before.reason === ready?.reason) return draft.status?.conditions ?? [];
    return put(draft.status?.conditions, {
      type: 'Ready',
      status,
      ...(ready?.reason === undefined ? {} : { reason: ready.reason, message: ready.message ?? '' }),
      lastProbeTime: null,
      lastTransitionTime: now(cluster),
    });
  }

  function mirrorScheduling(draft: VirtualMachineInstance, pod: Pod): void {
    const qosClass = (pod.status?.qosClass ?? 'Burstable') as NonNullable<VirtualMachineInstance['status']>['qosClass'];
    const conditions = notReady(draft, 'GuestNotRunning', 'Guest VM is not reported as running');
    const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    draft.status = {
      ...draft.status,
      ...(qosClass === undefined ? {} : { qosClass }),
      launcherContainerImageVersion: pod.spec?.containers[0]?.image ?? '',
      conditions:
        scheduled?.status === 'False'
          ? put(conditions, {
              type: 'PodScheduled',
              status: 'False',
              reason: scheduled.reason ?? '',
              message: scheduled.message ?? '',
              lastProbeTime: null,
              lastTransitionTime: scheduled.lastTransitionTime ?? now(cluster),
            })
          : without(conditions, 'PodScheduled'),
    };
  }

  function notReady(draft: VirtualMachineInstance, reason: string, message: string) {
    return put(draft.status?.conditions, {
      type: 'Ready',
      status: 'False',
      reason,
      message,
      lastProbeTime: now(cluster),
      lastTransitionTime: now(cluster),
    });
  }

  function deletePod(vmi: VirtualMachineInstance, pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    remove(cluster, resources.pods, pod);
    events.normal(vmi, VIRT_CONTROLLER, 'SuccessfulDelete', `Deleted virtual machine pod ${pod.metadata.name}`);
  }

  /** A deleted VMI goes once all its pods are gone. */
  function shutDown(vmi: VirtualMachineInstance, pods: Pod[]): Requeue | undefined {
    endAttachments(cluster, vmi, pods, 'all');
    for (const pod of pods) deletePod(vmi, pod);
    if (cluster.podsOf.count(vmi.metadata.uid ?? '') > 0) return undefined;
    if (vmi.status?.phase === 'Running') {
      events.normal(
        vmi,
        { component: 'virt-handler', host: vmi.status.nodeName ?? '' },
        'Stopped',
        'The VirtualMachineInstance was shut down.',
      );
    }
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      draft.metadata.finalizers = [];
    });
    return undefined;
  }

  function wakeUsersOf({ metadata: { name, namespace = '' } }: KubeObject): void {
    for (const vmi of store.list<VirtualMachineInstance>(resources.vmis, namespace)) {
      if (vmi.spec.volumes?.some((volume) => claimOfVolume(volume) === name)) queue.add(keyOf(vmi));
    }
  }

  return {
    start: () => {
      for (const vmi of store.values<VirtualMachineInstance>(resources.vmis)) {
        if (vmi.status?.phase !== 'Running' || vmi.metadata.deletionTimestamp !== undefined) queue.add(keyOf(vmi));
      }
      // A virt-controller of another release starts by looking at everything.
      let image = launcherImage(cluster);
      store.subscribe((event) => {
        if (event.resource === resources.kubeVirts && image !== launcherImage(cluster)) {
          image = launcherImage(cluster);
          for (const vmi of store.values<VirtualMachineInstance>(resources.vmis)) queue.add(keyOf(vmi));
        }
        if (event.resource === resources.vmis && event.type !== 'DELETED') queue.add(keyOf(event.object));
        if (event.resource === resources.claims || event.resource === resources.dataVolumes) wakeUsersOf(event.object);
        if (event.resource !== resources.pods) return;
        const { namespace, ownerReferences } = event.object.metadata;
        const attaches = event.object.metadata.labels?.['kubevirt.io'] === HOTPLUG_DISK;
        const launcher = attaches
          ? store.get<Pod>(resources.pods, namespace, ownerReferences?.[0]?.name ?? '')
          : undefined;
        const owner = (launcher?.metadata.ownerReferences ?? ownerReferences)?.find(
          ({ kind }) => kind === 'VirtualMachineInstance',
        );
        if (owner !== undefined) queue.add(`${namespace ?? ''}/${owner.name}`);
      });
    },
  };
}
