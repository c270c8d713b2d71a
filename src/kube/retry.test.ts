import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ApiError,
  CancelledError,
  ConfigError,
  ConnectionError,
  type KubeError,
  TimeoutError,
  TlsError,
} from './errors.ts';
import { backoff, maxTries, parseRetryAfter, retryDelay } from './retry.ts';

const now = Date.parse('2026-11-22T20:00:00Z');

test.each([
  ['1', 1000],
  ['0', 0],
  [' 12 ', 12_000],
  ['-5', 0],
  ['Sun, 22 Nov 2026 20:00:07 GMT', 7000],
  ['Sun, 22 Nov 2026 19:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j means %j ms', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

test('a back-off is between half and all of a doubling delay, and never above its limit', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, chance) => {
      const delay = backoff(attempt, () => chance);
      const full = Math.min(5000, 100 * 2 ** attempt);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }),
  );
});

const api = (status: number, retryAfter?: number, message = 'no'): ApiError =>
  new ApiError(status, { verb: 'get' }, { message, ...(retryAfter === undefined ? {} : { retryAfter }) });
const lost = new ConnectionError('lost', 'ECONNRESET', true);
const refused = new ConnectionError('refused', 'ECONNREFUSED', false);
const webhook = 'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: Evacuation';

describe('what is tried again', () => {
  const get = { method: 'GET', path: '/api/v1/pods', idempotent: true };
  const post = { method: 'POST', path: '/api/v1/pods', idempotent: false };
  const merge = { method: 'PATCH', path: '/api/v1/pods/a', idempotent: true };
  const evict = { method: 'POST', path: '/api/v1/namespaces/vms/pods/a/eviction', idempotent: false };
  const answered = { tries: 1, answered: true, random: () => 0 };
  const never = { ...answered, answered: false };

  test.each<[string, KubeError, typeof get, typeof answered, number | undefined]>([
    ['a GET that met 500', api(500), get, answered, 50],
    ['a GET that met 503 with Retry-After, when it is over', api(503, 2000), get, answered, 2050],
    ['a GET that met 504', api(504), get, answered, 50],
    ['a GET that met 429 without Retry-After', api(429), get, answered, 50],
    ['a merge patch that met 503', api(503), merge, answered, 50],
    ['a GET whose connection was lost', lost, get, answered, 50],
    ['a POST that was refused a connection', refused, post, answered, 50],
    ['a POST that met 429 with Retry-After', api(429, 1000), post, answered, 1050],
    ['not a merge patch that met 429 without Retry-After', api(429), merge, answered, undefined],
    ['not a POST that met 429 of a webhook', api(429, undefined, webhook), post, answered, undefined],
    ['not a POST that met 429 of a webhook behind Retry-After', api(429, 1000, webhook), post, answered, undefined],
    ['not an eviction that met 429, whatever it says', api(429, 10_000), evict, answered, undefined],
    ['not a POST that met 503', api(503, 1000), post, answered, undefined],
    ['not a POST that met 500', api(500), post, answered, undefined],
    ['not a POST whose connection was lost', lost, post, answered, undefined],
    ['not a GET that met 404', api(404), get, answered, undefined],
    ['not a GET that met 409', api(409), get, answered, undefined],
    ['not a GET that is to wait for an hour', api(503, 3_600_000), get, answered, undefined],
    ['not a GET for the last time', api(503), get, { ...answered, tries: maxTries }, undefined],
    ['not a GET refused by a server that never answered', refused, get, never, undefined],
    ['not a GET that took too long', new TimeoutError('late', 1), get, answered, undefined],
    ['not a GET that was cancelled', new CancelledError('cancelled'), get, answered, undefined],
    ['not a GET that met a wrong certificate', new TlsError('tls', 'untrusted', 'X'), get, answered, undefined],
    ['not a GET without credentials', new ConfigError('credentials', 'no'), get, answered, undefined],
  ])('%s', (_, error, request, how, expected) => {
    expect(retryDelay(error, request, how)).toBe(expected);
  });
});
