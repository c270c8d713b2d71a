import type { Effects } from './simulate.ts';
import { longDuration, percent } from './text.ts';

/** A figure as it is predicted now, and with other settings. */
export interface EffectRow {
  what: string;
  now: string;
  then: string;
}

/** The figures of what settings bring about, in words. */
export function effectRows(before: Effects, after: Effects): EffectRow[] {
  const row = (what: string, of: (effects: Effects) => string): EffectRow => ({
    what,
    now: of(before),
    then: of(after),
  });
  const time = (seconds: number | null): string => longDuration(seconds ?? Infinity);
  const { drain, everything } = before;
  return [
    row(`emptying ${drain.node} (${drain.vms} VMs)`, (effects) => time(effects.drain.seconds)),
    row(`moving all ${everything.vms} VMs once`, (effects) => time(effects.everything.seconds)),
    row('VMs that converge', ({ converging }) => `${converging.vms} of ${converging.of}`),
    row('longest time-out', ({ longestDeadline }) => `${time(longestDeadline.seconds)} (${longestDeadline.vm})`),
    row(`link of ${drain.node} while it is emptied`, ({ linkLoad }) => percent(linkLoad)),
  ];
}

/** What changes, a sentence a figure: `Emptying worker-1 (5 VMs): 3 min now, 90 s then.` */
export function effectSentences(before: Effects, after: Effects): string[] {
  const rows = effectRows(before, after);
  const told = rows.filter(({ now, then }) => now !== then);
  if (told.length === 0)
    return [
      `Nothing else is predicted for the VMs that run: ${rows.map(({ what, now }) => `${what} ${now}`).join(', ')}.`,
    ];
  return told.map(
    ({ what, now, then }) => `${what.slice(0, 1).toUpperCase()}${what.slice(1)}: ${now} now, ${then} then.`,
  );
}
