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

export interface Decision {
  allowed: boolean;
  /** Why; of a refusal, the answer quotes it. */
  reason?: string;
}

/** Says whether an action is allowed. */
export type Authorize = (attributes: Attributes) => Decision;

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The verb of a request on a resource. */
export function verbOf(method: string, target: Target, query: URLSearchParams): string {
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
    assertAllowed(authorize, { user, verb, path });
    return;
  }
  const [subresource] = target.rest;
  const name = target.name ?? nameSelected(query);
  // A namespace is in itself: who may read it with a role in it may read it.
  const namespace = target.plural === 'namespaces' && target.group === '' ? target.name : target.namespace;
  assertAllowed(authorize, {
    user,
    verb: verbOf(method, target, query),
    group: target.group,
    resource: target.plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  });
}

/** A list or watch that selects one name counts as one of that object: a rule with resourceNames can allow it. */
function nameSelected(query: URLSearchParams): string | undefined {
  const terms = (query.get('fieldSelector') ?? '').split(',');
  return terms.map((term) => /^metadata\.name={1,2}([^=!]+)$/.exec(term)?.[1]).find((name) => name !== undefined);
}

export function assertAllowed(authorize: Authorize, attributes: Attributes): void {
  const { allowed, reason = '' } = authorize(attributes);
  if (!allowed) throw refusal(attributes, reason);
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
