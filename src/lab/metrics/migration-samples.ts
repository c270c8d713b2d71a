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
  /** Of the migrations from a node. One that has ended is told once more. */
  take(node: string): SampledMigration[];
}

interface Job {
  vmi: string;
  source: string;
  samples: MigrationSample[];
}

/** What the virt-handlers have seen of the migrations that copy from their nodes, with the times at which they looked. */
export function migrationSamples(cluster: Cluster, handler: Pick<VirtHandler, 'active'>): MigrationSamples {
  const { clock } = cluster;
  const jobs = new Map<string, Job>();
  const idOf = (job: Pick<Job, 'vmi' | 'source'>): string => `${job.vmi} from ${job.source}`;

  function look(only: 'new' | 'all'): Set<string> {
    const at = clock.now();
    const going = new Set<string>();
    for (const { vmi, source, progress } of handler.active()) {
      const id = idOf({ vmi, source });
      going.add(id);
      let job = jobs.get(id);
      if (job !== undefined && only === 'new') continue;
      if (job === undefined) {
        job = { vmi, source, samples: [] };
        jobs.set(id, job);
      }
      job.samples.push({ at, progress });
      if (job.samples.length > KEPT) job.samples.shift();
    }
    return going;
  }

  return {
    take: (node) => {
      const going = look('new');
      return [...jobs].flatMap(([id, { vmi, source, samples }]) => {
        if (source !== node) return [];
        if (!going.has(id)) jobs.delete(id);
        return [{ vmi, samples: [...samples] }];
      });
    },
    start: () => {
      clock.every(PERIOD, () => {
        const going = look('all');
        const oldest = clock.now() - PATIENCE;
        for (const [id, { samples }] of jobs) {
          if (!going.has(id) && (samples.at(-1)?.at ?? 0) < oldest) jobs.delete(id);
        }
      });
    },
  };
}
