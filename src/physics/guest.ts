import { PAGE } from './constants.ts';

/** How a guest uses its memory, as far as a migration cares. All sizes in bytes, rates in bytes per second. */
export interface GuestMemory {
  /** Guest RAM. */
  size: number;
  /** RAM that has never been written (sent as zero pages). */
  zero: number;
  /** Classes of written memory; the rest of the RAM is cold. */
  classes: { size: number /** Rewrites per second of each page of the class (lambda). */; writesPerSecond: number }[];
}

/** The guest's pages by class: zero, cold, then the written classes. Page counts may be fractional. */
export interface PageClasses {
  readonly pages: readonly number[];
  readonly writesPerSecond: readonly number[];
  readonly total: number;
}

/** Index of the zero pages in PageClasses. */
export const ZERO_CLASS = 0;

/** The guest's memory as pages by class. Throws a RangeError when the parts are negative or exceed the whole. */
export function pageClasses(memory: GuestMemory): PageClasses {
  const written = memory.classes.reduce((sum, { size }) => sum + size, 0);
  const cold = memory.size - memory.zero - written;
  const parts = [memory.size, memory.zero, ...memory.classes.flatMap((each) => [each.size, each.writesPerSecond])];
  if (parts.some((part) => !(part >= 0)) || cold < 0) {
    throw new RangeError(`memory of ${memory.size} bytes cannot hold ${memory.zero} zero and ${written} written bytes`);
  }
  return {
    pages: [memory.zero / PAGE, cold / PAGE, ...memory.classes.map(({ size }) => size / PAGE)],
    writesPerSecond: [0, 0, ...memory.classes.map(({ writesPerSecond }) => writesPerSecond)],
    total: memory.size / PAGE,
  };
}
