import type { IncomingHttpHeaders } from 'node:http';
import { ANONYMOUS, type Attributes, type Authorize, assertAllowed } from './authorization.ts';
import type { User } from './extension.ts';
import { serviceAccountGroups } from './rbac/rights.ts';
import { internalError, unauthorized } from './status.ts';
import type { TokenBook } from './token-book.ts';

/** Who asks: by bearer token, then perhaps impersonating someone else. No token is anonymous, a wrong one is a 401. */
export function authenticate(headers: IncomingHttpHeaders, tokens: TokenBook, authorize: Authorize): User {
  return impersonated(headers, byToken(headers, tokens), authorize);
}

function byToken({ authorization }: IncomingHttpHeaders, tokens: TokenBook): User {
  if (authorization === undefined) return ANONYMOUS;
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : tokens.userOf(token);
  if (user === undefined) throw unauthorized();
  return authenticated(user);
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** Throws 403 unless the user may impersonate all that the headers ask for (endpoints/filters/impersonation). */
function impersonated(headers: IncomingHttpHeaders, user: User, authorize: Authorize): User {
  const name = one(headers['impersonate-user']);
  const groups = several(headers['impersonate-group']);
  const uid = one(headers['impersonate-uid']);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined) return user;
    throw internalError('requested impersonation without impersonating a user');
  }
  const [, namespace, account] = SERVICE_ACCOUNT.exec(name) ?? [];
  const may = (what: { resource: string; name: string; namespace?: string; group?: string }): void => {
    const wanted: Attributes = { user, verb: 'impersonate', group: '', ...what };
    assertAllowed(authorize, wanted);
  };
  if (namespace !== undefined && account !== undefined) may({ resource: 'serviceaccounts', name: account, namespace });
  else may({ resource: 'users', name });
  for (const group of groups) may({ resource: 'groups', name: group });
  if (uid !== undefined) may({ group: 'authentication.k8s.io', resource: 'uids', name: uid });
  const known = groups.length === 0 && namespace !== undefined ? serviceAccountGroups(namespace) : groups;
  const acting: User = { name, groups: known, ...(uid === undefined ? {} : { uid }) };
  return name === ANONYMOUS.name ? { ...acting, groups: [...known, ...ANONYMOUS.groups] } : authenticated(acting);
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}

/** Node joins repeated headers with a comma. */
function several(header: string | string[] | undefined): string[] {
  return (Array.isArray(header) ? header : (header ?? '').split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** Everybody who is somebody is in system:authenticated. */
export function authenticated(user: User): User {
  const { groups } = user;
  const told = groups.includes('system:authenticated') || groups.includes('system:unauthenticated');
  return told ? user : { ...user, groups: [...groups, 'system:authenticated'] };
}
