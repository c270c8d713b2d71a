import type { Snapshot } from '../model/snapshot.ts';
import { effectSentences } from '../settings/effect-rows.ts';
import { ASSUMED_HOT, type Loads, loadsOf } from '../settings/loads.ts';
import { numbersOf } from '../settings/numbers.ts';
import type { Settings } from '../settings/rules.ts';
import { effectsOf } from '../settings/simulate.ts';

/**
 * What a change of settings and policies is predicted to bring about for the VMs that run: a sentence for each figure
 * that changes. `then`: the Snapshot with the policies as they would be, and the settings in force with it.
 */
export function settingsEffect(now: Snapshot, then: { snapshot: Snapshot; settings: Settings }): string[] {
  const loads = loadsOf(now);
  const before = effectsOf(loads.byNode, numbersOf(now));
  const after = effectsOf(
    (then.snapshot === now ? loads : loadsOf(then.snapshot)).byNode,
    numbersOf(then.snapshot, then.settings),
  );
  if (before === undefined || after === undefined)
    return ['No VM runs here that could migrate, so that there is nothing to predict.'];
  return [...effectSentences(before, after), ...assumed(loads)];
}

function assumed({ all, measured }: Loads): string[] {
  const left = all.length - measured.writes;
  if (left === 0) return [];
  return [
    `This assumes of ${left} of ${all.length} VMs that they rewrite ${ASSUMED_HOT * 100} % of their memory all the time: nothing measures it.`,
  ];
}
