import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAGE_ON_WIRE, WINDOW } from './constants.ts';
import { type Prediction, predict } from './predict.ts';
import { type Workload, workloads } from './testing/workloads.ts';

const GIB = 2 ** 30;
const runs = { numRuns: 1000, seed: 5 };

const converged = (prediction: Prediction): Extract<Prediction, { converges: true }> => {
  if (!prediction.converges) throw new Error(`does not converge: ${JSON.stringify(prediction)}`);
  return prediction;
};

const predictOf = ({ order, bandwidth }: Workload): Prediction => predict({ ...order, diskBytes: 0 }, bandwidth);
const withWrites = (workload: Workload, factor: number): Workload => {
  const { memory } = workload.order;
  const classes = memory.classes.map(({ size, writesPerSecond }) => ({
    size,
    writesPerSecond: writesPerSecond * factor,
  }));
  return { ...workload, order: { ...workload.order, memory: { ...memory, classes } } };
};
const withBandwidth = (workload: Workload, factor: number): Workload => ({
  ...workload,
  bandwidth: { line: workload.bandwidth.line * factor, limit: workload.bandwidth.limit * factor },
});
/** Infinity for what does not converge. */
const seconds = (prediction: Prediction): number => (prediction.converges ? prediction.seconds : Infinity);
const bytes = (prediction: Prediction): number => (prediction.converges ? prediction.bytes : Infinity);
const factor = fc.double({ min: 1.01, max: 4, noNaN: true });

describe('what always holds of a prediction', () => {
  test('at least the memory that is not zero is sent', () => {
    fc.assert(
      fc.property(workloads, fc.boolean(), (workload, autoConverge) => {
        const { memory } = workload.order;
        const order = { ...workload.order, autoConverge };
        expect(bytes(predictOf({ ...workload, order }))).toBeGreaterThanOrEqual(memory.size - memory.zero);
      }),
      runs,
    );
  });

  test('more writes never make it shorter by more than a window, nor send less by more than a window carries', () => {
    fc.assert(
      fc.property(workloads, factor, (workload, more) => {
        const few = predictOf(workload);
        const many = predictOf(withWrites(workload, more));
        const rate = Math.min(workload.bandwidth.line, workload.bandwidth.limit);
        expect(seconds(many)).toBeGreaterThanOrEqual(seconds(few) - WINDOW);
        expect(bytes(many)).toBeGreaterThanOrEqual(bytes(few) - rate * WINDOW);
      }),
      runs,
    );
  });

  test('more bandwidth never makes it longer by more than a window, nor send more by more than a window carries', () => {
    fc.assert(
      fc.property(workloads, factor, (workload, more) => {
        const slow = predictOf(workload);
        const quick = predictOf(withBandwidth(workload, more));
        const rate = Math.min(workload.bandwidth.line, workload.bandwidth.limit) * more;
        expect(seconds(quick)).toBeLessThanOrEqual(seconds(slow) + WINDOW);
        expect(bytes(quick)).toBeLessThanOrEqual(bytes(slow) + rate * WINDOW);
      }),
      runs,
    );
  });

  test('without writes it takes its bytes over the bandwidth, within one window', () => {
    fc.assert(
      fc.property(workloads, (workload) => {
        const { memory } = workload.order;
        const order = { ...workload.order, memory: { ...memory, zero: 0 } };
        const idle = converged(predictOf(withWrites({ ...workload, order }, 0)));
        const rate = Math.min(workload.bandwidth.line, workload.bandwidth.limit);
        const sent = (memory.size / 4096) * PAGE_ON_WIRE;
        expect(idle.bytes).toBeCloseTo(sent, -1);
        expect(idle.seconds).toBeLessThanOrEqual(sent / rate + WINDOW);
        // The rest within the downtime limit goes out at the line's rate.
        const last = rate * workload.order.downtimeLimit;
        expect(idle.seconds).toBeGreaterThanOrEqual((sent - last) / rate + last / workload.bandwidth.line - WINDOW);
      }),
      runs,
    );
  });

  test('the downtime of what converges is its limit at most, and what a guest takes that has none', () => {
    fc.assert(
      fc.property(workloads, (workload) => {
        const prediction = predictOf(workload);
        if (prediction.converges) {
          expect(prediction.downtime).toBeLessThanOrEqual(workload.order.downtimeLimit * 1.003 + 0.031);
        }
      }),
      runs,
    );
  });
});

