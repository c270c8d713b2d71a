import { keyOf, perSnapshot } from '../model/memo.ts';
import type { Migration } from '../model/migrations.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { vmsByName } from '../model/vm.ts';

/** How long migrations took on this cluster, as far as KubeVirt still keeps them. */
export interface Durations {
  /** Seconds a migration of this VM can be expected to take. */
  expected(migration: Migration): number;
  /** Seconds since it started to copy; 0 before. */
  elapsed(migration: Migration): number;
}

/** Seconds that a migration takes before and after the copying, however small the guest: pods start, targets are prepared. */
const FIXED = 10;

/** From the succeeded migrations in the Snapshot: the median of seconds for each byte of memory. Undefined where there are none. */
export const durationsOf = perSnapshot((snapshot: Snapshot): Durations | undefined => {
  const vms = vmsByName(snapshot);
  const now = Date.parse(snapshot.takenAt);
  const memoryOf = (namespace: string, vmi: string): number | undefined => vms.get(keyOf(namespace, vmi))?.memoryBytes;
  const rates = itemsOf(snapshot.lists.migrations).flatMap(({ metadata, spec, status }) => {
    const { startTimestamp, endTimestamp, completed, failed } = status?.migrationState ?? {};
    const memory = memoryOf(metadata.namespace ?? '', spec.vmiName ?? '');
    if (completed !== true || failed === true || !startTimestamp || !endTimestamp || !memory) return [];
    return [(Date.parse(endTimestamp) - Date.parse(startTimestamp)) / 1000 / memory];
  });
  if (rates.length === 0) return undefined;
  rates.sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)] ?? 0;
  return {
    expected: ({ namespace, vmi }) => FIXED + median * (memoryOf(namespace, vmi) ?? 0),
    elapsed: ({ namespace, vmi, uid }) => {
      const state = vms.get(keyOf(namespace, vmi))?.vmi?.status?.migrationState;
      if (state?.migrationUid !== uid || !state.startTimestamp) return 0;
      return Math.max(0, (now - Date.parse(state.startTimestamp)) / 1000);
    },
  };
});
