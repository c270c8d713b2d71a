import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MONITOR_POLL } from './constants.ts';
import { type MonitorAction, type MonitorSettings, nextActingPoll, pollMonitor, startMonitor } from './monitor.ts';

const settings = (change: Partial<MonitorSettings> = {}): MonitorSettings => ({
  completionTimeout: 300,
  progressTimeout: 150,
  allowPostCopy: false,
  allowWorkloadDisruption: false,
  ...change,
});

/** Polls until it aborts or `limit` s have passed: what it did, and at which poll. */
function polls(
  given: MonitorSettings,
  remaining: (poll: number) => number,
  limit = 2000,
): { poll: number; action: MonitorAction }[] {
  const acted: { poll: number; action: MonitorAction }[] = [];
  let state = startMonitor(given);
  for (let poll = 1; poll * MONITOR_POLL <= limit; poll++) {
    const step = pollMonitor(state, { elapsed: poll * MONITOR_POLL, remaining: remaining(poll) }, given);
    state = step.state;
    if (step.action.act !== 'none') acted.push({ poll, action: step.action });
    if (step.action.act === 'abort') break;
  }
  return acted;
}

const falling = (poll: number): number => 1e12 - poll;
const still = (): number => 1e9;
const oscillating = (poll: number): number => 1e9 + (poll % 7);

describe('the monitor', () => {
  test.each<[string, Partial<MonitorSettings>, (poll: number) => number, { seconds: number; action: MonitorAction }[]]>(
    [
      [
        'gives up at the first poll of the second after the timeout',
        {},
        falling,
        [{ seconds: 301.2, action: { act: 'abort', why: 'timeout', seconds: 300 } }],
      ],
      [
        'gives up when nothing has moved for longer than progressTimeout, whole seconds',
        { completionTimeout: 0 },
        still,
        [{ seconds: 151.6, action: { act: 'abort', why: 'stuck', seconds: 151 } }],
      ],
      [
        'takes any decrease for progress, even of a migration that gets nowhere',
        { completionTimeout: 0 },
        oscillating,
        [],
      ],
      ['never gives up with both timeouts 0', { completionTimeout: 0, progressTimeout: 0 }, still, []],
      [
        'switches to post-copy, and then leaves it alone',
        { allowPostCopy: true, allowWorkloadDisruption: true },
        falling,
        [{ seconds: 301.2, action: { act: 'post-copy' } }],
      ],
      [
        'allowPostCopy without allowWorkloadDisruption is not enough',
        { allowPostCopy: true },
        falling,
        [{ seconds: 301.2, action: { act: 'abort', why: 'timeout', seconds: 300 } }],
      ],
      [
        'pauses the guest, and gives up after the doubled timeout',
        { allowWorkloadDisruption: true },
        falling,
        [
          { seconds: 301.2, action: { act: 'pause' } },
          { seconds: 601.2, action: { act: 'abort', why: 'timeout', seconds: 600 } },
        ],
      ],
      [
        'a guest that was paused can still be found stuck',
        { allowWorkloadDisruption: true },
        (poll) => (poll * MONITOR_POLL < 310 ? falling(poll) : 5),
        [
          { seconds: 301.2, action: { act: 'pause' } },
          { seconds: 461.2, action: { act: 'abort', why: 'stuck', seconds: 151 } },
        ],
      ],
    ],
  )('%s', (_name, change, remaining, expected) => {
    const acted = polls(settings(change), remaining);
    expect(acted.map(({ poll, action }) => ({ seconds: Number((poll * MONITOR_POLL).toFixed(1)), action }))).toEqual(
      expected,
    );
  });

  test('the polls that can act are known in advance', () => {
    const anything = fc.record({
      completionTimeout: fc.nat(400),
      progressTimeout: fc.nat(200),
      allowPostCopy: fc.boolean(),
      allowWorkloadDisruption: fc.boolean(),
      flowing: fc.boolean(),
    });
    fc.assert(
      fc.property(anything, ({ flowing, ...given }) => {
        const [first] = polls(given, flowing ? falling : still, 700);
        // The first poll ever counts as progress.
        const state = { ...startMonitor(given), lastProgress: MONITOR_POLL };
        const next = nextActingPoll(state, { after: 0, flowing }, given);
        expect(next).toBe(first?.poll ?? Infinity);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
