import type { Effects } from './simulate.ts';
import { longDuration, percent } from './text.ts';

/** A figure as it is predicted now, and with other settings. */
export interface EffectRow {
  what: string;
  before: string;
  after: string;
}

/** The figures of what settings bring about, in words. */
export function effectRows(before: Effects, after: Effects): EffectRow[] {
  const row = (what: string, of: (effects: Effects) => string): EffectRow => ({
    what,
    before: of(before),
    after: of(after),
  });
  const time = (seconds: number | null): string => longDuration(seconds ?? Infinity);
  const { drain, everything } = before;
  return [
    row(`emptying ${drain.node} (${drain.vms === 1 ? '1 VM' : `${drain.vms} VMs`})`, (effects) =>
      time(effects.drain.seconds),
    ),
    row(`moving all ${everything.vms} VMs once`, (effects) => time(effects.everything.seconds)),
    row('VMs that converge', ({ converging }) => `${converging.vms} of ${converging.of}`),
    row('longest time-out', ({ longestDeadline }) => `${time(longestDeadline.seconds)} (${longestDeadline.vm})`),
    row(`link of ${drain.node} while it is emptied`, ({ linkLoad }) => percent(linkLoad)),
  ];
}

/** What changes, a sentence a figure: `Emptying worker-1 (5 VMs): 3 min now, 90 s then.` */
export function effectSentences(before: Effects, after: Effects): string[] {
  const rows = effectRows(before, after);
  const told = rows.filter((row) => row.before !== row.after);
  if (told.length === 0) {
    const figures = rows.map((row) => `${row.what}: ${row.before}`).join('; ');
    return [`No difference is predicted for the VMs that run: ${figures}.`];
  }
  return told.map(
    (row) => `${row.what.slice(0, 1).toUpperCase()}${row.what.slice(1)}: ${row.before} now, ${row.after} then.`,
  );
}
