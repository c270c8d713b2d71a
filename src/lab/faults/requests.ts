import type { Incoming, Interference } from '../api/interference.ts';
import type { Random } from '../random.ts';
import type { Stop } from './fault.ts';

/** What faults do to requests to the API server. */
export interface RequestRules {
  /** From now on `rule` is asked about every request, until it is stopped. Of several, the first that says something counts. */
  add(rule: (request: Incoming) => Interference | undefined): Stop;
  /** For the API server. The lab's own paths are left alone. */
  interfere: (request: Incoming) => Interference | undefined;
}

/** Parameters of faults that befall requests. */
export const which = { rate: { default: '1' }, verb: 'optional', resource: 'optional' } as const;

export function requestRules(control: string): RequestRules {
  const rules = new Set<(request: Incoming) => Interference | undefined>();
  return {
    add: (rule) => {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    interfere: (request) => {
      if (request.path.startsWith(`${control}/`)) return undefined;
      for (const rule of rules) {
        const befalls = rule(request);
        if (befalls !== undefined) return befalls;
      }
      return undefined;
    },
  };
}

/** Picks the requests that a fault befalls. */
export function picker(
  given: { rate: number; verb?: string; resource?: string },
  random: Random,
): (request: Incoming) => boolean {
  const { rate, verb, resource } = given;
  return (request) => {
    if (verb !== undefined && request.verb !== verb) return false;
    if (resource !== undefined && request.resource !== resource) return false;
    return rate >= 1 || random.next() < rate;
  };
}