describe('cases', () => {
  const guest = (size: number, hot: number, writesPerSecond: number) => ({
    memory: { size, zero: 0, classes: [{ size: hot, writesPerSecond }] },
    diskBytes: 0,
    downtimeLimit: 0.3,
    connections: 1,
    autoConverge: false,
  });

  test.each([
    ['a hot set above what a cap lets through in the downtime limit', 32, 100e6, false],
    ['a hot set below it', 24, 100e6, true],
    ['the same hot set without the cap', 32, Infinity, true],
  ])('%s', (_name, hotMib, limit, converges) => {
    const prediction = predict(guest(GIB / 2, hotMib * 2 ** 20, 50), { line: 1e9, limit });
    expect(prediction.converges).toBe(converges);
  });

  test('what does not converge says what stays dirty and what would have been low enough', () => {
    const prediction = predict(guest(GIB / 2, 32 * 2 ** 20, 50), { line: 1e9, limit: 100e6 });
    if (prediction.converges) throw new Error('it converges');
    expect(prediction.threshold).toBe(30e6);
    expect(prediction.remaining).toBeGreaterThan(30e6);
    expect(prediction.remaining).toBeLessThanOrEqual(32 * 2 ** 20);
    expect(prediction.rate).toBe(100e6);
  });

  test('auto-converge makes it converge, later', () => {
    const order = { ...guest(GIB / 2, 64 * 2 ** 20, 3), autoConverge: true };
    const bandwidth = { line: 100e6, limit: Infinity };
    expect(predict({ ...order, autoConverge: false }, bandwidth).converges).toBe(false);
    expect(seconds(predict(order, bandwidth))).toBeGreaterThan(5);
  });

  test('multifd packets cost 10.5 bytes a page', () => {
    const prediction = converged(predict({ ...guest(GIB, 0, 0), connections: 8 }, { line: 1e9, limit: Infinity }));
    expect(prediction.bytes).toBeCloseTo(2 ** 18 * (4096 + 10.5), -1);
  });

  test('a zero page costs nine bytes and the time to look at it', () => {
    const empty = { ...guest(GIB, 0, 0), memory: { size: GIB, zero: GIB, classes: [] } };
    const prediction = converged(predict(empty, { line: 1e9, limit: Infinity }));
    expect(prediction.bytes).toBeCloseTo(2 ** 18 * 9, 0);
    expect(prediction.seconds).toBeCloseTo(2 ** 18 * 4.3e-6, 0);
  });

  test('disks travel first, at the limit', () => {
    const bare = guest(GIB, 0, 0);
    const bandwidth = { line: 1e9, limit: 100e6 };
    const difference = seconds(predict({ ...bare, diskBytes: 5e9 }, bandwidth)) - seconds(predict(bare, bandwidth));
    expect(difference).toBeCloseTo(50, 6);
  });

  test('a TiB at 100 Gb/s takes its memory over the line', () => {
    const order = { ...guest(1024 * GIB, 8 * GIB, 0.2), connections: 8 };
    const prediction = converged(predict(order, { line: 12.5e9, limit: Infinity }));
    expect(prediction.seconds).toBeGreaterThan((1024 * GIB) / 12.5e9);
    expect(prediction.seconds).toBeLessThan(1.05 * ((1024 * GIB) / 12.5e9));
  });

  test('a link that is down is never enough', () => {
    expect(predict(guest(GIB, 0, 0), { line: 0, limit: Infinity }).converges).toBe(false);
  });

  test('memory whose parts exceed the whole is refused', () => {
    expect(() => predict(guest(GIB, 2 * GIB, 1), { line: 1e9, limit: Infinity })).toThrow(RangeError);
  });
});
