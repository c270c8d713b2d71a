import type { Snapshot } from '../model/snapshot.ts';
import { ASSUMED_HOT, type Loads, loadsOf } from '../settings/loads.ts';
import { numbersOf } from '../settings/numbers.ts';
import type { Settings } from '../settings/rules.ts';
import { type Effects, effectsOf } from '../settings/simulate.ts';
import { longDuration, percent } from '../settings/text.ts';

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
  const told = figures.flatMap((figure) => {
    const [was, is] = [figure.of(before), figure.of(after)];
    return was === is ? [] : [`${figure.what(before)}: ${was} now, ${is} then.`];
  });
  return [...(told.length > 0 ? told : [unchanged(before)]), ...assumed(loads)];
}

interface Figure {
  what: (before: Effects) => string;
  of: (effects: Effects) => string;
}

const time = (seconds: number | null): string => longDuration(seconds ?? Infinity);

const figures: readonly Figure[] = [
  {
    what: ({ drain }) => `Emptying ${drain.node} (${drain.vms} ${drain.vms === 1 ? 'VM' : 'VMs'})`,
    of: ({ drain }) => time(drain.seconds),
  },
  {
    what: ({ everything }) => `Moving all ${everything.vms} VMs once`,
    of: ({ everything }) => time(everything.seconds),
  },
  {
    what: () => 'VMs whose migration ends by itself within its time-out',
    of: ({ converging }) => `${converging.vms} of ${converging.of}`,
  },
  {
    what: () => 'The longest that a migration may go on copying',
    of: ({ longestDeadline }) => `${time(longestDeadline.seconds)} (${longestDeadline.vm})`,
  },
  {
    what: ({ drain }) => `The link of ${drain.node} while it is emptied`,
    of: ({ linkLoad }) => percent(linkLoad),
  },
];

function unchanged({ drain, converging, longestDeadline }: Effects): string {
  return `No difference is predicted for the VMs that run: emptying ${drain.node} takes ${time(drain.seconds)}, ${converging.vms} of ${converging.of} migrations end by themselves, and the longest may go on copying for ${time(longestDeadline.seconds)}.`;
}

function assumed({ all, measured }: Loads): string[] {
  const left = all.length - measured.writes;
  if (left === 0) return [];
  return [
    `This assumes of ${left} of ${all.length} VMs that they rewrite ${ASSUMED_HOT * 100} % of their memory all the time: nothing measures it.`,
  ];
}
