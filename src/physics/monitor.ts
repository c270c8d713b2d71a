import { MONITOR_POLL } from './constants.ts';

/** What KubeVirt's monitor was told. Seconds; 0: never. */
export interface MonitorSettings {
  /** acceptableCompletionTime. */
  completionTimeout: number;
  progressTimeout: number;
  allowPostCopy: boolean;
  allowWorkloadDisruption: boolean;
}

/** What the monitor remembers between polls; seconds since its start. */
export interface MonitorState {
  mode: 'PreCopy' | 'PostCopy' | 'Paused';
  /** Doubled when the guest is paused. */
  completionTimeout: number;
  lastProgress: number;
  /** Remaining bytes at the previous poll; 0 at the start. */
  watermark: number;
}

export type MonitorAction =
  | { act: 'none' }
  | { act: 'post-copy' }
  | { act: 'pause' }
  | { act: 'abort'; why: 'stuck' | 'timeout' /** As the failure text counts them. */; seconds: number };

export function startMonitor(settings: MonitorSettings): MonitorState {
  return { mode: 'PreCopy', completionTimeout: settings.completionTimeout, lastProgress: 0, watermark: 0 };
}

/**
 * One poll of the monitor that KubeVirt v1.5-v1.8 run, and v1.9 without the gate MigrationStallDetection
 * (facts/kubevirt.md D1). Pure: returns what it does and what it remembers.
 */
export function pollMonitor(
  before: MonitorState,
  { elapsed, remaining }: { elapsed: number; remaining: number },
  settings: MonitorSettings,
): { state: MonitorState; action: MonitorAction } {
  const progressed = before.watermark === 0 || remaining < before.watermark;
  const state = { ...before, lastProgress: progressed ? elapsed : before.lastProgress, watermark: remaining };
  const overdue = exceeds(elapsed, state.completionTimeout);
  if (state.mode === 'PostCopy') return { state, action: { act: 'none' } };
  if (overdue && settings.allowWorkloadDisruption && state.mode !== 'Paused') {
    if (settings.allowPostCopy) return { state: { ...state, mode: 'PostCopy' }, action: { act: 'post-copy' } };
    const completionTimeout = state.completionTimeout * 2;
    return { state: { ...state, mode: 'Paused', completionTimeout }, action: { act: 'pause' } };
  }
  const delay = elapsed - state.lastProgress;
  if (exceeds(delay, settings.progressTimeout)) {
    return { state, action: { act: 'abort', why: 'stuck', seconds: wholeSeconds(delay) } };
  }
  if (overdue) return { state, action: { act: 'abort', why: 'timeout', seconds: state.completionTimeout } };
  return { state, action: { act: 'none' } };
}

/**
 * The number of the first poll after `after` at which the monitor can act, if remaining decreases from poll to poll
 * (`flowing`) or stays as it is. Infinity: never.
 */
export function nextActingPoll(
  state: MonitorState,
  { after, flowing }: { after: number; flowing: boolean },
  settings: MonitorSettings,
): number {
  if (state.mode === 'PostCopy') return Infinity;
  const overdue = firstPollBeyond(0, state.completionTimeout);
  // A poll that finds progress cannot find the migration stuck.
  const stuck = flowing ? Infinity : firstPollBeyond(state.lastProgress, settings.progressTimeout);
  return Math.max(after + 1, Math.min(overdue, stuck));
}

/** The first poll at which `timeout` has been exceeded since `since`. */
function firstPollBeyond(since: number, timeout: number): number {
  if (timeout === 0) return Infinity;
  let poll = Math.max(0, Math.ceil((since + timeout + 1) / MONITOR_POLL) - 1);
  while (!exceeds(poll * MONITOR_POLL - since, timeout)) poll++;
  return poll;
}

/** KubeVirt compares whole seconds, strictly. */
function exceeds(seconds: number, timeout: number): boolean {
  return timeout !== 0 && wholeSeconds(seconds) > timeout;
}

function wholeSeconds(seconds: number): number {
  // Polls are multiples of 0.4 s, which binary fractions miss by a hair.
  return Math.floor(seconds + 1e-6);
}
