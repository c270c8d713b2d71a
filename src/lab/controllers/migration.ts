import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { HOTPLUG_DISK, hasHotplugVolumes } from './attachment-pod.ts';
import { isTrue, put, without } from './conditions.ts';
import { migrationSettings, usesPriorities } from './config.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';
import { blockedFor } from './migration-blocked.ts';
import { finish } from './migration-finish.ts';
import { failHandedOver, handOff, requestAbort } from './migration-handoff.ts';
import { isFinalMigration, targetPodOf, vmiOfMigration } from './migration-slots.ts';
import { nextStatus } from './migration-status.ts';
import { attachAtTarget, cancelTarget, createTarget, RETRY, watchPending } from './migration-target.ts';
import { MIGRATION_FINALIZER } from './new-migration.ts';
import { isLauncherReady } from './pod-status.ts';
import { isFinalVmi } from './printable-status.ts';
import { currentPod } from './virt-vmi.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** What spec.priority means in the queue (facts/kubevirt.md C1); what users create has none. */
const PRIORITIES: Record<string, number> = { 'system-critical': 100, 'user-triggered': 50, 'system-maintenance': 20 };
/** Ms between two that are woken together, so that they look in their order. */
const WAKE = 60;

/** Ms after which a migration of this priority looks again. */
function retryOf(priority: number): number {
  return priority >= 100 ? 1000 : priority >= 50 ? 3000 : RETRY;
}

/** The condition of a migration whose target pod a quota forbids. */
const REJECTED = 'migrationRejectedByResourceQuota';

