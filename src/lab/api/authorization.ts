import type { User } from './extension.ts';
import { resourceName } from './kinds/kind.ts';
import type { ApiRequest, Target } from './request.ts';
import { type ApiError, detailsOf, forbidden } from './status.ts';

/** What someone wants to do, as RBAC sees it: an action on a resource, or on a path that is none. */
export type Attributes =
  | {
      user: User;
      verb: string;
      group: string;
      resource: string;
      subresource?: string;
      namespace?: string;
      name?: string;
    }
  | { user: User; verb: string; path: string };

/** Says whether an action is allowed; a string is a refusal with a reason, which the answer quotes. */
export type Authorize = (attributes: Attributes) => boolean | string;

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Open to everyone (ClusterRole system:public-info-viewer). */
const PUBLIC = /^\/(version|livez|readyz|healthz)(\/|$)/;
/** Open to everyone who is authenticated (ClusterRoles system:discovery, system:basic-user). */
const DISCOVERY = /^\/(api|apis|openapi)(\/|$)/;
const SELF_REVIEWS = new Set(['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews']);

/** The verb of a request on a resource. */
function verbOf(method: string, target: Target, query: URLSearchParams): string {
  const watch = query.get('watch');
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return target.name === undefined ? 'deletecollection' : 'delete';
    default:
      if (target.name !== undefined) return 'get';
      return watch !== null && watch !== 'false' && watch !== '0' ? 'watch' : 'list';
  }
}

/** Throws 403, with Kubernetes's text, unless the request is allowed. */
export function check(authorize: Authorize, request: ApiRequest, target: Target | undefined): void {
  const { user, method, query, path } = request;
  if (target === undefined) {
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
    if (PUBLIC.test(path) || (isAuthenticated(user) && DISCOVERY.test(path))) return;
    assertAllowed(authorize, { user, verb, path });
    return;
  }
  if (isAuthenticated(user) && SELF_REVIEWS.has(target.plural)) return;
  const [subresource] = target.rest;
  assertAllowed(authorize, {
    user,
    verb: verbOf(method, target, query),
    group: target.group,
    resource: target.plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    ...(target.name === undefined ? {} : { name: target.name }),
  });
}

function isAuthenticated(user: User): boolean {
  return !user.groups.includes('system:unauthenticated');
}

export function assertAllowed(authorize: Authorize, attributes: Attributes): void {
  const answer = isAuthenticated(attributes.user) && authorize(attributes);
  if (answer === true) return;
  throw refusal(attributes, typeof answer === 'string' ? answer : '');
}

/** `nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope`. */
function refusal(attributes: Attributes, reason: string): ApiError {
  const why = reason === '' ? '' : `: ${reason}`;
  const { user, verb } = attributes;
  if ('path' in attributes) {
    return forbidden(`forbidden: User "${user.name}" cannot ${verb} path "${attributes.path}"${why}`);
  }
  const { group, resource, subresource, namespace, name } = attributes;
  const qualified = resourceName({ group, plural: resource });
  const subject = name === undefined ? qualified : `${qualified} "${name}"`;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return forbidden(
    `${subject} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${why}`,
    detailsOf(qualified, name),
  );
}
