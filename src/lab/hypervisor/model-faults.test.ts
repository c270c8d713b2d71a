import { describe, expect, test } from 'vitest';
import { GIB, lab, MIB, slow } from './testing.ts';

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

  test('a link that changes just before the poll that gives up does not put it off', () => {
    const { clock, log, network, migrate } = lab();
    migrate(slow);
    clock.advanceBy(751_100);
    network.setLinkSpeed('n1', 1e9);
    clock.runUntilIdle();
    expect(log[0]!.at).toBeCloseTo(751_200 + 27, 0);
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

  test('post-copy has its fair share of a busy line, whatever the limit of the migration', () => {
    const { clock, log, migrate } = lab();
    const disruption = { allowPostCopy: true, allowWorkloadDisruption: true };
    const running = migrate({ ...slow, id: 'limited', monitor: disruption });
    clock.advanceBy(751_000);
    migrate({ ...idle, id: 'other' });
    clock.advanceBy(1000);
    expect(log).toEqual([{ at: expect.closeTo(751_200, 0), id: 'limited', mode: 'PostCopy' }]);
    expect(running.progress().transferRate).toBeGreaterThan(0.97 * (1.25e9 / 2));
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
