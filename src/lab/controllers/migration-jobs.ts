import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { byKey, type Cluster, goNow, keyOf, modify, now } from '../cluster.ts';
import type { MigrationOutcome, MigrationProgress, RunningMigration } from '../hypervisor/hypervisor.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { moveTo } from './guest-status.ts';
import { handlerReports, handlerSource, handlerWorks, migrationAddress, migrationWay } from './handler-pods.ts';
import { endPod, isDown } from './kubelet.ts';
import { logMigration, logTo } from './launcher-log.ts';
import { completeSizeChanges } from './live-update-size.ts';
import { migrationOrder } from './migration-order.ts';
import { DIAL_TIMEOUT, unreachable } from './migration-unreachable.ts';
import { openReadinessGate } from './readiness-gate.ts';
import { type Traffic, trafficCounter } from './traffic.ts';
import { currentPod } from './virt-vmi.ts';
import { completeVolumesChange, volumesTooSmall } from './volume-migration.ts';

/** libvirt's words when the other side of a migration vanishes. */
const LOST =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Lost connection to destination host')";

/** A migration that was handed over to virt-handler. */
interface Job {
  /** `namespace/name`. */
  vmi: string;
  uid: string;
  source: string;
  target: string;
  preparing: boolean;
  starting: boolean;
  running?: RunningMigration;
  aborting: boolean;
  /** It has failed, and the source's virt-handler has not told yet. */
  unreported?: Failure;
}

type Failure = Extract<MigrationOutcome, { result: 'failed' }>;

/** A migration that copies right now, for the metrics. */
export interface ActiveMigration {
  vmi: string;
  source: string;
  target: string;
  progress: MigrationProgress;
}

export interface MigrationJobs {
  /** Does the next thing for the migration that a VMI's migrationState asks for. */
  advance(vmi: VirtualMachineInstance): void;
  /** The VMI is gone, and its migration with it. */
  forget(vmi: string): void;
  /** The connection of some migrations broke; `reason` is libvirt's, if it is not that the other side vanished. */
  lose(broken: (job: { vmi: string; uid: string; source: string; target: string }) => boolean, reason?: string): void;
  /** Keys of the VMIs that migrate from or to a node. */
  on(node: string): string[];
  active(): ActiveMigration[];
  /** Bytes of migrations that a node has sent and received so far. */
  traffic(node: string): Traffic;
}

