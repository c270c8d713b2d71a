import type { Evidence } from '../model/finding.ts';
import { settingsOf } from '../model/settings.ts';
import { itemsOf } from '../model/snapshot.ts';
import type { MigrationCase } from './case.ts';
import type { Confidence } from './cause.ts';
import { deadlineOf, samplesOf } from './course.ts';
import { ANY_ABORT, failureSaying, stateAt } from './said.ts';

/** Why KubeVirt's monitor gave a migration up. */
export interface Abort {
  /** `timeout`: the completion time-out; `stuck`: the progress time-out; `stall`: the stall detector of v1.9; `unknown`: it does not say. */
  why: 'timeout' | 'stuck' | 'stall' | 'unknown';
  confidence: Confidence;
  /** Seconds it says; or how long it ran, where it says none. */
  seconds: number;
  evidence: Evidence[];
}

const TIMEOUT =
  /not completed after (\d+) seconds|due to completion timeout: elapsedSec=\d+ acceptableCompletionSec=(\d+)/;
/** What the stall detector logs, in ms (facts/kubevirt.md D5). */
const STALLED = /estimated downtime \d+ms exceeds max allowed downtime \d+ms/;
const STUCK = /stuck for (\d+) seconds/;
/** The monitor looks every 0.4 s and goes by whole seconds (facts/kubevirt.md D1); time stamps have whole seconds, too. */
const GRAIN = 3;

/** Of a failed migration that KubeVirt's monitor gave up; undefined where it failed otherwise, or was cancelled. */
export function abortOf(each: MigrationCase): Abort | undefined {
  const { state } = each;
  if (each.phase !== 'Failed' || state?.abortRequested === true) return undefined;
  const whole = state?.failureReason === undefined ? [] : [stateAt(each, 'failureReason')];
  for (const [why, pattern] of [
    ['timeout', TIMEOUT],
    ['stuck', STUCK],
  ] as const) {
    const said = failureSaying(each, pattern);
    if (said === undefined) continue;
    const evidence = pattern.test(state?.failureReason ?? '') ? [said.evidence] : [said.evidence, ...whole];
    return { why, confidence: 'certain', seconds: Number(said.match[1] ?? said.match[2]), evidence };
  }
  if (!ANY_ABORT.test(state?.failureReason ?? '')) return undefined;
  const ran = (Date.parse(state?.endTimestamp ?? '') - Date.parse(state?.startTimestamp ?? '')) / 1000;
  const evidence = [...whole, stateAt(each, 'startTimestamp'), stateAt(each, 'endTimestamp')];
  const base = { seconds: ran, evidence, confidence: 'likely' } as const;
  const stalled = failureSaying(each, STALLED);
  if (stalled !== undefined)
    return { why: 'stall', ...base, evidence: [stalled.evidence, ...evidence], confidence: 'certain' };
  if (usesStallDetector(each)) return { why: 'stall', ...base };
  const deadline = deadlineOf(each) ?? 0;
  if (deadline > 0 && Math.abs(ran - deadline) <= GRAIN) return { why: 'timeout', ...base, seconds: deadline };
  const progress = settingsOf(each.snapshot).progressTimeout.value ?? 0;
  if (progress > 0 && ran >= progress && stoodStill(each, progress))
    return { why: 'stuck', ...base, seconds: progress };
  return { why: 'unknown', ...base, confidence: 'possible' };
}

/** Alpha gate of v1.9 (facts/kubevirt.md D5). */
function usesStallDetector({ snapshot }: MigrationCase): boolean {
  const gates = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration?.developerConfiguration?.featureGates ?? [];
  return gates.includes('MigrationStallDetection');
}

/** What remained has not fallen in the last samples, as far as the log tells. */
function stoodStill({ logs, migration }: MigrationCase, seconds: number): boolean {
  const samples = samplesOf(logs, migration.metadata.uid ?? '');
  const last = samples.at(-1);
  if (last === undefined) return false;
  const window = samples.filter(({ elapsed }) => elapsed >= last.elapsed - seconds + 2 * GRAIN);
  return window.every(({ remaining }) => remaining === last.remaining);
}
