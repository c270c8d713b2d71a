/** Something that wants bandwidth on several links at once. */
export interface Demand {
  /** Names of the links it uses, each once. */
  links: readonly string[];
  /** The most it can use, bytes per second; Infinity: no cap. */
  cap: number;
}

/**
 * Max-min fair rates, by progressive filling: all rates rise together, and a demand stops when it reaches its cap or
 * when one of its links is full. No rate can then be raised without lowering one that is not larger.
 * @param capacity bytes per second of each link; a link that is not named carries nothing
 */
export function maxMinRates(capacity: ReadonlyMap<string, number>, demands: readonly Demand[]): number[] {
  const rates = demands.map(() => 0);
  const left = new Map(capacity);
  const open = new Set(demands.keys());
  while (open.size > 0) {
    const users = new Map<string, number>();
    for (const index of open) for (const link of linksOf(demands, index)) users.set(link, (users.get(link) ?? 0) + 1);
    const level = (index: number): number => {
      const { links, cap } = demands[index] as Demand;
      return Math.min(
        cap,
        ...links.map((link) => (rates[index] ?? 0) + (left.get(link) ?? 0) / (users.get(link) ?? 1)),
      );
    };
    const levels = new Map([...open].map((index) => [index, level(index)]));
    const lowest = Math.min(...levels.values());
    for (const [index, reached] of levels) {
      const rate = Math.max(rates[index] ?? 0, lowest);
      for (const link of linksOf(demands, index)) {
        left.set(link, Math.max(0, (left.get(link) ?? 0) - (rate - (rates[index] ?? 0))));
      }
      rates[index] = rate;
      if (reached <= lowest * (1 + 1e-12)) open.delete(index);
    }
  }
  return rates;
}

function linksOf(demands: readonly Demand[], index: number): readonly string[] {
  return demands[index]?.links ?? [];
}
