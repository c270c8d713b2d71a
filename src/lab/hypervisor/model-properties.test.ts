import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MigrationProgress } from './hypervisor.ts';
import { GIB, lab, MIB, START } from './testing.ts';

describe('what always holds', () => {
  const guests = fc.record({
    hot: fc.integer({ min: 1, max: 1024 }),
    writesPerSecond: fc.double({ min: 0.01, max: 50, noNaN: true }),
    zero: fc.integer({ min: 0, max: 2 }),
    bandwidthLimit: fc.constantFrom(0, 64 * MIB, 256 * MIB),
    autoConverge: fc.boolean(),
    diskBytes: fc.constantFrom(0, 2e9),
    disruption: fc.constantFrom(
      {},
      { allowWorkloadDisruption: true },
      { allowPostCopy: true, allowWorkloadDisruption: true },
    ),
    seed: fc.integer(),
    step: fc.integer({ min: 130, max: 5000 }),
  });
  const start = (raw: typeof guests extends fc.Arbitrary<infer T> ? T : never) => {
    const world = lab({ seed: String(raw.seed) });
    const running = world.migrate({
      guest: {
        size: 4 * GIB,
        zero: raw.zero * GIB,
        classes: [{ size: raw.hot * MIB, writesPerSecond: raw.writesPerSecond }],
      },
      bandwidthLimit: raw.bandwidthLimit,
      autoConverge: raw.autoConverge,
      diskBytes: raw.diskBytes,
      monitor: { completionTimeout: 120, ...raw.disruption },
    });
    return { ...world, running };
  };
  const watch = (world: ReturnType<typeof start>, step: number): MigrationProgress[] => {
    const seen: MigrationProgress[] = [];
    while (world.log.every(({ outcome }) => outcome === undefined)) {
      world.clock.advanceBy(step);
      seen.push(world.running.progress());
      if (world.clock.now() - START > 3_600_000) throw new Error('it never ends');
    }
    return seen;
  };

  test('progress is never negative, never goes back, and falls within a round', () => {
    fc.assert(
      fc.property(guests, (raw) => {
        const seen = watch(start(raw), raw.step);
        seen.forEach((now, index) => {
          const before = seen[index - 1];
          for (const value of Object.values(now))
            if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0);
          expect(now.remainingBytes).toBeLessThanOrEqual(now.totalBytes);
          if (before === undefined) return;
          expect(now.elapsedMs).toBeGreaterThanOrEqual(before.elapsedMs);
          expect(now.processedBytes).toBeGreaterThanOrEqual(before.processedBytes);
          expect(now.iteration).toBeGreaterThanOrEqual(before.iteration);
          if (now.iteration === before.iteration) expect(now.remainingBytes).toBeLessThanOrEqual(before.remainingBytes);
        });
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  test('what is sent between two looks within a round is what remains less', () => {
    fc.assert(
      fc.property(guests, (raw) => {
        const seen = watch(start({ ...raw, zero: 0, diskBytes: 0 }), raw.step);
        seen.forEach((now, index) => {
          const before = seen[index - 1];
          if (before === undefined || now.iteration !== before.iteration || now.remainingBytes === 0) return;
          const sent = now.processedBytes - before.processedBytes;
          expect((before.remainingBytes - now.remainingBytes) * (4096 + 10.5)).toBeCloseTo(sent * 4096, -5);
        });
      }),
      { numRuns: 60, seed: 12 },
    );
  });

  test('looking changes nothing, and the same seed gives the same events byte for byte', () => {
    fc.assert(
      fc.property(guests, (raw) => {
        const looked = start(raw);
        watch(looked, raw.step);
        const [first, second] = [start(raw), start(raw)];
        first.clock.runUntilIdle();
        second.clock.runUntilIdle();
        expect(JSON.stringify(first.log)).toBe(JSON.stringify(second.log));
        expect(JSON.stringify(looked.log)).toBe(JSON.stringify(first.log));
      }),
      { numRuns: 60, seed: 13 },
    );
  });

  test('another seed gives another run', () => {
    const ends = ['s', 't'].map((seed) => {
      const { clock, log, migrate } = lab({ seed });
      migrate();
      clock.runUntilIdle();
      return log[0]!.at;
    });
    expect(ends[0]).not.toBe(ends[1]);
  });
});

describe('size', () => {
  /** Events that the clock ran: what the simulation costs, whatever the machine. */
  function eventsOf(run: (world: ReturnType<typeof lab>) => void): number {
    const world = lab({ nicSpeed: 12.5e9 });
    let events = 0;
    const at = world.clock.at.bind(world.clock);
    world.clock.at = (when, callback, options) => {
      const counted = (): void => {
        events++;
        callback();
      };
      return at(when, counted, options);
    };
    run(world);
    world.clock.runUntilIdle();
    return events;
  }
  const hana = { size: 1024 * GIB, zero: 0, classes: [{ size: 64 * GIB, writesPerSecond: 0.005 }] };

  test('a TiB over 100 Gb/s is some dozens of events', () => {
    expect(eventsOf(({ migrate }) => migrate({ guest: hana }))).toBeLessThan(100);
  });

  test('a TiB that never converges, for 45 hours at 20 syncs a second, is some hundred', () => {
    const guest = { ...hana, classes: [{ size: 64 * GIB, writesPerSecond: 5 }] };
    expect(eventsOf(({ migrate }) => migrate({ guest }))).toBeLessThan(200);
  });
});
