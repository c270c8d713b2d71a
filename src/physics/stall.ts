/**
 * KubeVirt 1.9's stall detector, behind the gate MigrationStallDetection (pkg/virt-launcher/virtwrap/stall-detector.go
 * and live-migration-source.go of v1.9.0; facts/kubevirt.md D5): it takes the place of the monitor's progress timeout,
 * and looks at what remains whenever a round of copying begins.
 */
export interface StallSettings {
  /** acceptableCompletionTime, s; 0: never. */
  completionTimeout: number;
  maxDowntimeMs: number;
  allowPostCopy: boolean;
  allowWorkloadDisruption: boolean;
}

/** Its defaults (pkg/virt-config), which a MigrationPolicy's experimental.stallDetector could change. */
const STALL = {
  margin: 0.04,
  /** Seconds in which what remains has to become less. */
  progressTimeout: 40,
  /** Seconds that a switch-over may take. */
  switchoverTimeout: 60,
  precopyPossibleFactor: 1.5,
  patienceDecay: 0.5,
  completionFactor: 2,
  bandwidthAlpha: 0.4,
};

export interface Round {
  /** Seconds since the start. */
  elapsed: number;
  /** Bytes. */
  remaining: number;
}

export type StallAction =
  | { act: 'none' }
  | { act: 'post-copy' }
  /** The guest is stopped, however long the rest takes. */
  | { act: 'stop' }
  /** It may be stopped for so long. */
  | { act: 'allow-downtime'; seconds: number }
  /** What virt-launcher logs: nothing else tells why. */
  | { act: 'abort'; level: 'info' | 'warning'; said: string };

const NONE: StallAction = { act: 'none' };

/** What it makes of one migration. */
export interface StallDetector {
  /** A poll that finds no new round; bytes/s. */
  sample(rate: number): void;
  /** A round begins. */
  round(round: Round): StallAction;
  /** Whether the time is up. */
  deadline(elapsed: number): StallAction;
}

export function stallDetector(settings: StallSettings): StallDetector {
  let candidates: Round[] = [];
  /** The least that remained before the window. */
  let before: Round | undefined;
  let last: Round = { elapsed: 0, remaining: 0 };
  let rate = 0;
  let best: number | undefined;
  let history: number[] = [];
  let patience = STALL.progressTimeout;
  let relaxAt = 0;
  let switching = false;
  let { completionTimeout } = settings;
  let switchoverDeadline = completionTimeout;

  const downtimeMs = (): number => (rate === 0 ? 0 : Math.floor((last.remaining / rate) * 1000));
  const canFinish = (elapsed: number): boolean =>
    rate > 0 && downtimeMs() <= (Math.floor(completionTimeout * STALL.completionFactor) - Math.floor(elapsed)) * 1000;

  /** Keeps the rounds that can become the least one outside the window. */
  function remember(now: Round): void {
    while (candidates[0] !== undefined && now.elapsed - candidates[0].elapsed >= STALL.progressTimeout) {
      const [oldest, ...rest] = candidates;
      candidates = rest;
      if (oldest !== undefined && (before === undefined || oldest.remaining < before.remaining)) before = oldest;
    }
    if (before !== undefined && now.remaining > before.remaining) return;
    const newest = candidates.at(-1);
    if (newest === undefined || now.remaining < newest.remaining) candidates.push(now);
  }

  function isStalled(now: Round): boolean {
    if (best !== undefined) {
      relax(now);
      return true;
    }
    if (before === undefined || now.remaining < before.remaining * (1 - STALL.margin)) return false;
    best = Math.min(before.remaining, ...candidates.map(({ remaining }) => remaining));
    relaxAt = now.elapsed + patience;
    return true;
  }

  /** The longer it waits for a moment as good as the best, the less good it has to be. */
  function relax(now: Round): void {
    history = [...history, now.remaining].sort((a, b) => a - b);
    if (now.elapsed < relaxAt) return;
    best = history.shift() ?? best;
    patience *= STALL.patienceDecay;
    relaxAt = now.elapsed + patience;
  }

  function decide(now: Round): StallAction {
    if (now.remaining > (best ?? 0) * (1 + STALL.margin) || !canFinish(now.elapsed)) return NONE;
    const { allowPostCopy, allowWorkloadDisruption, maxDowntimeMs } = settings;
    if (allowWorkloadDisruption) {
      switching = true;
      switchoverDeadline = Math.floor(now.elapsed) + STALL.switchoverTimeout;
      return { act: allowPostCopy ? 'post-copy' : 'stop' };
    }
    const estimated = downtimeMs();
    if (estimated <= maxDowntimeMs * STALL.precopyPossibleFactor) {
      switching = true;
      switchoverDeadline = Math.floor(now.elapsed) + STALL.switchoverTimeout;
      return { act: 'allow-downtime', seconds: maxDowntimeMs / 1000 };
    }
    const said = `aborting migration: estimated downtime ${estimated}ms exceeds max allowed downtime ${maxDowntimeMs}ms by a factor of more than x${STALL.precopyPossibleFactor.toFixed(2)}`;
    return { act: 'abort', level: 'warning', said };
  }

  return {
    sample: (now) => {
      rate = rate === 0 ? now : STALL.bandwidthAlpha * now + (1 - STALL.bandwidthAlpha) * rate;
    },
    round: (now) => {
      last = now;
      if (rate === 0 || switching) return NONE;
      remember(now);
      return isStalled(now) ? decide(now) : NONE;
    },
    deadline: (elapsed) => {
      if (completionTimeout === 0 || Math.floor(elapsed + 1e-6) <= switchoverDeadline) return NONE;
      if (!switching && settings.allowWorkloadDisruption && canFinish(elapsed)) {
        switching = true;
        if (settings.allowPostCopy) return { act: 'post-copy' };
        completionTimeout = Math.floor(completionTimeout * STALL.completionFactor);
        switchoverDeadline = Math.floor(elapsed) + STALL.switchoverTimeout;
        return { act: 'stop' };
      }
      const said =
        rate === 0
          ? 'aborting migration due to illegal state: value of ewmaBandwidthBps not set!'
          : `aborting migration due to completion timeout: elapsedSec=${Math.floor(elapsed)} acceptableCompletionSec=${completionTimeout}`;
      return { act: 'abort', level: 'info', said };
    },
  };
}
