import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServerClock } from './server-clock.ts';

const start = Date.parse('2026-11-22T20:00:00Z');

test("before the first answer it is this machine's clock", () => {
  expect(new ServerClock(() => 42).now()).toBe(42);
});

test('an answer without a sensible Date changes nothing', () => {
  const clock = new ServerClock(() => 42);
  clock.observe(undefined, 41);
  clock.observe('yesterday', 41);
  expect(clock.now()).toBe(42);
});

test('however far off and slow the server is, the estimate is at most one second and the way there off', () => {
  const skew = fc.integer({ min: -1e8, max: 1e8 });
  const gaps = fc.array(fc.tuple(fc.nat(5000), fc.nat(300), fc.nat(300)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(skew, gaps, (skew, gaps) => {
      let local = start;
      const clock = new ServerClock(() => local);
      for (const [pause, there, back] of gaps) {
        local += pause;
        const sent = local;
        const date = new Date(local + there + skew).toUTCString();
        local += there + back;
        clock.observe(date, sent);
        expect(Math.abs(clock.now() - (local + skew))).toBeLessThanOrEqual(1000 + there + back);
      }
    }),
  );
});

test('it follows a server whose clock is set back', () => {
  const clock = new ServerClock(() => start);
  clock.observe(new Date(start + 60_000).toUTCString(), start);
  clock.observe(new Date(start - 60_000).toUTCString(), start);
  expect(Math.abs(clock.now() - (start - 60_000))).toBeLessThan(1000);
});
