import type { VirtualMachineInstance } from '../../model/objects.ts';
import { type Cluster, now } from '../cluster.ts';
import type { MigrationProgress } from '../hypervisor/hypervisor.ts';
import type { Random } from '../random.ts';
import { handlerSource, handlerWorks, migrationAddress, migrationWay } from './handler-pods.ts';
import { isDown } from './kubelet.ts';
import { logGuest, logMigration } from './launcher-log.ts';
import { failureReason, IN_POST_COPY, LOST, linesOfGivingUp, NOT_ANSWERING, notAborted } from './libvirt-failure.ts';
import { connectionProblem, notConnected } from './migration-connect.ts';
import { migrationEnd } from './migration-end.ts';
import { type Job, jobBook } from './migration-job.ts';
import { migrationOrder } from './migration-order.ts';
import { forcedFailure, preparationProblem } from './migration-preparation.ts';
import { type Traffic, trafficCounter } from './traffic.ts';
import { currentPod } from './virt-vmi.ts';

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
  /** The connection of some migrations broke, or never came about. */
  lose(
    broken: (job: { vmi: string; uid: string; source: string; target: string }) => boolean,
    how?: 'broke' | 'never came about',
  ): void;
  /** Keys of the VMIs that migrate from or to a node. */
  on(node: string): string[];
  active(): ActiveMigration[];
  /** Bytes of migrations that a node has sent and received so far. */
  traffic(node: string): Traffic;
}

