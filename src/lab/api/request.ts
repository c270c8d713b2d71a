import type { IncomingHttpHeaders } from 'node:http';
import type { ResponseStream, User } from './extension.ts';

/** One request, decoded from HTTP. */
export interface ApiRequest {
  method: string;
  /** Decoded path segments: `['api', 'v1', 'pods']`. */
  segments: string[];
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  user: User;
  body: Buffer;
}

/** An answer: a body at once, pieces of one, or a stream that `start` writes until it ends. */
export interface ApiResponse {
  status: number;
  headers?: Record<string, string | string[]>;
  /** Objects are sent as JSON, strings as they are; undefined is an empty body. */
  body?: unknown;
  pieces?: Iterable<string>;
  stream?: (out: ResponseStream) => void;
}

/** What a path under /api or /apis names. */
export interface Target {
  group: string;
  version: string;
  plural: string;
  namespace?: string;
  name?: string;
  /** What follows the name, e.g. `['status']`, `['proxy', 'stats', 'summary']`; empty if nothing does. */
  rest: string[];
}

/** Reads `/api/v1/...` and `/apis/G/V/...`; undefined for shorter paths, which are discovery's. */
export function parseTarget(segments: string[]): Target | undefined {
  const core = segments[0] === 'api';
  if (!core && segments[0] !== 'apis') return undefined;
  const group = core ? '' : segments[1];
  const version = core ? segments[1] : segments[2];
  const [first, second, third, ...rest] = segments.slice(core ? 2 : 3);
  if (group === undefined || version === undefined || first === undefined || first === '') return undefined;
  const at = { group, version };
  if (first !== 'namespaces' || second === undefined) {
    return {
      ...at,
      plural: first,
      ...(second === undefined ? {} : { name: second }),
      rest: third === undefined ? [] : [third, ...rest],
    };
  }
  // A namespace itself, or something in it.
  const itself = third === undefined || (core && (third === 'status' || third === 'finalize') && rest.length === 0);
  if (itself) return { ...at, plural: 'namespaces', name: second, rest: third === undefined ? [] : [third] };
  const [name, ...more] = rest;
  return { ...at, plural: third, namespace: second, ...(name === undefined ? {} : { name }), rest: more };
}

/** Truth as Go's strconv and Kubernetes's query parameters read it. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}
