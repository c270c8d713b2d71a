import type { Api } from './api.ts';
import { check } from './authorization.ts';
import { remove, removeCollection } from './delete.ts';
import { discovery } from './discovery.ts';
import { list } from './list.ts';
import { openapi } from './openapi.ts';
import { ownPath } from './own-path.ts';
import { get } from './read.ts';
import { type ApiRequest, type ApiResponse, flag, parseTarget, type Target } from './request.ts';
import { review } from './reviews.ts';
import { methodNotAllowed, noSuchPath, UNAVAILABLE } from './status.ts';
import { callSubresource, findSubresource } from './subresources.ts';
import { findVirtual, readVirtual } from './virtual.ts';
import { watch } from './watch.ts';
import { writeContext } from './write.ts';
import { create, type Door, patch, replace } from './writes.ts';

/**
 * What /version tells. No real build is claimed: commit and date are those of a Kubernetes that was built without
 * stamping.
 */
function versionInfo(gitVersion: string): Record<string, string> {
  const [major = '', minor = ''] = gitVersion.replace('v', '').split('.');
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux/amd64',
  };
}

/** Answers a request that was authenticated. Throws ApiErrors. */
export function route(api: Api, request: ApiRequest): ApiResponse {
  const target = parseTarget(request.segments);
  check(api.rights.authorize, request, target);
  return target === undefined ? elsewhere(api, request) : resource(api, request, target);
}

function elsewhere(api: Api, request: ApiRequest): ApiResponse {
  const [root] = request.segments;
  switch (root) {
    case 'api':
    case 'apis':
      return discovery(api, request);
    case 'openapi':
      return openapi(api, request);
    case 'version':
      return { status: 200, body: versionInfo(api.kubernetes) };
    case 'livez':
    case 'readyz':
    case 'healthz':
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' };
    default:
      return ownPath(api, request);
  }
}

function resource(api: Api, request: ApiRequest, target: Target): ApiResponse {
  const { group, version, plural, namespace, name, rest } = target;
  if (api.aggregated.get(group)?.() === false) return UNAVAILABLE;
  const reviewed = review(api, request, target);
  if (reviewed !== undefined) return reviewed;
  const subresource = findSubresource(api, target);
  if (subresource !== undefined) return callSubresource(api, request, target, subresource);
  const virtual = findVirtual(api, target);
  if (virtual !== undefined) return readVirtual(api, request, target, virtual);
  const kind = api.kinds.served(group, version, plural);
  if (kind === undefined) return unknown(api, target);
  if (namespace !== undefined && !kind.namespaced) throw noSuchPath();
  const door: Door = { kind, version, ...(namespace === undefined ? {} : { namespace }) };
  const [first, ...more] = rest;
  if (first === undefined) return stored(api, request, door, name);
  if (name === undefined || more.length > 0) throw noSuchPath();
  if (first === 'status' && kind.status) return status(api, request, { ...door, subresource: 'status' }, name);
  if (first === 'finalize' && kind.kind === 'Namespace' && request.method === 'PUT')
    return replace(api, request, door, name);
  throw noSuchPath();
}

function stored(api: Api, request: ApiRequest, door: Door, name: string | undefined): ApiResponse {
  const watching = flag(request.query, 'watch');
  if (name === undefined) {
    switch (request.method) {
      case 'GET':
        return watching ? watch(api, request, door) : list(api, request, door);
      case 'POST':
        return create(api, request, door);
      case 'DELETE':
        return removeCollection(writeContext(api, request, door), request);
      default:
        throw methodNotAllowed();
    }
  }
  if (door.kind.namespaced && door.namespace === undefined) throw noSuchPath();
  switch (request.method) {
    case 'GET':
      return watching ? watch(api, request, door, name) : get(api, request, door, name);
    case 'PUT':
      return replace(api, request, door, name);
    case 'PATCH':
      return patch(api, request, door, name);
    case 'DELETE':
      return remove(writeContext(api, request, door), request, name);
    default:
      throw methodNotAllowed();
  }
}

function status(api: Api, request: ApiRequest, door: Door, name: string): ApiResponse {
  switch (request.method) {
    case 'GET':
      return get(api, request, door, name);
    case 'PUT':
      return replace(api, request, door, name);
    case 'PATCH':
      return patch(api, request, door, name);
    default:
      throw methodNotAllowed();
  }
}

/** As recorded: in a group of custom resources an unknown one is a plain-text 404, elsewhere a Status. */
function unknown(api: Api, { group, version }: Target): ApiResponse {
  const custom = api.kinds.all.some((kind) => kind.custom && kind.group === group && kind.versions.includes(version));
  if (!custom) throw noSuchPath();
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: '404 page not found\n',
  };
}
