import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { byKey, type Cluster, keyOf, modify } from '../cluster.ts';
import type { MigrationOutcome, RunningMigration } from '../hypervisor/hypervisor.ts';
import { resources } from '../resources.ts';

/** A migration that was handed over to virt-handler. */
export interface Job {
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

export type Failure = Extract<MigrationOutcome, { result: 'failed' }>;

type MigrationState = NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>;

/** The jobs of all virt-handlers, by the migration's UID. */
export interface JobBook {
  /** The job of a VMI's migrationState; a new one if there was none. */
  of(vmi: VirtualMachineInstance): Job;
  all(): Iterable<Job>;
  forget(uid: string): void;
  /** The VMI of a job, as long as the job still owns its migrationState. */
  owned(job: Job): VirtualMachineInstance | undefined;
  /** Writes to the VMI, as long as the job still owns its migrationState. */
  change(
    job: Job,
    edit: (draft: VirtualMachineInstance, state: MigrationState) => void,
  ): VirtualMachineInstance | undefined;
  targetPod(job: Job): Pod | undefined;
}

export function jobBook(cluster: Cluster): JobBook {
  const jobs = new Map<string, Job>();

  function of(vmi: VirtualMachineInstance): Job {
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

  function owned(job: Job): VirtualMachineInstance | undefined {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, job.vmi);
    const state = vmi?.status?.migrationState;
    return state?.migrationUid === job.uid && state.completed !== true ? vmi : undefined;
  }

  return {
    of,
    owned,
    all: () => jobs.values(),
    forget: (uid) => void jobs.delete(uid),
    change: (job, edit) => {
      const vmi = owned(job);
      if (vmi === undefined) return undefined;
      return modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
        const state = draft.status?.migrationState;
        if (state !== undefined) edit(draft, state);
      });
    },
    targetPod: (job) => cluster.targetPods.get(job.uid)[0],
  };
}
