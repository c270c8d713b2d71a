/**
 * A seeded source of randomness. `fork` gives an independent stream by name, so that one part of the lab drawing
 * more or fewer numbers does not change what another part sees.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [low, high]. */
  int(low: number, high: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** A random name suffix as Kubernetes's generateName makes them. */
  suffix(length?: number): string;
  uuid(): string;
  fork(name: string): Random;
}

// k8s.io/apimachinery/pkg/util/rand: no vowels, and no digits that look like letters.
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** mulberry32 over an FNV-1a hash of the seed. */
export function random(seed: string | number): Random {
  let state = hash(String(seed));
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  const chars = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
  return {
    next,
    int,
    pick,
    between: (low, high) => low + next() * (high - low),
    suffix: (length = 5) => chars(SUFFIX_ALPHABET, length),
    uuid: () => {
      const hex = chars('0123456789abcdef', 30);
      const variant = '89ab'[int(0, 3)];
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18)}`;
    },
    fork: (name) => random(`${seed}/${name}`),
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value | 0;
}
