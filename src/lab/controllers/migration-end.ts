import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, goNow, modify, now } from '../cluster.ts';
import type { MigrationOutcome } from '../hypervisor/hypervisor.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import { moveTo } from './guest-status.ts';
import { handlerReports, handlerSource } from './handler-pods.ts';
import { endPod } from './kubelet.ts';
import { logTo } from './launcher-log.ts';
import { completeSizeChanges } from './live-update-size.ts';
import type { Failure, Job, JobBook } from './migration-job.ts';
import { openReadinessGate } from './readiness-gate.ts';
import { currentPod, enterPhase } from './virt-vmi.ts';
import { completeVolumesChange } from './volume-migration.ts';

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
    const moved = jobs.change(job, (draft, state) => {
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
      virtApi.whenWorks(() => {
        jobs.change(job, complete);
        jobs.forget(job.uid);
      });
    });
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
    const launcher = currentPod(cluster, failed);
    if (launcher !== undefined) logTo(cluster, launcher, 'virt-launcher', outcome.reason, 'error');
    const pod = jobs.targetPod(job);
    if (pod !== undefined) clock.after(random.between(300, 1000), () => endPod(cluster, pod, 'Succeeded'));
  }

  /** The target's virt-handler finalizes: the guest has all that the VMI was promised (migration-target.go finalizeMigration). */
  function complete(draft: VirtualMachineInstance, state: { completed?: boolean }): void {
    completeSizeChanges(draft);
    completeVolumesChange(draft);
    state.completed = true;
  }

  return { finish, fail };
}
