import { writtenAfterSending, writtenOutside } from './exposure.ts';
import type { PageClasses } from './guest.ts';

/** A stretch of RAM: its share of the whole, and how many pages of each class are dirty in it. */
interface Stretch {
  share: number;
  dirty: number[];
}

/**
 * QEMU's dirty bitmap as the sweep sees it. The sweep goes through the RAM in a circle and keeps its position over the
 * rounds, so what a round left unsent is the first thing the next one sends, and what was just sent comes last. The
 * circle is a queue of stretches from the sweep's position on; within a stretch the dirty pages are spread evenly.
 */
export interface Bitmap {
  queue: Stretch[];
  /** What the sweep has passed since the last sync; `dirty` is what it found there. */
  swept: Stretch;
  /** Dirty pages ahead of the sweep. */
  pages: number;
}

/** All pages dirty: the beginning of a migration. */
export function fullBitmap(classes: PageClasses): Bitmap {
  return {
    queue: [{ share: 1, dirty: [...classes.pages] }],
    swept: { share: 0, dirty: classes.pages.map(() => 0) },
    pages: classes.total,
  };
}

export function cloneBitmap({ queue, swept, pages }: Bitmap): Bitmap {
  return { queue: queue.map(cloneStretch), swept: cloneStretch(swept), pages };
}

function cloneStretch({ share, dirty }: Stretch): Stretch {
  return { share, dirty: [...dirty] };
}

/** Dirty pages of a class. */
export function pagesOf(bitmap: Bitmap, index: number): number {
  return bitmap.queue.reduce((total, { dirty }) => total + (dirty[index] ?? 0), 0);
}

/** Dirty pages in the stretch that the sweep is in, and the share of them that belongs to a class. */
export function ahead(bitmap: Bitmap, index: number): { pages: number; part: number } {
  const head = bitmap.queue[0];
  const pages = head === undefined ? 0 : sum(head.dirty);
  return { pages, part: pages > 0 ? (head?.dirty[index] ?? 0) / pages : 0 };
}

/** Sends `pages` pages, at most those of the stretch that the sweep is in. */
export function sweep(bitmap: Bitmap, pages: number): void {
  const head = bitmap.queue[0];
  if (head === undefined) return;
  const inHead = sum(head.dirty);
  // A rounding error must not leave a stretch with next to nothing in it.
  const part = pages >= inHead * (1 - 1e-12) ? 1 : pages / inHead;
  bitmap.swept.share += head.share * part;
  head.dirty.forEach((dirty, index) => {
    bitmap.swept.dirty[index] = (bitmap.swept.dirty[index] ?? 0) + dirty * part;
  });
  if (part < 1) {
    head.share *= 1 - part;
    head.dirty = head.dirty.map((dirty) => dirty * (1 - part));
    bitmap.pages -= pages;
    return;
  }
  bitmap.queue.shift();
  bitmap.pages = bitmap.queue.reduce((total, stretch) => total + sum(stretch.dirty), 0);
}

/**
 * Takes in what was written since the last sync, during `seconds` of the guest's running (facts/physics.md A.4, A.5).
 * @param chunks the RAM in chunks that are write-protected together
 * @param start where in its chunk the sweep began, or undefined if unknown
 * @returns the number of pages newly dirty
 */
export function syncBitmap(
  bitmap: Bitmap,
  classes: PageClasses,
  { seconds, chunks, start }: { seconds: number; chunks: number; start?: number | undefined },
): number {
  const exposures = classes.writesPerSecond.map((rate) => rate * seconds);
  const outside = exposures.map(writtenOutside);
  const before = bitmap.pages;
  for (const { share, dirty } of bitmap.queue) {
    outside.forEach((chance, index) => {
      const held = dirty[index] ?? 0;
      dirty[index] = held + Math.max(0, share * (classes.pages[index] ?? 0) - held) * chance;
    });
  }
  const { swept } = bitmap;
  if (swept.share > 0) {
    swept.dirty = swept.dirty.map((sent, index) => {
      const again = sent * writtenAfterSending(exposures[index] ?? 0, chunks, swept.share, start);
      return again + Math.max(0, swept.share * (classes.pages[index] ?? 0) - sent) * (outside[index] ?? 0);
    });
    bitmap.queue.push(swept);
    bitmap.swept = { share: 0, dirty: classes.pages.map(() => 0) };
  }
  bitmap.pages = bitmap.queue.reduce((total, stretch) => total + sum(stretch.dirty), 0);
  return Math.max(0, bitmap.pages - before);
}

/** Whether two bitmaps are alike up to `tolerance` pages, seen from the sweep's position. */
export function alike(a: Bitmap, b: Bitmap, tolerance: number): boolean {
  return (
    a.queue.length === b.queue.length &&
    a.queue.every((stretch, position) =>
      stretch.dirty.every((pages, index) => Math.abs(pages - (b.queue[position]?.dirty[index] ?? 0)) < tolerance),
    )
  );
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
