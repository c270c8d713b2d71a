import { ApiError, ConnectionError, type KubeError } from './errors.ts';

/** What may be repeated depends on what is asked. */
export interface Repeatable {
  method: string;
  path: string;
  /** Carrying it out twice has the effect of once. */
  idempotent: boolean;
}

/** Tries in all, the first included. */
export const maxTries = 6;
const baseDelay = 100;
const maxDelay = 5_000;
/** A server that asks for a longer pause than this gets its answer reported instead of obeyed. */
const longestPause = 30_000;

/** Exponential, with the upper half at random, so that clients that failed together do not return together. Ms. */
export function backoff(attempt: number, random: () => number): number {
  const full = Math.min(maxDelay, baseDelay * 2 ** Math.min(attempt, 20));
  return full / 2 + (full / 2) * random();
}

/** Milliseconds that a Retry-After header (seconds or a date) asks to wait; undefined when there is none. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Milliseconds to wait before a failed request is tried again; undefined when its failure is the answer.
 * `tries`: how often it was tried so far. `answered`: this server has answered before; one that never has is a wrong
 * address rather than a restart.
 */
export function retryDelay(
  error: KubeError,
  request: Repeatable,
  { tries, answered, random }: { tries: number; answered: boolean; random: () => number },
): number | undefined {
  if (tries >= maxTries) return undefined;
  const pause = backoff(tries - 1, random);
  if (error instanceof ConnectionError) {
    if (error.code === 'MALFORMED') return undefined;
    if (error.maybeSent) return request.idempotent ? pause : undefined;
    return answered ? pause : undefined;
  }
  if (!(error instanceof ApiError) || !mayRepeat(error, request)) return undefined;
  if (error.retryAfter === undefined) return pause;
  // The jitter comes on top: never earlier than the server asked.
  return error.retryAfter > longestPause ? undefined : error.retryAfter + pause;
}

function mayRepeat(error: ApiError, request: Repeatable): boolean {
  switch (error.status) {
    case 429:
      // Evictions are refused with 429 by disruption budgets and webhooks: that is the answer (facts/kubevirt.md B4).
      if (request.path.endsWith('/eviction') || error.message.includes('admission webhook')) return false;
      // Priority and fairness turns requests away before they are begun, and always says Retry-After.
      return error.retryAfter !== undefined || request.method === 'GET';
    case 500:
    case 502:
    case 503:
    case 504:
      return request.idempotent;
    default:
      return false;
  }
}
