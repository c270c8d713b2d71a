import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptableCompletionTime } from '../../physics/completion-time.ts';
import { failureReasonsV1_9 } from '../../physics/failure-reasons.ts';
import { predict } from '../../physics/predict.ts';
import { Clock } from '../clock.ts';
import { random } from '../random.ts';
import type { MigrationMode, MigrationOrder, MigrationOutcome, MigrationProgress } from './hypervisor.ts';
import { modelHypervisor } from './model.ts';
import { createNetwork } from './network.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const START = Date.UTC(2026, 0, 1);

type Change = Partial<Omit<MigrationOrder, 'monitor'>> & { monitor?: Partial<MigrationOrder['monitor']> };

/** A 4 GiB guest that rewrites 64 MiB a few times a second. */
function orderOf({ monitor, ...change }: Change = {}): MigrationOrder {
  const guest = { size: 4 * GIB, zero: GIB, classes: [{ size: 64 * MIB, writesPerSecond: 5 }] };
  return {
    id: 'm1',
    guest,
    diskBytes: 0,
    source: 'n1',
    target: 'n2',
    bandwidthLimit: 0,
    connections: 8,
    downtimeLimitMs: 300,
    autoConverge: false,
    paused: false,
    ...change,
    monitor: {
      completionTimeout: acceptableCompletionTime(150, (change.guest ?? guest).size),
      progressTimeout: 150,
      allowPostCopy: false,
      allowWorkloadDisruption: false,
      ...monitor,
    },
  };
}

/** Rewrites 2 GiB at a rate that 100 MB/s cannot follow. */
const busy = { size: 4 * GIB, zero: 0, classes: [{ size: 2 * GIB, writesPerSecond: 2 }] };
const slow = { guest: busy, bandwidthLimit: 100e6 };

function lab({ seed = 's', nicSpeed = 1.25e9, world = {} } = {}) {
  const clock = new Clock(START);
  const network = createNetwork({ nicSpeed });
  const hypervisor = modelHypervisor({ clock, rng: random(seed), network, ...world });
  const log: { at: number; id: string; mode?: MigrationMode; outcome?: MigrationOutcome }[] = [];
  const migrate = (change?: Change) => {
    const order = orderOf(change);
    return hypervisor.migrate(order, {
      mode: (mode) => log.push({ at: clock.now() - START, id: order.id, mode }),
      done: (outcome) => log.push({ at: clock.now() - START, id: order.id, outcome }),
    });
  };
  return { clock, network, log, migrate };
}

