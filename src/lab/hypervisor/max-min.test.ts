import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Demand, maxMinRates } from './max-min.ts';

const links = ['a', 'b', 'c', 'd', 'e'];
const networks = fc.record({
  capacity: fc.tuple(...links.map(() => fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.constant(0)))),
  demands: fc.array(
    fc.record({
      links: fc.subarray(links, { minLength: 1, maxLength: 3 }),
      cap: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant(Infinity)),
    }),
    { maxLength: 12 },
  ),
});
const EPSILON = 1e-6;

function shares(raw: { capacity: number[]; demands: Demand[] }) {
  const capacity = new Map(links.map((link, index) => [link, raw.capacity[index]!]));
  const rates = maxMinRates(capacity, raw.demands);
  const used = new Map(links.map((link) => [link, 0]));
  raw.demands.forEach((demand, index) => {
    for (const link of demand.links) used.set(link, used.get(link)! + rates[index]!);
  });
  const full = (link: string): boolean => used.get(link)! >= capacity.get(link)! - EPSILON;
  return { capacity, rates, used, full };
}

describe('max-min fair rates', () => {
  test('no link carries more than it can, no demand gets more than its cap', () => {
    fc.assert(
      fc.property(networks, (raw) => {
        const { capacity, rates, used } = shares(raw);
        for (const link of links) expect(used.get(link)!).toBeLessThanOrEqual(capacity.get(link)! + EPSILON);
        raw.demands.forEach(({ cap }, index) => {
          expect(rates[index]!).toBeGreaterThanOrEqual(0);
          expect(rates[index]!).toBeLessThanOrEqual(cap + EPSILON);
        });
      }),
      { numRuns: 1000, seed: 7 },
    );
  });

  test('work is conserved: whoever is below its cap has a full link', () => {
    fc.assert(
      fc.property(networks, (raw) => {
        const { rates, full } = shares(raw);
        raw.demands.forEach((demand, index) => {
          if (rates[index]! < demand.cap - EPSILON) expect(demand.links.some(full)).toBe(true);
        });
      }),
      { numRuns: 1000, seed: 8 },
    );
  });

  test('nobody can be raised without lowering one that has no more: on a full link of its own it is among the largest', () => {
    fc.assert(
      fc.property(networks, (raw) => {
        const { rates, full } = shares(raw);
        raw.demands.forEach((demand, index) => {
          if (rates[index]! >= demand.cap - EPSILON) return;
          const largestOnOne = demand.links.some(
            (link) =>
              full(link) &&
              raw.demands.every(
                (other, position) => !other.links.includes(link) || rates[position]! <= rates[index]! + EPSILON,
              ),
          );
          expect(largestOnOne).toBe(true);
        });
      }),
      { numRuns: 1000, seed: 9 },
    );
  });

  test.each<[string, Record<string, number>, Demand[], number[]]>([
    [
      'two alike share evenly',
      { a: 10 },
      [
        { links: ['a'], cap: Infinity },
        { links: ['a'], cap: Infinity },
      ],
      [5, 5],
    ],
    [
      'what a capped one leaves goes to the other',
      { a: 10 },
      [
        { links: ['a'], cap: 2 },
        { links: ['a'], cap: 99 },
      ],
      [2, 8],
    ],
    [
      'who is held back elsewhere leaves its share',
      { a: 10, b: 1 },
      [
        { links: ['a', 'b'], cap: Infinity },
        { links: ['a'], cap: Infinity },
      ],
      [1, 9],
    ],
    ['nothing goes over a link that is down', { a: 0 }, [{ links: ['a'], cap: 5 }], [0]],
  ])('%s', (_name, capacity, demands, expected) => {
    expect(maxMinRates(new Map(Object.entries(capacity)), demands)).toEqual(expected);
  });
});
