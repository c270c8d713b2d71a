import { compareText } from '../model/memo.ts';
import { type Migration, migrationsOf } from '../model/migrations.ts';
import { settingsOf } from '../model/settings.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { atLeast } from '../model/version-order.ts';
import { durationsOf } from './durations.ts';

/** Where a migration that waits stands. */
export interface Queue {
  /** 1: it is the next one that may start. */
  position: number;
  waiting: number;
  /** Which limit holds it back: the cluster's, its source node's outbound limit, both, or none (a slot is free). */
  heldBy: ('cluster' | 'node')[];
  /** Migrations that hold the slots it waits for. */
  holders: { namespace: string; name: string; vmi: string; phase: string }[];
  /** Whether KubeVirt promises the order: by priority it does, among equals it does not (facts/kubevirt.md C1). */
  ordered: boolean;
  /** Seconds until it can be expected to start, by how long migrations took here; absent where nothing tells. */
  expectedSeconds?: number;
}

/** virt-controller's weights of spec.priority (facts/kubevirt.md C1); a migration that somebody created has none. */
const weights: Record<string, number> = { 'system-critical': 100, 'user-triggered': 50, 'system-maintenance': 20 };

/** The place in the queue of an unfinished migration without a slot; undefined for any other. */
export function queueOf(snapshot: Snapshot, migration: Migration): Queue | undefined {
  if (migration.takesSlot) return undefined;
  const { unfinished, taken, takenByNode } = migrationsOf(snapshot);
  const settings = settingsOf(snapshot);
  const limit = settings.parallelMigrationsPerCluster.value ?? Infinity;
  const outbound = settings.parallelOutboundMigrationsPerNode.value ?? Infinity;
  const byPriority = usesPriority(snapshot);
  const line = unfinished
    .filter(({ takesSlot }) => !takesSlot)
    .sort(
      (a, b) =>
        (byPriority ? weightOf(b) - weightOf(a) : 0) ||
        compareText(createdAt(a), createdAt(b)) ||
        compareText(a.uid, b.uid),
    );
  const heldBy: Queue['heldBy'] = [];
  if (taken >= limit) heldBy.push('cluster');
  if (migration.sourceNodes.some((node) => (takenByNode.get(node) ?? 0) >= outbound)) heldBy.push('node');
  const sources = new Set(migration.sourceNodes);
  const holders = unfinished.filter(
    (each) =>
      each.takesSlot &&
      (heldBy.includes('cluster') || (heldBy.includes('node') && each.sourceNodes.some((node) => sources.has(node)))),
  );
  const expected = expectedStart(snapshot, migration, line, { limit, outbound });
  return {
    position: line.indexOf(migration) + 1,
    waiting: line.length,
    heldBy,
    holders: holders.map(({ namespace, name, vmi, phase }) => ({ namespace, name, vmi, phase })),
    ordered: byPriority,
    ...(expected !== undefined && { expectedSeconds: expected }),
  };
}

/** Always from v1.9; in v1.7 and v1.8 behind the gate MigrationPriorityQueue (facts/kubevirt.md C1). */
export function usesPriority(snapshot: Snapshot): boolean {
  const { kubevirt } = snapshot.versions;
  if (atLeast(kubevirt, 1, 9) === true) return true;
  const gates = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration?.developerConfiguration?.featureGates ?? [];
  return atLeast(kubevirt, 1, 7) === true && gates.includes('MigrationPriorityQueue');
}

export function weightOf({ object }: Migration): number {
  return weights[object.spec.priority ?? ''] ?? 0;
}

function createdAt({ object }: Migration): string {
  return object.metadata.creationTimestamp ?? '';
}

/** Plays the queue forward: each migration takes as long as those of such a size took here, and starts when both limits let it. */
function expectedStart(
  snapshot: Snapshot,
  wanted: Migration,
  line: readonly Migration[],
  { limit, outbound }: { limit: number; outbound: number },
): number | undefined {
  const durations = durationsOf(snapshot);
  if (durations === undefined) return undefined;
  const running = migrationsOf(snapshot)
    .unfinished.filter(({ takesSlot }) => takesSlot)
    .map((each) => ({ each, ends: Math.max(1, durations.expected(each) - durations.elapsed(each)) }));
  const waiting = [...line];
  let now = 0;
  for (;;) {
    for (const next of waiting.slice()) {
      if (running.length >= limit) break;
      const busy = (node: string): number => running.filter(({ each }) => each.sourceNodes.includes(node)).length;
      if (next.sourceNodes.some((node) => busy(node) >= outbound)) continue;
      if (next === wanted) return Math.round(now);
      waiting.splice(waiting.indexOf(next), 1);
      running.push({ each: next, ends: now + durations.expected(next) });
    }
    if (running.length === 0) return undefined;
    running.sort((a, b) => a.ends - b.ends);
    now = running.shift()?.ends ?? now;
  }
}
