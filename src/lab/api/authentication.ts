import type { IncomingHttpHeaders } from 'node:http';
import { ANONYMOUS, type Authorize, assertAllowed } from './authorization.ts';
import type { User } from './extension.ts';
import { unauthorized } from './status.ts';

/** Who asks: by bearer token, then perhaps impersonating someone else. No token is anonymous, a wrong one is a 401. */
export function authenticate(
  headers: IncomingHttpHeaders,
  tokens: Readonly<Record<string, User>>,
  authorize: Authorize,
): User {
  return impersonated(headers, byToken(headers, tokens), authorize);
}

function byToken({ authorization }: IncomingHttpHeaders, tokens: Readonly<Record<string, User>>): User {
  if (authorization === undefined) return ANONYMOUS;
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const user = token === undefined || !Object.hasOwn(tokens, token) ? undefined : tokens[token];
  if (user === undefined) throw unauthorized();
  return withGroup(user);
}

function impersonated(headers: IncomingHttpHeaders, user: User, authorize: Authorize): User {
  const name = headers['impersonate-user'];
  if (typeof name !== 'string' || name === '') return user;
  const given = headers['impersonate-group'];
  // Node joins repeated headers with a comma.
  const groups = (Array.isArray(given) ? given : (given ?? '').split(','))
    .map((group) => group.trim())
    .filter((group) => group !== '');
  if (!user.groups.includes('system:masters')) {
    assertAllowed(authorize, { user, verb: 'impersonate', group: '', resource: 'users', name });
    for (const group of groups)
      assertAllowed(authorize, { user, verb: 'impersonate', group: '', resource: 'groups', name: group });
  }
  return withGroup({ name, groups });
}

function withGroup({ name, groups }: User): User {
  return { name, groups: groups.includes('system:authenticated') ? groups : [...groups, 'system:authenticated'] };
}
