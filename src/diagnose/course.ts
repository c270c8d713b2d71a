import type { LogTail } from '../model/dossier.ts';
import { bytesOf } from '../model/quantity.ts';
import { settingsOf } from '../model/settings.ts';
import { atLeast } from '../model/version-order.ts';
import { acceptableCompletionTime } from '../physics/completion-time.ts';
import type { MigrationCase } from './case.ts';

/** A line of virt-launcher's migration monitor, written every 4 s (facts/kubevirt.md D1). Bytes, bytes per second, seconds. */
export interface Sample {
  elapsed: number;
  remaining: number;
  total: number;
  bandwidth: number;
  dirtyRate: number;
  iteration: number;
}

/** How a running migration goes, against its deadline. */
export interface Course {
  elapsedSeconds: number;
  /** When KubeVirt gives it up, or switches it, in seconds after its start; 0: never. */
  deadlineSeconds: number | undefined;
  /** What KubeVirt does then (facts/kubevirt.md D1): give it up, let the guest run on the target before its memory has arrived, or pause it. */
  afterwards: 'abort' | 'post-copy' | 'pause';
  /** PreCopy, PostCopy or Paused, as KubeVirt says it. */
  mode?: string;
  /** Whether the rounds get shorter; undefined where it can't be told yet. */
  converging: boolean | undefined;
  /** Seconds until it can be expected to end; absent where it does not converge or nothing tells. */
  expectedSeconds?: number;
  last?: Sample;
}

const INFO =
  /Migration info for (\S+): TimeElapsed:(\d+)ms .*?DataRemaining:(\d+)MiB DataTotal:(\d+)MiB .*?MemoryBandwidth:(\d+)Mbps DirtyRate:(\d+)Mbps Iteration:(\d+)/;
const MIB = 2 ** 20;
const MBIT = 1e6 / 8;
/** Rounds that must have been seen before the trend counts: the first one sends all memory, whatever the guest does. */
const ROUNDS = 3;
/** A guest that writes as much as this share of what is sent has rounds that stay as long as they are. */
const LEVEL = 0.95;

/** What the launcher's monitor has logged of a migration, oldest first. */
export function samplesOf(logs: readonly LogTail[], uid: string): Sample[] {
  return logs
    .filter(({ component }) => component === 'virt-launcher')
    .flatMap(({ lines }) => lines)
    .flatMap((line) => {
      const match = INFO.exec(line);
      if (match === null || match[1] !== uid) return [];
      const [elapsed = 0, remaining = 0, total = 0, bandwidth = 0, dirty = 0, iteration = 0] = match
        .slice(2)
        .map(Number);
      return [
        {
          elapsed: elapsed / 1000,
          remaining: remaining * MIB,
          total: total * MIB,
          bandwidth: bandwidth * MBIT,
          dirtyRate: dirty * MBIT,
          iteration,
        },
      ];
    })
    .sort((a, b) => a.elapsed - b.elapsed);
}

/** How a migration that runs goes; undefined for any other. */
export function courseOf(each: MigrationCase): Course | undefined {
  const { phase, state, migration, logs, now } = each;
  if (phase !== 'Running' || state?.startTimestamp === undefined) return undefined;
  const elapsedSeconds = Math.max(0, (now - Date.parse(state.startTimestamp)) / 1000);
  const samples = samplesOf(logs, migration.metadata.uid ?? '');
  const last = samples.at(-1);
  const converging = trendOf(samples);
  const expected = last === undefined || converging === false ? undefined : remainingSeconds(last);
  return {
    elapsedSeconds,
    deadlineSeconds: deadlineOf(each),
    afterwards: afterDeadline(each),
    ...(state.mode !== undefined && { mode: state.mode }),
    converging,
    ...(expected !== undefined && { expectedSeconds: expected }),
    ...(last !== undefined && { last }),
  };
}

function afterDeadline({ state, snapshot }: MigrationCase): Course['afterwards'] {
  const settings = settingsOf(snapshot);
  const config = state?.migrationConfiguration;
  const postCopy = config?.allowPostCopy ?? settings.allowPostCopy.value ?? false;
  if (String(state?.mode) === 'Paused') return 'abort';
  // v1.3 and v1.4 know post-copy only; later versions pause a guest that may be disrupted and may not use post-copy.
  if (atLeast(snapshot.versions.kubevirt, 1, 5) === false) return postCopy ? 'post-copy' : 'abort';
  const disruption = config?.allowWorkloadDisruption ?? settings.allowWorkloadDisruption.value ?? postCopy;
  if (!disruption) return 'abort';
  return postCopy ? 'post-copy' : 'pause';
}

/** KubeVirt's own formula, on the configuration that this migration was handed (facts/kubevirt.md D1): guest memory and migrated volumes. */
export function deadlineOf({ state, vm, vmi, snapshot }: MigrationCase): number | undefined {
  const perGib =
    state?.migrationConfiguration?.completionTimeoutPerGiB ?? settingsOf(snapshot).completionTimeoutPerGiB.value;
  const memory = vm?.memoryBytes;
  if (perGib === undefined || memory === undefined) return undefined;
  const volumes = (vmi?.status?.migratedVolumes ?? []).reduce((sum, { sourcePVCInfo }) => {
    const size = sourcePVCInfo?.capacity?.['storage'] ?? sourcePVCInfo?.requests?.['storage'];
    return sum + (size === undefined ? 0 : bytesOf(size));
  }, 0);
  const seconds = acceptableCompletionTime(perGib, memory + volumes);
  // A guest that was paused to let it end gets the same time again (facts/kubevirt.md D1).
  return state?.mode === 'Paused' ? seconds * 2 : seconds;
}

/** The least that remained in each round, compared: a migration converges while it falls. */
function trendOf(samples: readonly Sample[]): boolean | undefined {
  const least = new Map<number, number>();
  for (const { iteration, remaining } of samples) {
    least.set(iteration, Math.min(least.get(iteration) ?? Infinity, remaining));
  }
  const rounds = [...least.entries()].sort(([a], [b]) => a - b).map(([, remaining]) => remaining);
  // The newest round is still going on: what remains of it falls whatever the guest does.
  const whole = rounds.slice(0, -1).slice(-ROUNDS);
  const last = samples.at(-1);
  if (last !== undefined && last.bandwidth > 0 && last.dirtyRate >= last.bandwidth && rounds.length > 1) return false;
  const latest = samples.filter(({ iteration }) => iteration > 1).slice(-ROUNDS);
  if (latest.length === ROUNDS && latest.every(({ dirtyRate, bandwidth }) => dirtyRate >= LEVEL * bandwidth))
    return false;
  if (whole.length < ROUNDS) return undefined;
  return (whole.at(-1) ?? 0) < 0.96 * (whole[0] ?? 0);
}

/** What remains and what is written meanwhile, at the rates of the last measurement: a geometric series of rounds. */
function remainingSeconds({ remaining, bandwidth, dirtyRate }: Sample): number | undefined {
  if (bandwidth <= 0 || dirtyRate >= bandwidth) return undefined;
  return remaining / (bandwidth - dirtyRate);
}
