import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Clock } from './clock.ts';

const START = Date.UTC(2026, 0, 1);

describe('a clock advanced by hand', () => {
  test('events run at their time, those of one instant in the order they were set', () => {
    const clock = new Clock(START);
    const seen: string[] = [];
    clock.after(20, () => seen.push(`b@${clock.now() - START}`));
    clock.after(10, () => seen.push(`a@${clock.now() - START}`));
    clock.after(20, () => seen.push(`c@${clock.now() - START}`));
    clock.advanceBy(15);
    expect(seen).toEqual(['a@10']);
    expect(clock.now() - START).toBe(15);
    clock.advanceBy(5);
    expect(seen).toEqual(['a@10', 'b@20', 'c@20']);
  });

  test('an event set from within an event for the same instant still runs', () => {
    const clock = new Clock(START);
    const seen: number[] = [];
    clock.after(5, () => clock.after(0, () => seen.push(clock.now() - START)));
    clock.advanceBy(5);
    expect(seen).toEqual([5]);
  });

  test('a cancelled event does not run, and cancelling twice or afterwards is harmless', () => {
    const clock = new Clock(START);
    const seen: string[] = [];
    const kept = clock.after(1, () => seen.push('kept'));
    const gone = clock.after(2, () => seen.push('gone'));
    gone.cancel();
    gone.cancel();
    clock.advanceBy(10);
    kept.cancel();
    expect(seen).toEqual(['kept']);
    clock.runUntilIdle();
  });

  test('a periodic timer runs until cancelled, even from within its own run', () => {
    const clock = new Clock(START);
    let runs = 0;
    const timer = clock.every(10, () => {
      runs++;
      if (runs === 3) timer.cancel();
    });
    clock.advanceBy(100);
    expect(runs).toBe(3);
  });

  test('background timers do not keep runUntilIdle going, but run when their time is passed', () => {
    const clock = new Clock(START);
    let beats = 0;
    clock.every(10, () => beats++);
    clock.after(35, () => undefined);
    clock.runUntilIdle();
    expect(clock.now() - START).toBe(35);
    expect(beats).toBe(3);
  });

  test('whatever is set and cancelled, events run in the order of time, then of setting', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ delay: fc.nat(50), cancel: fc.boolean(), background: fc.boolean() }), { maxLength: 60 }),
        (plan) => {
          const clock = new Clock(START);
          const seen: { at: number; index: number }[] = [];
          const timers = plan.map(({ delay, background }, index) =>
            clock.after(delay, () => seen.push({ at: clock.now() - START, index }), { background }),
          );
          for (const [index, { cancel }] of plan.entries()) if (cancel) timers[index]?.cancel();
          clock.advanceBy(50);
          const expected = plan
            .map(({ delay, cancel }, index) => ({ at: delay, index, cancel }))
            .filter(({ cancel }) => !cancel)
            .sort((a, b) => a.at - b.at || a.index - b.index)
            .map(({ at, index }) => ({ at, index }));
          expect(seen).toEqual(expected);
        },
      ),
    );
  });
});

describe('a clock driven by real time', () => {
  let clock = new Clock(START);
  afterEach(() => clock.stop());

  test('at max it jumps to the end of the foreground work at once, however far away', async () => {
    clock = new Clock(START);
    const done = new Promise<void>((resolve) => {
      clock.after(3_600_000, () => clock.after(3_600_000, resolve));
    });
    clock.drive('max');
    await done;
    expect(clock.now() - START).toBe(7_200_000);
  });

  test('with a factor, lab time runs faster than real time and never shows a time whose events have not run', async () => {
    clock = new Clock(START);
    let at = 0;
    const done = new Promise<void>((resolve) => {
      clock.after(2_000, () => {
        at = clock.now() - START;
        resolve();
      });
    });
    clock.drive(1_000);
    await done;
    expect(at).toBe(2_000);
    expect(clock.now() - START).toBeGreaterThanOrEqual(2_000);
  });

  test('stopped, it stands still', () => {
    clock = new Clock(START);
    clock.drive(1_000_000);
    clock.stop();
    const then = clock.now();
    expect(clock.now()).toBe(then);
  });
});
