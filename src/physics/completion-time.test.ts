import { describe, expect, test } from 'vitest';
import { acceptableCompletionTime } from './completion-time.ts';

const GIB = 2 ** 30;

describe('acceptableCompletionTime', () => {
  // The table of facts/kubevirt.md D1.
  test.each([
    [1, 1600, 300, 40],
    [2, 2400, 450, 60],
    [4, 4000, 750, 100],
    [8, 7200, 1350, 180],
    [16, 14400, 2700, 360],
    [32, 28000, 5250, 700],
    [64, 55200, 10350, 1380],
    [128, 110400, 20700, 2760],
  ])('of %d GiB is %d, %d and %d s at 800, 150 and 20 s', (gib, at800, at150, at20) => {
    expect([800, 150, 20].map((perGib) => acceptableCompletionTime(perGib, gib * GIB))).toEqual([at800, at150, at20]);
  });

  test('exactly a gigabyte is one, a byte more is two', () => {
    expect([1e9, 1e9 + 1].map((bytes) => acceptableCompletionTime(150, bytes))).toEqual([150, 300]);
  });
});
