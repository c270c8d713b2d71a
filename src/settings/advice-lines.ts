import type { Recommendation } from './advise.ts';
import type { PolicyAdvice } from './policy-advice.ts';
import { longDuration } from './text.ts';

/** Why a setting should change, and what may go wrong. Lines. */
export function explainedRecommendation({ setting, reason, risk }: Recommendation): string[] {
  return [`${setting}: ${reason}.`, `  risk: ${risk}`];
}

/** What a policy of its own does for a VM. Lines. */
export function explainedPolicy({ vm, reason, before, after, confidence, risk, needs }: PolicyAdvice): string[] {
  const text = ({ how, seconds }: PolicyAdvice['before']): string =>
    `${how} after ${longDuration(seconds ?? Infinity)}`;
  return [
    `MigrationPolicy for ${vm}: ${reason} (${confidence} confidence)`,
    `  now: ${text(before)}; then: ${text(after)}`,
    `  risk: ${risk}`,
    ...(needs === undefined ? [] : [`  first: ${needs}`]),
  ];
}