describe('a migration alone', () => {
  test('ends when physics says, but for the jitter', () => {
    const { clock, log, migrate } = lab();
    migrate();
    clock.runUntilIdle();
    const order = { memory: orderOf().guest, diskBytes: 0, downtimeLimit: 0.3, connections: 8, autoConverge: false };
    const [best, worst] = [1.25e9, 1.25e9 * 0.97].map((line) => predict(order, { line, limit: Infinity }));
    if (!best?.converges || !worst?.converges) throw new Error('it must converge');
    expect(log).toHaveLength(1);
    expect(log[0]!.at).toBeGreaterThan(best.seconds * 1000 - 100);
    expect(log[0]!.at).toBeLessThan(worst.seconds * 1000 + 100);
    expect(log[0]!.outcome).toMatchObject({ result: 'succeeded' });
  });

  test('reports a downtime within the limit and what a switch-over takes', () => {
    const { clock, log, migrate } = lab();
    migrate();
    clock.runUntilIdle();
    const outcome = log[0]!.outcome!;
    if (outcome.result !== 'succeeded') throw new Error('it must succeed');
    expect(outcome.downtimeMs).toBeGreaterThan(30);
    expect(outcome.downtimeMs).toBeLessThan(340);
    expect(outcome.bytes).toBeGreaterThan(3 * GIB);
  });

  test('answers with the final state afterwards', () => {
    const { clock, log, migrate } = lab();
    const running = migrate();
    clock.runUntilIdle();
    const final = running.progress();
    expect(final.remainingBytes).toBe(0);
    expect(final.elapsedMs).toBeCloseTo(log[0]!.at, -1);
    clock.advanceBy(60_000);
    expect(running.progress()).toEqual(final);
    expect(running.abort('late')).toBe(false);
    running.fail('late');
    clock.runUntilIdle();
    expect(log).toHaveLength(1);
  });

  test('copies disks first, over one connection', () => {
    const { clock, log, migrate } = lab({ nicSpeed: 10e9 });
    const running = migrate({ diskBytes: 30e9 });
    clock.advanceBy(50_000);
    expect(running.progress()).toMatchObject({ iteration: 0, totalBytes: 30e9 + 4 * GIB });
    expect(running.progress().processedBytes).toBeLessThanOrEqual(50 * 300e6);
    clock.runUntilIdle();
    expect(log[0]!.at).toBeGreaterThan(100_000);
    expect(log[0]!.at).toBeLessThan(110_000);
  });

  test('a limit lowers what fits the downtime: a hot set that converges at the line does not under it', () => {
    const hot = { size: GIB, zero: 0, classes: [{ size: 80 * MIB, writesPerSecond: 50 }] };
    const outcomes = [0, 100e6].map((bandwidthLimit) => {
      const { clock, log, migrate } = lab();
      migrate({ guest: hot, bandwidthLimit });
      clock.runUntilIdle();
      return log.at(-1)!.outcome!.result;
    });
    expect(outcomes).toEqual(['succeeded', 'failed']);
  });

  test('the last copy is not held back by the limit', () => {
    const { clock, log, migrate } = lab();
    migrate({
      guest: { size: GIB, zero: 0, classes: [{ size: 20 * MIB, writesPerSecond: 50 }] },
      bandwidthLimit: 100e6,
    });
    clock.runUntilIdle();
    // 20 MiB take 210 ms at the limit, 17 ms at the line.
    expect(log[0]!.outcome).toMatchObject({ result: 'succeeded', downtimeMs: expect.toSatisfy((ms) => ms < 60) });
  });

  test('a guest that was paused before converges in two passes', () => {
    const { clock, log, migrate } = lab();
    const running = migrate({ ...slow, paused: true });
    clock.runUntilIdle();
    expect(log).toEqual([
      { at: expect.any(Number), id: 'm1', outcome: expect.objectContaining({ result: 'succeeded' }) },
    ]);
    expect(running.progress().iteration).toBeLessThanOrEqual(3);
  });
});

