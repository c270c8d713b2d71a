import type {
  KubeObject,
  MigrationPolicy,
  Pod,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { conditionOf, isTrue, put, without } from './conditions.ts';
import { migrationSettings } from './config.ts';
import { HostModelUnknown, targetPod, VIRT_CONTROLLER } from './launcher-pod.ts';
import { backoffOf } from './migration-backoff.ts';
import { matchPolicy, withPolicy } from './migration-policy.ts';
import { freeSlots, isFinalMigration, targetPodOf, vmiOfMigration } from './migration-slots.ts';
import { nextStatus } from './migration-status.ts';
import { isLauncherReady } from './pod-status.ts';
import { isFinalVmi } from './printable-status.ts';
import { createLauncher, currentPod } from './virt-vmi.ts';
import { type Requeue, workqueue } from './workqueue.ts';

export const MIGRATION_FINALIZER = 'kubevirt.io/migrationJobFinalize';
const TARGET_LABEL = 'kubevirt.io/migrationTargetNodeName';
/** How often virt-controller looks again at a migration that waits (v1.6: 5 s, whatever it waits for). */
const RETRY = 5000;

/** virt-controller's migration controller (facts/kubevirt.md A6, C1): one VMIM from its creation to its end. */
export function migrationController(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('migration');
  const queue = workqueue(cluster, 'migration', { from: 10, to: 40 }, reconcile);
  /** Migrations that wait for a slot, and since when. */
  const blocked = new Map<string, number>();

  /** A slot may have come free: those that wait find out when they look again, each at its own 5 s step. */
  function wakeBlocked(): void {
    for (const [key, since] of blocked) queue.addAfter(key, { afterMs: RETRY - ((clock.now() - since) % RETRY) });
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
    const requeue = sync(migration, vmi);
    updateStatus(key);
    return requeue;
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
        failHandedOver(vmi);
      }
      // A failed migration leaves no target pod behind; virt-handler ends it, unless it never got that far.
      const abandoned = migration.status?.phase === 'Failed' && !owns;
      if (abandoned && pod !== undefined) deleteTarget(migration, pod);
      return undefined;
    }
    switch (migration.status?.phase ?? '') {
      case 'Pending':
        if (canceled) return cancelEarly(migration, pod);
        return pod === undefined ? createTarget(migration, vmi) : undefined;
      case 'Scheduling':
        if (canceled) return cancelEarly(migration, pod);
        return pod === undefined ? undefined : watchPending(migration, vmi, pod);
      case 'Scheduled':
        if (owns) return undefined;
        if (canceled) return cancelEarly(migration, pod);
        if (pod !== undefined && isLauncherReady(pod)) handOff(migration, vmi, pod);
        return undefined;
      case 'Running':
        if (canceled && owns) abort(migration, vmi);
        return undefined;
      default:
        return undefined;
    }
  }

  function cancelEarly(migration: VirtualMachineInstanceMigration, pod: Pod | undefined): undefined {
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    remove(cluster, resources.pods, pod);
    events.normal(
      migration,
      VIRT_CONTROLLER,
      'SuccessfulDelete',
      `migration canceled and pod ${keyOf(pod)} is deleted`,
    );
  }

  function deleteTarget(migration: VirtualMachineInstanceMigration, pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined || isFinishedPod(pod)) return;
    remove(cluster, resources.pods, pod);
    events.normal(
      migration,
      VIRT_CONTROLLER,
      'SuccessfulDelete',
      `migration canceled and pod ${keyOf(pod)} is deleted`,
    );
  }

  /** Pending: wait for a slot, then create the target pod. Nothing but the phase tells that it waits. */
  function createTarget(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance): Requeue | undefined {
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
    if (free.cluster <= 0 || free.outbound <= 0) {
      blocked.set(keyOf(migration), blocked.get(keyOf(migration)) ?? clock.now());
      return undefined;
    }
    blocked.delete(keyOf(migration));
    let pod: Pod;
    try {
      pod = targetPod(cluster, vmi, migration, currentPod(cluster, vmi));
    } catch (error) {
      if (!(error instanceof HostModelUnknown)) throw error;
      events.warning(vmi, VIRT_CONTROLLER, 'FailedCreate', `Error creating pod: ${error.message}`);
      return { afterMs: RETRY, background: true };
    }
    const { pod: created, rejected } = createLauncher(cluster, vmi, pod, random.suffix());
    modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
      if (rejected === undefined) return;
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
    if (created === undefined) return { afterMs: RETRY, background: true };
    events.normal(
      migration,
      VIRT_CONTROLLER,
      'SuccessfulCreate',
      `Created migration target pod ${created.metadata.name}`,
    );
    return undefined;
  }

  /** Scheduling: a target pod that does not start in time is given up (facts/kubevirt.md C1, Timeouts on the target pod). */
  function watchPending(
    migration: VirtualMachineInstanceMigration,
    vmi: VirtualMachineInstance,
    pod: Pod,
  ): Requeue | undefined {
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

  /** Scheduled: the VMI's migrationState is replaced, and virt-handler takes over. */
  function handOff(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance, pod: Pod): void {
    const namespace = store.get<KubeObject>(resources.namespaces, undefined, vmi.metadata.namespace ?? '');
    const policy = matchPolicy(store.list<MigrationPolicy>(resources.migrationPolicies).slice(), vmi, namespace);
    const { configuration, changed } = withPolicy(migrationSettings(cluster), policy);
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      draft.status = {
        ...draft.status,
        migrationState: {
          migrationUid: migration.metadata.uid ?? '',
          sourceNode: draft.status?.nodeName ?? '',
          sourcePod: currentPod(cluster, vmi)?.metadata.name ?? '',
          targetNode: pod.spec?.nodeName ?? '',
          targetPod: pod.metadata.name,
          migrationConfiguration: configuration,
          ...(policy !== undefined && changed ? { migrationPolicyName: policy.metadata.name } : {}),
        },
      };
      draft.metadata.labels = { ...draft.metadata.labels, [TARGET_LABEL]: pod.spec?.nodeName ?? '' };
    });
    events.normal(
      migration,
      VIRT_CONTROLLER,
      'SuccessfulHandOver',
      'Migration target pod is ready for preparation by virt-handler.',
    );
  }

  function abort(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance): void {
    const state = vmi.status?.migrationState;
    if (state === undefined || state.abortRequested === true || state.completed === true) return;
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      if (draft.status?.migrationState !== undefined) draft.status.migrationState.abortRequested = true;
    });
    events.normal(
      migration,
      VIRT_CONTROLLER,
      'SuccessfulAbortMigration',
      'Migration is ready to be canceled by virt-handler.',
    );
  }

  /** The target went down after hand-off and before the start: nobody else would say so on the VMI (facts/kubevirt.md C4). */
  function failHandedOver(vmi: VirtualMachineInstance): void {
    if (vmi.status?.migrationState?.startTimestamp !== undefined) return;
    const uid = vmi.status?.migrationState?.migrationUid ?? '';
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      if (draft.status?.migrationState === undefined) return;
      Object.assign(draft.status.migrationState, {
        failed: true,
        completed: true,
        endTimestamp: now(cluster),
        failureReason: 'Target pod is down',
      });
    });
    events.warning(
      vmi,
      VIRT_CONTROLLER,
      'FailedMigration',
      `VirtualMachineInstance migration uid ${uid} failed. reason: Target pod is down`,
    );
  }

  /** Writes what the VMIM's status should be now; the finalizer goes in an update of its own. */
  function updateStatus(key: string): void {
    const migration = byKey<VirtualMachineInstanceMigration>(cluster, resources.migrations, key);
    if (migration === undefined) return;
    const vmi = vmiOfMigration(cluster, migration);
    if (isFinalMigration(migration)) {
      finish(migration, vmi);
      return;
    }
    const next = nextStatus(cluster, migration, vmi, targetPodOf(cluster, migration));
    if (next === undefined) return;
    if (next.event !== undefined) {
      const record = next.event.type === 'Normal' ? events.normal : events.warning;
      record(migration, VIRT_CONTROLLER, next.event.reason, next.event.message);
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
        if (next.phase === 'Pending') {
          status.migrationState = { sourcePod: (vmi && currentPod(cluster, vmi)?.metadata.name) ?? '' };
        }
        if (next.phase === 'Scheduling' && isTrue(status.conditions, 'migrationRejectedByResourceQuota')) {
          status.conditions = without(status.conditions, 'migrationRejectedByResourceQuota');
        }
      }
      draft.status = status;
    });
  }

  /** After the end: migrationState is copied, then the finalizer goes, then older ones are collected. */
  function finish(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance | undefined): void {
    const state = vmi?.status?.migrationState;
    const own = state?.migrationUid === migration.metadata.uid ? state : undefined;
    if (own !== undefined && migration.status?.migrationState?.migrationUid === undefined && own.completed === true) {
      modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
        draft.status = { ...draft.status, migrationState: structuredClone(own) };
      });
      return;
    }
    if (own !== undefined && own.completed !== true) return;
    if (migration.metadata.finalizers?.includes(MIGRATION_FINALIZER)) {
      modify<VirtualMachineInstanceMigration>(cluster, resources.migrations, migration, (draft) => {
        const left = (draft.metadata.finalizers ?? []).filter((name) => name !== MIGRATION_FINALIZER);
        delete draft.metadata.finalizers;
        if (left.length > 0) draft.metadata.finalizers = left;
      });
    }
    collect(`${migration.metadata.namespace ?? ''}/${migration.spec.vmiName ?? ''}`);
  }

  function collect(vmi: string): void {
    const final = cluster.migrationsOf.get(vmi).filter(isFinalMigration);
    const age = (migration: VirtualMachineInstanceMigration): number =>
      Date.parse(migration.metadata.creationTimestamp ?? '');
    // The index has them in the order of their creation; the time stamps only have whole seconds.
    const sorted = final.toSorted((a, b) => age(a) - age(b));
    for (const old of sorted.slice(0, Math.max(0, sorted.length - cluster.version.finishedMigrationsKept))) {
      remove(cluster, resources.migrations, old);
    }
  }

  function wakeRejected(namespace: string | undefined): void {
    for (const migration of store.values<VirtualMachineInstanceMigration>(resources.migrations)) {
      const waits = isTrue(migration.status?.conditions, 'migrationRejectedByResourceQuota');
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
        } else if (resource === resources.resourceQuotas && event.type !== 'ADDED')
          wakeRejected(object.metadata.namespace);
      });
    },
  };
}
