import type { Clock } from '../clock.ts';

/** The API server's clock: the lab's, unless it is wrong. */
export interface ApiClock {
  clock: Clock;
  /** How far it is ahead, ms. */
  ahead: number;
}

export function apiClockOf(clock: Clock): ApiClock {
  const own: ApiClock = {
    ahead: 0,
    clock: new Proxy(clock, {
      get: (real, property) => {
        if (property === 'now') return () => real.now() + own.ahead;
        if (property === 'iso') return () => new Date(real.now() + own.ahead).toISOString();
        const value: unknown = Reflect.get(real, property, real);
        return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(real) : value;
      },
    }),
  };
  return own;
}