describe('what does not converge', () => {
  test('is given up at acceptableCompletionTime with the text of KubeVirt', () => {
    const { clock, log, migrate } = lab();
    const running = migrate(slow);
    clock.runUntilIdle();
    expect(log).toEqual([
      {
        // The first poll of second 751, and the cancel.
        at: expect.closeTo(751_200 + 27, 0),
        id: 'm1',
        outcome: {
          result: 'failed',
          reason: 'Live migration is not completed after 750 seconds and has been aborted',
          abortStatus: 'Succeeded',
        },
      },
    ]);
    // All that was sent is wasted.
    expect(running.progress().processedBytes).toBeGreaterThan(700 * 95e6);
  });

  test('has the text of v1.9 in a lab of that version', () => {
    const { clock, log, migrate } = lab({ world: { failureReasons: failureReasonsV1_9 } });
    migrate(slow);
    clock.runUntilIdle();
    expect(log[0]!.outcome).toMatchObject({ reason: 'Live migration has been aborted' });
  });

  test('switches to post-copy where that is allowed, and completes at the speed of the line', () => {
    const { clock, log, migrate } = lab();
    const running = migrate({ ...slow, monitor: { allowPostCopy: true, allowWorkloadDisruption: true } });
    clock.advanceBy(751_300);
    expect(log).toEqual([{ at: expect.closeTo(751_200, 0), id: 'm1', mode: 'PostCopy' }]);
    expect(running.progress()).toMatchObject({ mode: 'PostCopy' });
    expect(running.abort('too late')).toBe(false);
    clock.runUntilIdle();
    expect(log[1]!.outcome).toMatchObject({ result: 'succeeded', downtimeMs: 32 });
    // At most the whole hot set, at 1.25 GB/s.
    expect(log[1]!.at - log[0]!.at).toBeLessThan(2000);
  });

  test('pauses the guest where only disruption is allowed, and completes with a long downtime', () => {
    const { clock, log, migrate } = lab();
    migrate({ ...slow, monitor: { allowWorkloadDisruption: true } });
    clock.runUntilIdle();
    expect(log.map(({ mode }) => mode)).toEqual(['Paused', undefined]);
    const [paused, done] = log;
    expect(paused!.at).toBeCloseTo(751_200, 0);
    const outcome = done!.outcome!;
    if (outcome.result !== 'succeeded') throw new Error('it must succeed');
    expect(outcome.downtimeMs).toBeCloseTo(done!.at - paused!.at, -1);
    // What is left of the round, and 2 GiB written once more, at 100 MB/s.
    expect(outcome.downtimeMs).toBeGreaterThan(20_000);
    expect(outcome.downtimeMs).toBeLessThan(44_000);
  });

  test('is given up at twice the time if pausing does not help: the link is almost gone', () => {
    const { clock, log, network, migrate } = lab();
    migrate({ ...slow, monitor: { allowWorkloadDisruption: true } });
    clock.advanceBy(751_300);
    network.setLinkSpeed('n1', 1e6);
    clock.runUntilIdle();
    expect(log[1]).toMatchObject({
      at: expect.closeTo(1_501_200 + 27, 0),
      outcome: { reason: 'Live migration is not completed after 1500 seconds and has been aborted' },
    });
  });

  test('post-copy is refused while disks travel, and begins with the memory', () => {
    const { clock, log, migrate } = lab();
    migrate({
      diskBytes: 30e9,
      guest: busy,
      monitor: { completionTimeout: 10, allowPostCopy: true, allowWorkloadDisruption: true },
    });
    clock.runUntilIdle();
    expect(log[0]!.mode).toBe('PostCopy');
    expect(log[0]!.at).toBeGreaterThan(100_000);
    expect(log[1]!.outcome).toMatchObject({ result: 'succeeded' });
  });

  test('and is watched by nobody, leaves the clock idle', () => {
    const { clock, log, migrate } = lab();
    const running = migrate({ ...slow, monitor: { completionTimeout: 0, progressTimeout: 0 } });
    clock.runUntilIdle();
    expect(log).toEqual([]);
    clock.advanceBy(3_600_000);
    expect(running.progress().processedBytes).toBeGreaterThan(3600 * 95e6);
    expect(running.abort('enough')).toBe(true);
    clock.runUntilIdle();
    expect(log).toHaveLength(1);
  });

  test('auto-converge slows the guest until it fits', () => {
    const { clock, log, migrate } = lab();
    migrate({ ...slow, autoConverge: true });
    clock.runUntilIdle();
    expect(log[0]!.outcome).toMatchObject({ result: 'succeeded' });
  });
});

