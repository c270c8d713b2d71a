/**
 * How likely a page is written while it could be seen: facts/physics.md A.4. QEMU write-protects the pages of a chunk
 * when the chunk is first sent in a round, not at the sync, so a page that was in the round's set is exposed only from
 * then on; a page that was not in the set is exposed for the whole round.
 *
 * A.4 gives the formula for a sweep that starts at a chunk's first page and covers all the RAM. Near the end of a
 * migration a sweep covers only a part of it, from wherever the last one stopped, so this is the same rule for a sweep
 * of any start and length.
 */

/** Where in a chunk a sweep may start; the average over these stands for the unknown phase. */
const PHASES = [1 / 8, 3 / 8, 5 / 8, 7 / 8];

/** The chance that a page outside the round's set is written within `exposure` mean writes. */
export function writtenOutside(exposure: number): number {
  return -Math.expm1(-exposure);
}

/**
 * The chance that a page sent in the round is written after its chunk was protected.
 * @param exposure mean writes to the page in the whole round (rate times duration)
 * @param chunks the guest's RAM in chunks
 * @param share the part of the RAM that the round swept
 * @param start the sweep's start within a chunk, or undefined if unknown
 */
export function writtenAfterSending(exposure: number, chunks: number, share: number, start?: number): number {
  if (exposure === 0) return 0;
  const swept = chunks * share;
  if (chunks <= 1) return writtenOutside(exposure);
  if (start !== undefined) return 1 - untouched(exposure, chunks, swept, start);
  const sum = PHASES.reduce((total, phase) => total + untouched(exposure, chunks, swept, phase), 0);
  return 1 - sum / PHASES.length;
}

/** Mean chance over the swept pages of no write; `chunks` and `swept` in chunks, `start` in [0, 1). */
function untouched(exposure: number, chunks: number, swept: number, start: number): number {
  // Pages of the chunk where the sweep began, protected at once: before its end, and again when the sweep comes round.
  const first = Math.min(swept, 1 - start);
  const around = Math.max(0, swept - (chunks - start));
  const rest = swept - first - around;
  let sum = (first + around) * Math.exp(-exposure);
  if (rest > 0) {
    const whole = Math.floor(rest + 1e-9);
    const step = exposure / swept;
    // Chunk m after the first is protected at (first + m) / swept of the round; the last whole one leads the sum.
    if (whole > 0) {
      const last = Math.exp(-exposure + step * (first + whole - 1));
      sum += last * (step === 0 ? whole : Math.expm1(-step * whole) / Math.expm1(-step));
    }
    sum += Math.max(0, rest - whole) * Math.exp(-exposure + step * (first + whole));
  }
  return sum / swept;
}
