import { expect, test } from 'vitest';
import { rateLimit } from './rate-limit.ts';

test('so many at once, then as many a second as allowed', () => {
  let time = 0;
  const mayPass = rateLimit({ burst: 3, perSecond: 2 }, () => time);
  const tries = (count: number): boolean[] => Array.from({ length: count }, () => mayPass());
  expect(tries(4)).toEqual([true, true, true, false]);
  time = 500;
  expect(tries(2)).toEqual([true, false]);
  time = 60_000;
  expect(tries(4)).toEqual([true, true, true, false]);
});
