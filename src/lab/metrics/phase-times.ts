import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import type { Page } from './exposition.ts';

/** Upper bounds in seconds (KubeVirt PhaseTransitionTimeBuckets). */
const BUCKETS = [0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600];
const NAME = 'kubevirt_vmi_migration_phase_transition_time_from_creation_seconds';

export interface PhaseTimes {
  tell(page: Page): void;
}

/** Counts how long after its creation each migration entered each phase, in whole seconds as its timestamps are. */
export function phaseTimes({ store }: Cluster): PhaseTimes {
  const histograms = new Map<string, { counts: number[]; sum: number; count: number }>();
  store.subscribe(({ type, resource, object, previous }) => {
    if (resource !== resources.migrations || type !== 'MODIFIED') return;
    const { metadata, status } = object as VirtualMachineInstanceMigration;
    const phase = status?.phase ?? '';
    if (phase === '' || phase === (previous as VirtualMachineInstanceMigration | undefined)?.status?.phase) return;
    const entered = status?.phaseTransitionTimestamps?.find((each) => each.phase === phase)?.phaseTransitionTimestamp;
    if (entered === undefined) return;
    const seconds = Math.max(0, (Date.parse(entered) - Date.parse(metadata.creationTimestamp ?? entered)) / 1000);
    const histogram = histograms.get(phase) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
    histograms.set(phase, histogram);
    histogram.counts = histogram.counts.map((count, index) => count + (seconds <= (BUCKETS[index] ?? 0) ? 1 : 0));
    histogram.sum += seconds;
    histogram.count++;
  });
  return {
    tell: (page) => {
      for (const [phase, { counts, sum, count }] of histograms) {
        const labels = page.labels({ phase });
        counts.forEach((below, index) => page.add(`${NAME}_bucket`, `${labels},le="${BUCKETS[index] ?? ''}"`, below));
        page.add(`${NAME}_bucket`, `${labels},le="+Inf"`, count);
        page.add(`${NAME}_sum`, labels, sum);
        page.add(`${NAME}_count`, labels, count);
      }
    },
  };
}