/** virt-controller's migration controller (facts/kubevirt.md A6, C1): one VMIM from its creation to its end. */
export function migrationController(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('migration');
  const queue = workqueue(cluster, 'migration', { from: 10, to: 40 }, reconcile, [
    cluster.virtController,
    cluster.virtApi,
  ]);
  /** Migrations that wait for a slot, and since when. */
  const blocked = new Map<string, number>();

  /**
   * A slot may have come free: those that wait find out when they look again, each at its own step; with priorities,
   * as many as may run at all do so at once, the most urgent first (facts/kubevirt.md C1, Requeue).
   */
  function wakeBlocked(): void {
    const urgent = usesPriorities(cluster) ? mostUrgent([...blocked.keys()]) : [];
    for (const [at, key] of urgent.entries()) queue.addAfter(key, { afterMs: WAKE * (at + 1) });
    for (const [key, since] of blocked) {
      if (urgent.includes(key)) continue;
      const step = usesPriorities(cluster) ? retryOf(priorityOf(key)) : RETRY;
      queue.addAfter(key, { afterMs: step - ((clock.now() - since) % step) });
    }
  }

  function mostUrgent(keys: string[]): string[] {
    const { parallelMigrationsPerCluster } = migrationSettings(cluster);
    return keys.toSorted((a, b) => priorityOf(b) - priorityOf(a)).slice(0, parallelMigrationsPerCluster);
  }

  function priorityOf(key: string): number {
    const migration = byKey<VirtualMachineInstanceMigration>(cluster, resources.migrations, key);
    return PRIORITIES[migration?.spec.priority ?? ''] ?? 0;
  }

  function reconcile(key: string): Requeue | undefined {
    const migration = byKey<VirtualMachineInstanceMigration>(cluster, resources.migrations, key);
    if (migration === undefined) return undefined;
    if (migration.metadata.annotations?.['kubevirt.io/latest-observed-api-version'] === undefined) {
      modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
        draft.metadata.annotations = {
          ...draft.metadata.annotations,
          'kubevirt.io/latest-observed-api-version': 'v1',
          'kubevirt.io/storage-observed-api-version': 'v1',
        };
      });
      return undefined;
    }
    const vmi = vmiOfMigration(cluster, migration);
    if (vmi === undefined && migration.metadata.deletionTimestamp === undefined) {
      remove(cluster, resources.migrations, migration);
    }
    if (migration.status?.phase === 'Pending' && migration.metadata.deletionTimestamp === undefined && isRunning(vmi)) {
      const blocked = blockedFor(cluster, migration, vmi, usesPriorities(cluster) ? retryOf(priorityOf(key)) : RETRY);
      if (blocked === 'failed') {
        enter(migration, 'Failed');
        return undefined;
      }
      if (typeof blocked === 'number') return { afterMs: blocked, background: true };
    }
    const requeue = sync(migration, vmi);
    updateStatus(key);
    return requeue;
  }

  function enter(migration: VirtualMachineInstanceMigration, phase: 'Failed'): void {
    modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
      const entered = { phase, phaseTransitionTimestamp: now(cluster) } as const;
      draft.status = {
        ...draft.status,
        phase,
        phaseTransitionTimestamps: [...(draft.status?.phaseTransitionTimestamps ?? []), entered],
      };
    });
  }

  function waitOrCreate(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance): Requeue | undefined {
    const key = keyOf(migration);
    const result = createTarget(cluster, random, migration, vmi);
    if (result === 'blocked') {
      blocked.set(key, blocked.get(key) ?? clock.now());
      return undefined;
    }
    blocked.delete(key);
    return result;
  }

  /** Acts on the world: pods and the VMI. */
  function sync(
    migration: VirtualMachineInstanceMigration,
    vmi: VirtualMachineInstance | undefined,
  ): Requeue | undefined {
    const pod = targetPodOf(cluster, migration);
    const owns = vmi?.status?.migrationState?.migrationUid === migration.metadata.uid;
    const canceled = migration.metadata.deletionTimestamp !== undefined;
    if (isFinalMigration(migration) || vmi === undefined || isFinalVmi(vmi)) {
      if (
        vmi !== undefined &&
        owns &&
        migration.status?.phase === 'Failed' &&
        vmi.status?.migrationState?.completed !== true
      ) {
        failHandedOver(cluster, vmi);
      }
      // A failed migration leaves no target pod behind; virt-handler ends it, unless it never got that far.
      const abandoned = migration.status?.phase === 'Failed' && !owns;
      return abandoned ? cancelTarget(cluster, migration, pod) : undefined;
    }
    switch (migration.status?.phase ?? '') {
      case 'Pending':
        if (canceled) return cancelTarget(cluster, migration, pod);
        if (pod === undefined) return waitOrCreate(migration, vmi);
        if (!hasHotplugVolumes(vmi)) return undefined;
        return isLauncherReady(pod)
          ? attachAtTarget(cluster, random, migration, vmi, pod)
          : watchPending(cluster, migration, vmi, pod);
      case 'Scheduling':
        if (canceled) return cancelTarget(cluster, migration, pod);
        return pod === undefined ? undefined : watchPending(cluster, migration, vmi, pod);
      case 'Scheduled':
        if (owns) return undefined;
        if (canceled) return cancelTarget(cluster, migration, pod);
        if (pod !== undefined && isLauncherReady(pod)) handOff(cluster, migration, vmi, pod);
        return undefined;
      case 'Running':
        if (canceled && owns) requestAbort(cluster, migration, vmi);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Writes what the VMIM's status should be now; the finalizer goes in an update of its own. */
  function updateStatus(key: string): void {
    const migration = byKey<VirtualMachineInstanceMigration>(cluster, resources.migrations, key);
    if (migration === undefined) return;
    const vmi = vmiOfMigration(cluster, migration);
    if (isFinalMigration(migration)) {
      finish(cluster, migration, vmi);
      return;
    }
    // As recorded: by a write of its own, after the one to Scheduling.
    if (migration.status?.phase === 'Scheduling' && isTrue(migration.status.conditions, REJECTED)) {
      modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
        draft.status = { ...draft.status, conditions: without(draft.status?.conditions, REJECTED) };
      });
      return;
    }
    const next = nextStatus(cluster, migration, vmi, targetPodOf(cluster, migration));
    if (next === undefined) return;
    if (next.event !== undefined) {
      const { type, reason, message } = next.event;
      if (type === 'Normal') events.normal(migration, VIRT_CONTROLLER, reason, message);
      else events.warning(migration, VIRT_CONTROLLER, reason, message);
    }
    modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
      const status = { ...draft.status };
      if (next.abortRequested) {
        status.conditions = put(status.conditions, {
          type: 'migrationAbortRequested',
          status: 'True',
          lastProbeTime: now(cluster),
          lastTransitionTime: null,
        });
      }
      if (next.phase !== undefined) {
        status.phase = next.phase;
        status.phaseTransitionTimestamps = [
          ...(status.phaseTransitionTimestamps ?? []),
          { phase: next.phase, phaseTransitionTimestamp: now(cluster) },
        ];
        if (next.phase === 'Pending' || next.phase === 'Synchronizing') {
          status.migrationState = { sourcePod: (vmi && currentPod(cluster, vmi)?.metadata.name) ?? '' };
        }
      }
      draft.status = status;
    });
  }

  function wakeRejected(namespace: string | undefined): void {
    for (const migration of store.values<VirtualMachineInstanceMigration>(resources.migrations)) {
      const waits = isTrue(migration.status?.conditions, REJECTED);
      if (waits && migration.metadata.namespace === namespace) queue.add(keyOf(migration));
    }
  }

  return {
    start: () => {
      for (const migration of store.values<VirtualMachineInstanceMigration>(resources.migrations))
        queue.add(keyOf(migration));
      const addAll = (vmi: string, onlyUnfinished: boolean): void => {
        for (const migration of cluster.migrationsOf.get(vmi)) {
          const settled = isFinalMigration(migration) && !migration.metadata.finalizers?.includes(MIGRATION_FINALIZER);
          if (!onlyUnfinished || !settled) queue.add(keyOf(migration));
        }
      };
      store.subscribe((event) => {
        const { object, resource } = event;
        if (resource === resources.migrations) {
          const migration = object as VirtualMachineInstanceMigration;
          if (event.type === 'DELETED') blocked.delete(keyOf(object));
          else queue.add(keyOf(object));
          if (event.type === 'DELETED' || isFinalMigration(migration)) wakeBlocked();
        } else if (resource === resources.kubeVirts) wakeBlocked();
        else if (resource === resources.vmis) addAll(keyOf(object), event.type !== 'DELETED');
        else if (resource === resources.pods && object.metadata.labels?.['kubevirt.io/created-by'] !== undefined) {
          addAll(`${object.metadata.namespace ?? ''}/${object.metadata.labels['vm.kubevirt.io/name'] ?? ''}`, true);
        } else if (resource === resources.pods && object.metadata.labels?.['kubevirt.io'] === HOTPLUG_DISK) {
          const name = object.metadata.annotations?.['kubevirt.io/migrationJobName'];
          if (name !== undefined) queue.add(`${object.metadata.namespace ?? ''}/${name}`);
        } else if (resource === resources.resourceQuotas && event.type !== 'ADDED')
          wakeRejected(object.metadata.namespace);
      });
    },
  };
}

function isRunning(vmi: VirtualMachineInstance | undefined): vmi is VirtualMachineInstance {
  return vmi?.status?.phase === 'Running';
}
