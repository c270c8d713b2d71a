import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fit, pageOf, size } from './budget.ts';

test('pages, one after the other, hold everything once and in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 60 })),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 200 }),
      (all, limit, budget) => {
        const seen: string[] = [];
        for (let offset: number | undefined = 0; offset !== undefined; ) {
          const page: { items: string[]; total: number; next?: number } = pageOf(all, { offset, limit }, budget);
          expect(page.total).toBe(all.length);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          if (page.items.length > 1)
            expect(page.items.reduce((sum, item) => sum + size(item), 0)).toBeLessThanOrEqual(budget);
          seen.push(...page.items);
          offset = page.next;
        }
        expect(seen).toEqual(all);
      },
    ),
  );
});

test('behind the end there is nothing, and no next page', () => {
  expect(pageOf(['a'], { offset: 7, limit: 1 })).toEqual({ items: [], total: 1 });
});

test('what is small enough is left alone', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(fit(value, size(value))).toEqual(value);
    }),
  );
});

test('a large object keeps its small fields, and tells what it lost', () => {
  const node = {
    kind: 'Node',
    images: Array.from({ length: 500 }, (_, n) => ({ name: `image-${n}`, bytes: n })),
    note: 'x'.repeat(9000),
  };
  const short = fit(node, 4000);
  expect(size(short)).toBeLessThan(6000);
  expect(short.kind).toBe('Node');
  expect(short.images.at(-1)).toMatch(/^… \d+ more of 500$/);
  expect(short.note).toMatch(/… \(9000 characters in all\)$/);
});

test('whatever it is, it does not stay many times larger than asked for', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(size(fit(value, 2000))).toBeLessThan(20_000);
    }),
  );
});
