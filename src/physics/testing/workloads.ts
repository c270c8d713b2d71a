import * as fc from 'fast-check';
import type { Bandwidth, PrecopyOrder } from '../precopy.ts';

/** A stationary guest and its link: two written classes, a part of zero pages, one pass of 0.3 to 8 s. */
export interface Workload {
  order: PrecopyOrder & { clearChunk: number };
  bandwidth: Bandwidth;
  seed: number;
}

const MIB = 2 ** 20;
const STEPS = 1e6;
/** Uniform; fast-check's own doubles crowd around zero. */
const double = (min: number, max: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min: 0, max: STEPS })).map((step) => min + ((max - min) * step) / STEPS);

export const workloads: fc.Arbitrary<Workload> = fc
  .record({
    size: fc.constantFrom(64, 128, 256).map((mib) => mib * MIB),
    zero: double(0, 0.5),
    hot: double(0.001, 0.15),
    warm: double(0, 0.2),
    hotWrites: double(-0.5, 2).map((power) => 10 ** power),
    warmWrites: double(-2.5, 0).map((power) => 10 ** power),
    pass: double(0.3, 8),
    limit: fc.option(double(0.2, 0.95), { nil: undefined }),
    // Guests are small so that the reference is quick; the chunks are scaled with them, up to those of a 16 GiB guest.
    chunks: fc.constantFrom(0.5, 1, 2, 4, 8, 16),
    downtimeLimit: fc.constantFrom(0.1, 0.3, 0.5),
    autoConverge: fc.constant(false),
    seed: fc.integer({ min: 1, max: 1e9 }),
  })
  .map((raw) => {
    const { size } = raw;
    const line = size / raw.pass;
    return {
      order: {
        memory: {
          size,
          zero: size * raw.zero,
          classes: [
            { size: size * raw.hot, writesPerSecond: raw.hotWrites },
            { size: size * raw.warm, writesPerSecond: raw.warmWrites },
          ],
        },
        downtimeLimit: raw.downtimeLimit,
        connections: 1,
        autoConverge: raw.autoConverge,
        clearChunk: size / raw.chunks,
      },
      bandwidth: { line, limit: raw.limit === undefined ? Infinity : line * raw.limit },
      seed: raw.seed,
    };
  });
