const MINUTES: Record<string, number> = { h: 60, m: 1, s: 1 / 60 };

/** Minutes of a Go duration such as `48h0m0s`; undefined where there is none. */
export function minutesOf(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  let minutes = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)) {
    minutes += Number(amount) * (MINUTES[unit ?? ''] ?? 0);
  }
  return minutes;
}