/** virt-handler's part of migrations, on both sides: prepare, start, abort, hand over, report failure (facts/kubevirt.md A5, L). */
export function migrationJobs(cluster: Cluster, random: Random): MigrationJobs {
  const { clock, events } = cluster;
  const jobs = jobBook(cluster);
  const end = migrationEnd(cluster, random, jobs);
  const traffic = trafficCounter();
  /** What virt-handler then writes to the VMI waits for virt-api, whose webhook looks at it. */
  const after = (delay: number, run: () => void): void => {
    clock.after(delay, () => cluster.virtApi.whenWorks(run));
  };
  const lost = failureReason(cluster.version, LOST);

  function advance(vmi: VirtualMachineInstance): void {
    const state = vmi.status?.migrationState;
    if (state?.migrationUid === undefined) return;
    if (state.completed === true) {
      jobs.forget(state.migrationUid);
      return;
    }
    const job = jobs.of(vmi);
    if (job.unreported !== undefined) end.fail(job, job.unreported);
    else if (state.targetNodeAddress === undefined) {
      if (!job.preparing && handlerWorks(cluster, job.target)) prepare(vmi, job);
    } else if (state.startTimestamp === undefined) {
      if (!job.starting && handlerWorks(cluster, job.source)) startSoon(job);
    } else if (state.abortRequested === true && state.abortStatus === undefined && !job.aborting) abort(vmi, job);
  }

  /** Target: proxies listen, and the address is published. */
  function prepare(vmi: VirtualMachineInstance, job: Job): void {
    job.preparing = true;
    after(random.between(300, 600), () => {
      job.preparing = false;
      if (jobs.owned(job) === undefined || !handlerWorks(cluster, job.target)) return;
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
      jobs.change(job, (_, state) => {
        state.targetNodeAddress = address;
        state.targetDirectMigrationNodePorts = ports;
      });
    });
  }

  function startSoon(job: Job): void {
    job.starting = true;
    after(random.between(100, 250), () => {
      const vmi = jobs.owned(job);
      const target = jobs.targetPod(job);
      const leaving = target === undefined || target.metadata.deletionTimestamp !== undefined;
      if (vmi === undefined || leaving || !handlerWorks(cluster, job.source)) {
        job.starting = false;
        return;
      }
      events.normal(vmi, handlerSource(job.source), 'Migrating', 'VirtualMachineInstance is migrating.');
      const started = jobs.change(job, (_, state) => {
        state.startTimestamp = now(cluster);
        state.mode = 'PreCopy' as typeof state.mode;
      });
      if (started === undefined) return;
      const forced = forcedFailure(started);
      if (forced !== undefined) {
        end.fail(job, { result: 'failed', reason: forced });
        return;
      }
      copy(job, started);
      if (isDown(cluster, job.target)) job.running?.fail(lost);
      after(random.between(100, 400), () => {
        if (cluster.broken.blindHandlers.has(job.target)) return;
        jobs.change(job, (_, state) => {
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
    const network = migrationWay(cluster, { ...job, address }) ?? 'pod';
    const problem = connectionProblem(cluster, job, vmi) ?? preparationProblem(cluster, job, vmi);
    const reason = problem && failureReason(cluster.version, problem.error);
    job.running = cluster.hypervisor.migrate(
      {
        ...migrationOrder(cluster, vmi),
        network,
        ...(problem && reason !== undefined && { fails: { afterMs: problem.afterMs, reason } }),
      },
      {
        mode: (mode) => {
          cluster.virtApi.whenWorks(() => {
            jobs.change(job, (_, state) => {
              state.mode = mode as typeof state.mode;
            });
          });
        },
        gaveUp: (giving) => {
          const able = !cluster.broken.unabortable.has(job.vmi);
          logGuest(cluster, pod, vmi, linesOfGivingUp(cluster.version, giving));
          if (!able) logGuest(cluster, pod, vmi, [notAborted(NOT_ANSWERING)]);
          return able;
        },
        done: (outcome) => {
          monitor.cancel();
          if (outcome.result === 'failed' && outcome.reason === reason) problem?.tell();
          traffic.count(
            job,
            outcome.result === 'succeeded' ? outcome.bytes : (job.running?.progress().processedBytes ?? 0),
          );
          delete job.running;
          cluster.virtApi.whenWorks(() => end.finish(job, outcome));
        },
      },
    );
  }

  function abort(vmi: VirtualMachineInstance, job: Job): void {
    const { running } = job;
    if (running === undefined) return;
    job.aborting = true;
    events.normal(vmi, handlerSource(job.source), 'Migrating', 'VirtualMachineInstance is aborting migration.');
    const able = !cluster.broken.unabortable.has(job.vmi);
    if (able && running.abort(cluster.version.texts.aborted)) return;
    logGuest(cluster, currentPod(cluster, vmi), vmi, [notAborted(able ? IN_POST_COPY : NOT_ANSWERING)]);
    // From 1.9 on virt-handler tells how an abort went when the migration is over, not before.
    if (cluster.version.minor >= 9) return;
    jobs.change(job, (_, state) => {
      state.abortStatus = 'Failed' as typeof state.abortStatus;
    });
  }

  return {
    advance,
    forget: (vmi) => {
      for (const job of jobs.all()) {
        if (job.vmi !== vmi) continue;
        jobs.forget(job.uid);
        job.running?.fail(lost);
      }
    },
    lose: (broken, how = 'broke') => {
      for (const job of jobs.all()) {
        if (job.running === undefined || !broken(job)) continue;
        const vmi = how === 'broke' ? undefined : jobs.owned(job);
        const never = vmi && notConnected(cluster, job, vmi);
        never?.tell();
        job.running.fail(never === undefined ? lost : failureReason(cluster.version, never.error));
      }
    },
    on: (node) => [...jobs.all()].flatMap((job) => (job.source === node || job.target === node ? [job.vmi] : [])),
    active: () =>
      [...jobs.all()].flatMap((job) =>
        job.running === undefined
          ? []
          : [{ vmi: job.vmi, source: job.source, target: job.target, progress: job.running.progress() }],
      ),
    traffic: (node) => {
      const total = traffic.of(node);
      for (const { source, target, running } of jobs.all()) {
        if (running === undefined) continue;
        if (source === node) total.sent += running.progress().processedBytes;
        if (target === node) total.received += running.progress().processedBytes;
      }
      return total;
    },
  };
}
