import { describe, expect, test } from 'vitest';
import { versionOf } from '../../model/versions/index.ts';
import { predict } from '../../physics/predict.ts';
import { busy, GIB, lab, MIB, orderOf, slow } from './testing.ts';

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
    const { clock, log, migrate } = lab({ world: { version: versionOf('next')! } });
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
