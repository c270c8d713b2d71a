/** The word that was probably meant: the same but for case, dashes and underscores, or one or two letters off. */
export function misspelt(word: string, known: readonly string[]): string | undefined {
  const bare = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const same = known.find((one) => bare(one) === bare(word));
  if (same !== undefined) return same;
  const most = word.length <= 4 ? 1 : 2;
  const near = known
    .map((one) => ({ one, distance: distance(bare(one), bare(word)) }))
    .filter((each) => each.distance <= most)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.one;
}

/** Letters to add, drop, exchange, or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, exchanged, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
