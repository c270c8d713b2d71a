import { describe, expect, test } from 'vitest';
import { type StallAction, type StallSettings, stallDetector } from './stall.ts';

const settings: StallSettings = {
  completionTimeout: 300,
  maxDowntimeMs: 900,
  allowPostCopy: false,
  allowWorkloadDisruption: false,
};

/** What is done first in rounds of 5 s, at 1 GB/s, of which so much remains; and when. */
function first(
  remaining: (second: number) => number,
  change: Partial<StallSettings> = {},
): { at: number; action: StallAction } | undefined {
  const detector = stallDetector({ ...settings, ...change });
  for (let elapsed = 5; elapsed < 1000; elapsed += 5) {
    detector.sample(1e9);
    for (const action of [detector.round({ elapsed, remaining: remaining(elapsed) }), detector.deadline(elapsed)]) {
      if (action.act !== 'none') return { at: elapsed, action };
    }
  }
  return undefined;
}

const same = (bytes: number) => (): number => bytes;

describe('a migration whose rounds do not get shorter', () => {
  test('is given up once 40 s have brought nothing, if its last copy would take too long', () => {
    expect(first(same(5e9))).toEqual({
      at: 45,
      action: {
        act: 'abort',
        level: 'warning',
        said: 'aborting migration: estimated downtime 5000ms exceeds max allowed downtime 900ms by a factor of more than x1.50',
      },
    });
  });

  test.each<[string, number, Partial<StallSettings>, StallAction]>([
    ['may be stopped longer, if that is nearly enough', 1.3e9, {}, { act: 'allow-downtime', seconds: 0.9 }],
    ['is stopped, if that is allowed', 5e9, { allowWorkloadDisruption: true }, { act: 'stop' }],
    [
      'is handed over before its end, if that is allowed',
      5e9,
      { allowWorkloadDisruption: true, allowPostCopy: true },
      { act: 'post-copy' },
    ],
  ])('%s', (_, bytes, change, action) => {
    expect(first(same(bytes), change)).toEqual({ at: 45, action });
  });

  test('waits for a moment at which as little remains as ever, and in the end for a worse one', () => {
    const saw = (second: number): number => (second === 5 ? 2e9 : 5e9);
    const found = first(saw);
    expect(found?.action).toMatchObject({ act: 'abort', said: expect.stringContaining('5000ms') });
    expect(found?.at).toBeGreaterThan(45);
  });
});

test('one whose rounds get shorter is left alone, until its time is up', () => {
  expect(first((second) => 1e12 * 0.99 ** second)).toEqual({
    at: 305,
    action: {
      act: 'abort',
      level: 'info',
      said: 'aborting migration due to completion timeout: elapsedSec=305 acceptableCompletionSec=300',
    },
  });
});

test('one without a time-out that gets on is left alone for ever', () => {
  expect(first((second) => 1e12 * 0.99 ** second, { completionTimeout: 0 })).toBeUndefined();
});
