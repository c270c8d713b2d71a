import type { Cluster, Controller } from '../cluster.ts';
import type { VirtHandler } from '../controllers/virt-handler.ts';
import type { MigrationProgress } from '../hypervisor/hypervisor.ts';

/** virt-handler looks at a migration every 5 s, and remembers the last ten looks (KubeVirt migrationdomainstats/queue.go). */
const PERIOD = 5000;
const KEPT = 10;
/** What nobody asks for is forgotten after this time, ms; KubeVirt keeps it until it is asked for. */
const PATIENCE = 300_000;

export interface MigrationSample {
  /** Lab time, ms. */
  at: number;
  progress: MigrationProgress;
}

/** The looks at one migration, oldest first. */
export interface SampledMigration {
  /** `namespace/name`. */
  vmi: string;
  samples: readonly MigrationSample[];
}

export interface MigrationSamples extends Controller {
  /**
   * Of the migrations that copy from a node now. With `fresh` only what was not told so before, and of those that have
   * ended the rest: what a Prometheus wants, which takes each sample once.
   */
  take(node: string, fresh: boolean): SampledMigration[];
}

interface Job {
  vmi: string;
  source: string;
  samples: MigrationSample[];
  ended: boolean;
  /** Lab time of the last sample that was told fresh, ms. */
  told: number;
}

/** What the virt-handlers have seen of the migrations that copy from their nodes, with the times at which they looked. */
export function migrationSamples(cluster: Cluster, handler: Pick<VirtHandler, 'active'>): MigrationSamples {
  const { clock } = cluster;
  const jobs = new Map<string, Job>();

  function look(only: 'new' | 'all'): void {
    const at = clock.now();
    const going = new Set<string>();
    for (const { vmi, source, progress } of handler.active()) {
      const id = `${vmi} from ${source}`;
      going.add(id);
      let job = jobs.get(id);
      const last = job?.samples.at(-1);
      if (job === undefined || job.ended || progress.elapsedMs < (last?.progress.elapsedMs ?? 0)) {
        job = { vmi, source, samples: [], ended: false, told: -1 };
        jobs.set(id, job);
      } else if (only === 'new') continue;
      job.samples.push({ at, progress });
      if (job.samples.length > KEPT) job.samples.shift();
    }
    for (const [id, job] of jobs) {
      if (!going.has(id)) job.ended = true;
      if (job.ended && (job.samples.at(-1)?.at ?? 0) < at - PATIENCE) jobs.delete(id);
    }
  }

  return {
    take: (node, fresh) => {
      look('new');
      return [...jobs].flatMap(([id, job]) => {
        const { vmi, source, samples, ended, told } = job;
        if (source !== node || (ended && !fresh)) return [];
        if (!fresh) return [{ vmi, samples: [...samples] }];
        job.told = samples.at(-1)?.at ?? told;
        if (ended) jobs.delete(id);
        return [{ vmi, samples: samples.filter(({ at }) => at > told) }];
      });
    },
    start: () => void clock.every(PERIOD, () => look('all')),
  };
}
