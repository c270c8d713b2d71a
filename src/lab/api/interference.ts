import { verbOf } from './authorization.ts';
import { type ApiResponse, parseTarget } from './request.ts';
import type { ResourceName, Store } from './store.ts';

/** A request before anything is done about it. */
export interface Incoming {
  method: string;
  path: string;
  query: URLSearchParams;
  /** As RBAC names it; of a path that is no resource the method in lower case. */
  verb: string;
  /** `pods`, `virtualmachineinstances.kubevirt.io`; undefined: discovery and other paths. */
  resource?: ResourceName;
}

/** What befalls a request. */
export interface Interference {
  /** It waits so long. */
  wait?: Promise<void>;
  /** It gets this answer, and nothing is done. */
  answer?: ApiResponse;
  /** Its connection is cut before anything is done, or when all is done and only the answer is missing. */
  cut?: 'before' | 'after';
  /** It reads here. */
  reads?: Store;
}

export function incomingOf(method = 'GET', url = '/'): Incoming {
  const parsed = URL.parse(url, 'https://localhost');
  if (parsed === null) return { method, path: url, query: new URLSearchParams(), verb: method.toLowerCase() };
  const { pathname, searchParams } = parsed;
  const target = parseTarget(pathname.split('/').filter((part) => part !== ''));
  const request = { method, path: pathname, query: searchParams };
  if (target === undefined) return { ...request, verb: method.toLowerCase() };
  return {
    ...request,
    verb: verbOf(method, target, searchParams),
    resource: target.group === '' ? target.plural : `${target.plural}.${target.group}`,
  };
}
