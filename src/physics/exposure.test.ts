import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writtenAfterSending, writtenOutside } from './exposure.ts';

/** facts/physics.md A.4, as written there: k chunks, the sweep starts at the first page and covers all. */
function pin(exposure: number, k: number): number {
  const e = Math.exp(-exposure / k);
  return 1 - ((1 / k) * e * (1 - e ** k)) / (1 - e);
}

describe('exposure', () => {
  test.each([
    [0.5, 1],
    [0.5, 4],
    [3, 16],
    [0.01, 1024],
  ])('of a whole sweep from the start is that of A.4: %d mean writes, %d chunks', (exposure, chunks) => {
    expect(writtenAfterSending(exposure, chunks, 1, 0)).toBeCloseTo(pin(exposure, chunks), 10);
  });

  test('of many chunks and few writes tends to half of the full exposure', () => {
    expect(writtenAfterSending(0.001, 1024, 1) / writtenOutside(0.001)).toBeCloseTo(0.5, 2);
  });

  test('is never more than the full exposure, nor less than none', () => {
    const anything = fc.record({
      exposure: fc.double({ min: 0, max: 1e5, noNaN: true }),
      chunks: fc.double({ min: 0.01, max: 4096, noNaN: true }),
      share: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(anything, ({ exposure, chunks, share }) => {
        const written = writtenAfterSending(exposure, chunks, share);
        expect(written).toBeGreaterThanOrEqual(-1e-9);
        expect(written).toBeLessThanOrEqual(writtenOutside(exposure) + 1e-9);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
