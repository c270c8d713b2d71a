import { describe, expect, test } from 'vitest';
import { random } from './random.ts';

describe('seeded randomness', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed: string) => {
      const rng = random(seed);
      return Array.from({ length: 20 }, () => rng.next());
    };
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  test('a fork does not depend on what was drawn before it', () => {
    const fresh = random('seed').fork('nodes').next();
    const rng = random('seed');
    rng.next();
    expect(rng.fork('nodes').next()).toBe(fresh);
  });

  test('numbers fill the unit interval evenly enough', () => {
    const rng = random(7);
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i++) buckets[Math.floor(rng.next() * 10)]!++;
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('names and uids look like those of a cluster', () => {
    const rng = random(1);
    expect(rng.suffix()).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(rng.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