describe('what goes wrong', () => {
  test('a link that goes down for good: stuck, with the text of KubeVirt', () => {
    const { clock, log, network, migrate } = lab();
    const running = migrate({ bandwidthLimit: 100e6 });
    clock.advanceBy(10_100);
    network.setLinkSpeed('n2', 0);
    const before = running.progress();
    clock.advanceBy(100_000);
    expect(running.progress()).toEqual({ ...before, elapsedMs: before.elapsedMs + 100_000, transferRate: 0 });
    clock.runUntilIdle();
    expect(log[0]).toMatchObject({
      // The last progress is seen at 10.4 s; the first poll of the 151st second after it is at 161.6 s.
      at: expect.closeTo(161_600 + 27, 0),
      outcome: { reason: 'Live migration stuck for 151 seconds and has been aborted', abortStatus: 'Succeeded' },
    });
  });

  test('a link that comes back in time: the migration goes on', () => {
    const { clock, log, network, migrate } = lab();
    migrate();
    clock.advanceBy(1000);
    network.setLinkSpeed('n2', 0);
    clock.advanceBy(140_000);
    network.setLinkSpeed('n2', 1.25e9);
    clock.runUntilIdle();
    expect(log[0]!.outcome).toMatchObject({ result: 'succeeded' });
    expect(log[0]!.at).toBeGreaterThan(141_000);
    expect(log[0]!.at).toBeLessThan(147_000);
  });

  test('an abort in pre-copy wastes what was sent, and says so once', () => {
    const { clock, log, migrate } = lab();
    const running = migrate();
    clock.advanceBy(1500);
    const { processedBytes } = running.progress();
    expect(processedBytes).toBeGreaterThan(1e9);
    expect(running.abort('Live migration aborted ')).toBe(true);
    expect(running.abort('again')).toBe(true);
    running.fail('and again');
    clock.runUntilIdle();
    expect(log.length).toBe(1);
    expect(running.progress().processedBytes).toBe(processedBytes);
  });

  test('an abort tells its reason and that it succeeded', () => {
    const { clock, log, migrate } = lab();
    const running = migrate();
    clock.advanceBy(1500);
    running.abort('Live migration aborted ');
    clock.runUntilIdle();
    expect(log).toEqual([
      {
        at: 1527,
        id: 'm1',
        outcome: { result: 'failed', reason: 'Live migration aborted ', abortStatus: 'Succeeded' },
      },
    ]);
  });

  test('a broken connection fails it at once, without an abort status', () => {
    const { clock, log, migrate } = lab();
    const running = migrate();
    clock.advanceBy(700);
    running.fail('Target pod is down');
    expect(log).toEqual([]);
    clock.runUntilIdle();
    expect(log).toEqual([{ at: 700, id: 'm1', outcome: { result: 'failed', reason: 'Target pod is down' } }]);
  });
});

describe('several migrations', () => {
  const idle = { guest: { size: 4 * GIB, zero: 0, classes: [] } };
  const alone = (4 * GIB) / 1.25e9;

  test('two over one link take twice as long', () => {
    const { clock, log, migrate } = lab();
    migrate({ ...idle, id: 'a' });
    migrate({ ...idle, id: 'b', target: 'n3' });
    clock.runUntilIdle();
    for (const { at } of log) {
      expect(at / 1000).toBeGreaterThan(2 * alone);
      expect(at / 1000).toBeLessThan(2.15 * alone);
    }
  });

  test('one that joins half-way slows the first from then on', () => {
    const { clock, log, migrate } = lab();
    migrate({ ...idle, id: 'a' });
    clock.advanceBy((alone / 2) * 1000);
    migrate({ ...idle, id: 'b' });
    clock.runUntilIdle();
    const seconds = Object.fromEntries(log.map(({ id, at }) => [id, at / 1000]));
    // Half alone, half at half speed; the second then has the line for its last half.
    expect(seconds['a']).toBeGreaterThan(1.5 * alone);
    expect(seconds['a']).toBeLessThan(1.65 * alone);
    expect(seconds['b']).toBeGreaterThan(2 * alone);
    expect(seconds['b']).toBeLessThan(2.2 * alone);
  });

  test('sharing can keep from converging what converges alone', () => {
    const hot = { size: 4 * GIB, zero: 0, classes: [{ size: 300 * MIB, writesPerSecond: 20 }] };
    const results = [1, 4].map((count) => {
      const { clock, log, migrate } = lab();
      for (let index = 0; index < count; index++) migrate({ guest: hot, id: `m${index}` });
      clock.runUntilIdle(60_000);
      return log.length;
    });
    expect(results).toEqual([1, 0]);
  });
});

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
    const { at } = world.clock;
    world.clock.at = (when, callback, options) =>
      at.call(
        world.clock,
        when,
        () => {
          events++;
          callback();
        },
        options,
      );
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