/** virt-handler's part of migrations, on both sides: prepare, start, abort, hand over, report failure (facts/kubevirt.md A5, L). */
export function migrationJobs(cluster: Cluster, random: Random): MigrationJobs {
  const { clock, events } = cluster;
  const jobs = new Map<string, Job>();
  const traffic = trafficCounter();

  function jobOf(vmi: VirtualMachineInstance): Job {
    const state = vmi.status?.migrationState;
    const uid = state?.migrationUid ?? '';
    let job = jobs.get(uid);
    if (job === undefined) {
      job = {
        vmi: keyOf(vmi),
        uid,
        source: state?.sourceNode ?? '',
        target: state?.targetNode ?? '',
        preparing: false,
        starting: false,
        aborting: false,
      };
      jobs.set(uid, job);
    }
    return job;
  }

  /** The VMI of a job, as long as the job still owns its migrationState. */
  function owned(job: Job): VirtualMachineInstance | undefined {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, job.vmi);
    const state = vmi?.status?.migrationState;
    return state?.migrationUid === job.uid && state.completed !== true ? vmi : undefined;
  }

  function change(
    job: Job,
    edit: (
      draft: VirtualMachineInstance,
      state: NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>,
    ) => void,
  ): VirtualMachineInstance | undefined {
    const vmi = owned(job);
    if (vmi === undefined) return undefined;
    return modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const state = draft.status?.migrationState;
      if (state !== undefined) edit(draft, state);
    });
  }

  function advance(vmi: VirtualMachineInstance): void {
    const state = vmi.status?.migrationState;
    if (state?.migrationUid === undefined) return;
    if (state.completed === true) {
      jobs.delete(state.migrationUid);
      return;
    }
    const job = jobOf(vmi);
    if (job.unreported !== undefined) fail(job, job.unreported);
    else if (state.targetNodeAddress === undefined) {
      if (!job.preparing && handlerWorks(cluster, job.target)) prepare(vmi, job);
    } else if (state.startTimestamp === undefined) {
      if (!job.starting && handlerWorks(cluster, job.source)) startSoon(job);
    } else if (state.abortRequested === true && state.abortStatus === undefined && !job.aborting) abort(vmi, job);
  }

  /** Target: proxies listen, and the address is published. */
  function prepare(vmi: VirtualMachineInstance, job: Job): void {
    job.preparing = true;
    clock.after(random.between(300, 600), () => {
      job.preparing = false;
      if (owned(job) === undefined || !handlerWorks(cluster, job.target)) return;
      const address = migrationAddress(cluster, job.target);
      const ports: Record<string, number> = {
        [String(random.int(32768, 45000))]: 0,
        [String(random.int(45001, 60999))]: 49152,
      };
      if (vmi.status?.migrationMethod === 'BlockMigration') ports[String(random.int(32768, 60999))] = 49153;
      const target = handlerSource(job.target);
      events.normal(vmi, target, 'PreparingTarget', 'VirtualMachineInstance Migration Target Prepared.');
      events.normal(
        vmi,
        target,
        'PreparingTarget',
        `Migration Target is listening at ${address}, on ports: ${Object.keys(ports).join(',')}`,
      );
      change(job, (_, state) => {
        state.targetNodeAddress = address;
        state.targetDirectMigrationNodePorts = ports;
      });
    });
  }

  function startSoon(job: Job): void {
    job.starting = true;
    clock.after(random.between(100, 250), () => {
      const vmi = owned(job);
      const target = targetPodOf(job);
      const leaving = target === undefined || target.metadata.deletionTimestamp !== undefined;
      if (vmi === undefined || leaving || !handlerWorks(cluster, job.source)) {
        job.starting = false;
        return;
      }
      events.normal(vmi, handlerSource(job.source), 'Migrating', 'VirtualMachineInstance is migrating.');
      const started = change(job, (_, state) => {
        state.startTimestamp = now(cluster);
        state.mode = 'PreCopy' as typeof state.mode;
      });
      if (started === undefined) return;
      const refused = volumesTooSmall(cluster, started);
      if (refused !== undefined) {
        fail(job, { result: 'failed', reason: refused });
        return;
      }
      copy(job, started);
      if (isDown(cluster, job.target)) job.running?.fail(LOST);
      clock.after(random.between(100, 400), () => {
        change(job, (_, state) => {
          state.targetNodeDomainDetected = true;
        });
      });
    });
  }

  function copy(job: Job, vmi: VirtualMachineInstance): void {
    const pod = currentPod(cluster, vmi);
    const monitor = clock.every(4000, () => {
      if (job.running !== undefined) logMigration(cluster, pod, job.uid, job.running.progress());
    });
    const address = vmi.status?.migrationState?.targetNodeAddress;
    const network = migrationWay(cluster, { ...job, address });
    if (network === undefined) {
      monitor.cancel();
      const failed: MigrationOutcome = { result: 'failed', reason: unreachable(cluster, job) };
      clock.after(DIAL_TIMEOUT, () => finish(job, failed));
      return;
    }
    job.running = cluster.hypervisor.migrate(
      { ...migrationOrder(cluster, vmi), network },
      {
        mode: (mode) => {
          change(job, (_, state) => {
            state.mode = mode as typeof state.mode;
          });
        },
        done: (outcome) => {
          monitor.cancel();
          traffic.count(
            job,
            outcome.result === 'succeeded' ? outcome.bytes : (job.running?.progress().processedBytes ?? 0),
          );
          delete job.running;
          finish(job, outcome);
        },
      },
    );
  }

  function abort(vmi: VirtualMachineInstance, job: Job): void {
    const { running } = job;
    if (running === undefined) return;
    job.aborting = true;
    events.normal(vmi, handlerSource(job.source), 'Migrating', 'VirtualMachineInstance is aborting migration.');
    if (running.abort(cluster.version.texts.aborted)) return;
    change(job, (_, state) => {
      state.abortStatus = 'Failed' as typeof state.abortStatus;
    });
  }

  function finish(job: Job, outcome: MigrationOutcome): void {
    if (outcome.result === 'failed') {
      fail(job, outcome);
      return;
    }
    const ready = change(job, (_, state) => {
      state.targetNodeDomainDetected = true;
      state.targetNodeDomainReadyTimestamp = now(cluster);
    });
    const pod = targetPodOf(job);
    if (ready === undefined || pod === undefined) {
      jobs.delete(job.uid);
      return;
    }
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        'kubevirt.io/migration-target-ready-timestamp': goNow(cluster),
      };
    });
    clock.after(random.between(80, 250), () => handOver(job));
  }

  /**
   * The VMI changes hands: from v1.6 on the target's virt-handler takes it (ackMigrationCompletion) and then says so,
   * before the source's gave it away in one step (facts/kubevirt.md A5).
   */
  function handOver(job: Job): void {
    const before = owned(job);
    const pod = targetPodOf(job);
    if (before === undefined) return;
    const bySource = cluster.version.handOver === 'source';
    const left = currentPod(cluster, before);
    const moved = change(job, (draft, state) => {
      state.endTimestamp = now(cluster);
      if (bySource) complete(draft, state);
      moveTo(draft, job.target, pod?.status?.podIP);
    });
    if (moved !== undefined) {
      events.normal(
        moved,
        handlerSource(bySource ? job.source : job.target),
        'Migrated',
        `The VirtualMachineInstance migrated to node ${job.target}.`,
      );
      if (pod !== undefined) {
        openReadinessGate(cluster, pod);
        modify<Pod>(cluster, resources.pods, pod, (draft) => {
          draft.metadata.labels = { ...draft.metadata.labels, 'kubevirt.io/nodeName': job.target };
        });
      }
    }
    clock.after(random.between(100, 400), () => {
      change(job, complete);
      jobs.delete(job.uid);
    });
    if (left !== undefined) clock.after(random.between(300, 1200), () => endPod(cluster, left, 'Succeeded'));
  }

  /** Only the source's virt-handler tells; while it can't, the migration seems to go on. */
  function fail(job: Job, outcome: Failure): void {
    job.unreported = outcome;
    if (!handlerReports(cluster, job.source)) return;
    jobs.delete(job.uid);
    const failed = change(job, (_, state) => {
      state.endTimestamp = now(cluster);
      state.completed = true;
      state.failed = true;
      state.failureReason = outcome.reason;
      if (outcome.abortStatus !== undefined) state.abortStatus = outcome.abortStatus as typeof state.abortStatus;
    });
    if (failed === undefined) return;
    events.warning(
      failed,
      handlerSource(job.source),
      'Migrated',
      `VirtualMachineInstance migration uid ${job.uid} failed. reason:${outcome.reason}`,
    );
    const launcher = currentPod(cluster, failed);
    if (launcher !== undefined) logTo(cluster, launcher, 'virt-launcher', outcome.reason, 'error');
    const pod = targetPodOf(job);
    if (pod !== undefined) clock.after(random.between(300, 1000), () => endPod(cluster, pod, 'Succeeded'));
  }

  /** The target's virt-handler finalizes: the guest has all that the VMI was promised (migration-target.go finalizeMigration). */
  function complete(draft: VirtualMachineInstance, state: { completed?: boolean }): void {
    completeSizeChanges(draft);
    completeVolumesChange(draft);
    state.completed = true;
  }

  function targetPodOf(job: Job): Pod | undefined {
    return cluster.targetPods.get(job.uid)[0];
  }

  return {
    advance,
    forget: (vmi) => {
      for (const job of jobs.values()) {
        if (job.vmi !== vmi) continue;
        jobs.delete(job.uid);
        job.running?.fail(LOST);
      }
    },
    lose: (broken, reason = LOST) => {
      for (const job of jobs.values()) if (broken(job)) job.running?.fail(reason);
    },
    on: (node) => [...jobs.values()].flatMap((job) => (job.source === node || job.target === node ? [job.vmi] : [])),
    active: () =>
      [...jobs.values()].flatMap((job) =>
        job.running === undefined
          ? []
          : [{ vmi: job.vmi, source: job.source, target: job.target, progress: job.running.progress() }],
      ),
    traffic: (node) => {
      const total = traffic.of(node);
      for (const { source, target, running } of jobs.values()) {
        if (running === undefined) continue;
        if (source === node) total.sent += running.progress().processedBytes;
        if (target === node) total.received += running.progress().processedBytes;
      }
      return total;
    },
  };
}
