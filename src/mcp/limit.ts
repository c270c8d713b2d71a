import { FerryError } from '../model/errors.ts';

/** Longer than the longest reading of a large cluster. */
const TIMEOUT = 120_000;

/**
 * Does the work of one request: its signal aborts when the caller goes away or `ms` have passed. Throws FERRY_E_TIMEOUT
 * then, whatever the work threw.
 */
export async function limited<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  ms = TIMEOUT,
): Promise<T> {
  // Not AbortSignal.timeout: its timer, and what listens to it, would outlive the call by minutes.
  const end = new AbortController();
  const abort = (): void => end.abort();
  const timer = setTimeout(() => end.abort(tooLong(ms)), ms);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await work(end.signal);
  } catch (error) {
    throw end.signal.reason instanceof FerryError ? end.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function tooLong(ms: number): FerryError {
  const message = `the call took longer than ${ms / 1000} s`;
  return new FerryError('FERRY_E_TIMEOUT', message, 'Ask for less: one namespace, or one VM.');
}
