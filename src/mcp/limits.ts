import { rateLimit } from './rate-limit.ts';

/** Identities that are remembered; one that was forgotten starts afresh. */
const REMEMBERED = 1000;

export interface Allowance {
  /** Requests at once, and a second from then on. */
  burst: number;
  perSecond: number;
  /** Requests and streams that may be open. */
  open: number;
}

interface Use {
  mayPass: () => boolean;
  open: number;
}

/**
 * Keeps one caller from using up what is there for all. Takes who calls; gives what to call when the request has ended,
 * or undefined for one too many. `now` in ms, monotonic.
 */
export function fairUse(allowance: Allowance, now: () => number): (subject: string) => (() => void) | undefined {
  const uses = new Map<string, Use>();
  return (subject) => {
    const use = uses.get(subject) ?? { mayPass: rateLimit(allowance, now), open: 0 };
    // The one that called last stands last.
    uses.delete(subject);
    uses.set(subject, use);
    if (uses.size > REMEMBERED) forget(uses);
    if (use.open >= allowance.open || !use.mayPass()) return undefined;
    use.open += 1;
    return () => {
      use.open -= 1;
    };
  };
}

function forget(uses: Map<string, Use>): void {
  for (const [subject, use] of uses) {
    if (use.open > 0) continue;
    uses.delete(subject);
    return;
  }
}
