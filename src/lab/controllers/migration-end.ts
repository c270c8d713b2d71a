import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, goNow, modify, now } from '../cluster.ts';
import type { MigrationOutcome } from '../hypervisor/hypervisor.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { loseAddress, moveTo } from './guest-status.ts';
import { handlerReports, handlerSource } from './handler-pods.ts';
import { endPod } from './kubelet.ts';
import { logGuest } from './launcher-log.ts';
import { linesOfFailure } from './libvirt-failure.ts';
import { completeSizeChanges } from './live-update-size.ts';
import type { Failure, Job, JobBook } from './migration-job.ts';
import { openReadinessGate } from './readiness-gate.ts';
import { currentPod, enterPhase } from './virt-vmi.ts';
import { completeVolumesChange } from './volume-migration.ts';

/** How long the source's virt-handler waits for the target's to see the guest (migrationTargetDelayTimeout), ms. */
const DELAY = 60_000;
/** How soon the target's virt-handler tries again to finish a migration, ms. */
const RETRY = 5000;
const UNANSWERED =
  'failed to finalize migration: unknown error encountered sending command Ping: rpc error: code = DeadlineExceeded desc = context deadline exceeded';

export interface MigrationEnd {
  /** QEMU is done, well or not. */
  finish(job: Job, outcome: MigrationOutcome): void;
  fail(job: Job, outcome: Failure): void;
}

/** How a migration ends: the VMI is handed over, or stays; and which virt-handler says so (facts/kubevirt.md A5, L). */
export function migrationEnd(cluster: Cluster, random: Random, jobs: JobBook): MigrationEnd {
  const { clock, events, virtApi } = cluster;

  function finish(job: Job, outcome: MigrationOutcome): void {
    if (outcome.result === 'failed') {
      fail(job, outcome);
      return;
    }
    if (cluster.broken.blindHandlers.has(job.target)) notSeen(job, clock.now());
    else arrive(job);
  }

  /**
   * The target's virt-handler does not see the guest. Until 1.5 the source's waits for it for a minute, and gives the
   * guest up then; from 1.6 on it only looks at fields that other migrations have, and so waits for ever
   * (KubeVirt 1.5.3 pkg/virt-handler/vm.go, 1.6.6 migration-source.go: hasTargetDetectedReadyDomain).
   */
  function notSeen(job: Job, since: number): void {
    const bySource = cluster.version.handOver === 'source';
    if (bySource) jobs.change(job, (_, state) => void (state.endTimestamp ??= now(cluster)));
    const look = clock.every(1000, () => {
      if (jobs.owned(job) === undefined) {
        look.cancel();
      } else if (!cluster.broken.blindHandlers.has(job.target)) {
        look.cancel();
        virtApi.whenWorks(() => arrive(job));
      } else if (bySource && clock.now() - since > DELAY && handlerReports(cluster, job.source)) {
        look.cancel();
        virtApi.whenWorks(() => giveUpGuest(job));
      }
    });
  }

  function giveUpGuest(job: Job): void {
    const vmi = jobs.owned(job);
    const source = vmi && currentPod(cluster, vmi);
    const failed = jobs.change(job, (draft, state) => {
      enterPhase(cluster, draft, 'Failed');
      state.completed = true;
      state.failed = true;
    });
    jobs.forget(job.uid);
    if (failed === undefined) return;
    events.warning(
      failed,
      handlerSource(job.source),
      'Migrated',
      "The VirtualMachineInstance's domain was never observed on the target after the migration completed within the timeout period.",
    );
    for (const pod of [source, jobs.targetPod(job)]) if (pod !== undefined) endPod(cluster, pod, 'Succeeded');
  }

  /** The target's virt-handler sees the guest run. */
  function arrive(job: Job): void {
    const ready = jobs.change(job, (_, state) => {
      state.targetNodeDomainDetected = true;
      state.targetNodeDomainReadyTimestamp = now(cluster);
    });
    const pod = jobs.targetPod(job);
    if (ready === undefined || pod === undefined) {
      jobs.forget(job.uid);
      return;
    }
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        'kubevirt.io/migration-target-ready-timestamp': goNow(cluster),
      };
    });
    clock.after(random.between(80, 250), () => virtApi.whenWorks(() => handOver(job)));
  }

  /**
   * The VMI changes hands: from v1.6 on the target's virt-handler takes it (ackMigrationCompletion) and then says so,
   * before the source's gave it away in one step (facts/kubevirt.md A5).
   */
  function handOver(job: Job): void {
    const before = jobs.owned(job);
    const pod = jobs.targetPod(job);
    if (before === undefined) return;
    const bySource = cluster.version.handOver === 'source';
    const left = currentPod(cluster, before);
    const deaf = (): boolean => cluster.broken.deafLaunchers.has(job.vmi);
    const moved = jobs.change(job, (draft, state) => {
      state.endTimestamp = now(cluster);
      if (bySource && !deaf()) complete(draft);
      // Until 1.5 nobody looks whether the target could finish what it had to.
      if (bySource) state.completed = true;
      moveTo(draft, job.target, pod?.status?.podIP);
      if (cluster.broken.losesAddress.has(job.vmi)) loseAddress(draft);
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
    const finalize = (): void => {
      const vmi = deaf() ? jobs.owned(job) : undefined;
      if (vmi !== undefined) {
        events.warning(vmi, handlerSource(job.target), 'SyncFailed', UNANSWERED);
        clock.after(RETRY, () => virtApi.whenWorks(finalize), { background: true });
        return;
      }
      jobs.change(job, (draft, state) => {
        complete(draft);
        state.completed = true;
      });
      jobs.forget(job.uid);
    };
    clock.after(random.between(100, 400), () => virtApi.whenWorks(finalize));
    if (left !== undefined) clock.after(random.between(300, 1200), () => endPod(cluster, left, 'Succeeded'));
  }

  /** Only the source's virt-handler tells; while it can't, the migration seems to go on. */
  function fail(job: Job, outcome: Failure): void {
    job.unreported = outcome;
    if (!handlerReports(cluster, job.source)) return;
    jobs.forget(job.uid);
    const failed = jobs.change(job, (draft, state) => {
      state.endTimestamp = now(cluster);
      state.completed = true;
      state.failed = true;
      state.failureReason = outcome.reason;
      if (outcome.abortStatus !== undefined) state.abortStatus = outcome.abortStatus as typeof state.abortStatus;
      // In post-copy neither side has all of the guest's memory: libvirt's PausedPostcopyFailed, which KubeVirt takes for Failed.
      if (state.mode === 'PostCopy') enterPhase(cluster, draft, 'Failed');
    });
    if (failed === undefined) return;
    events.warning(
      failed,
      handlerSource(job.source),
      'Migrated',
      `VirtualMachineInstance migration uid ${job.uid} failed. reason:${outcome.reason}`,
    );
    logGuest(
      cluster,
      currentPod(cluster, failed),
      failed,
      linesOfFailure(cluster.version, outcome.reason, failed.status?.migrationState?.abortRequested === true),
    );
    const pod = jobs.targetPod(job);
    if (pod !== undefined) clock.after(random.between(300, 1000), () => endPod(cluster, pod, 'Succeeded'));
  }

  /** The target's virt-handler finalizes: the guest has all that the VMI was promised (migration-target.go finalizeMigration). */
  function complete(draft: VirtualMachineInstance): void {
    completeSizeChanges(draft);
    completeVolumesChange(draft);
  }

  return { finish, fail };
}
