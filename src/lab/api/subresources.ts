import type { KubeObject } from '../../model/objects.ts';
import { mutate, validateByWebhooks } from './admission.ts';
import type { Api } from './api.ts';
import { decode } from './body.ts';
import type { Subresource } from './extension.ts';
import { resourceName } from './kinds/kind.ts';
import { acceptsAnything } from './negotiation.ts';
import type { ApiRequest, ApiResponse, Target } from './request.ts';
import { isObject } from './schema/structural.ts';
import { methodNotAllowed } from './status.ts';
import { dryRunOf } from './write.ts';

/** The subresource a path names and what of the path it does not consume; undefined if nobody registered it. */
export function findSubresource(api: Api, target: Target): { handlers: Subresource[]; rest: string[] } | undefined {
  const resource = resourceName({ group: target.group, plural: target.plural });
  const mine = api.subresources.filter((each) => each.resource === resource);
  if (target.name === undefined) {
    const handlers = mine.filter((each) => each.subresource === '');
    return handlers.length === 0 ? undefined : { handlers, rest: [] };
  }
  // The longest match wins: `evacuate/cancel` before `evacuate`.
  for (let length = Math.min(2, target.rest.length); length > 0; length--) {
    const name = target.rest.slice(0, length).join('/');
    const handlers = mine.filter((each) => each.subresource === name);
    if (handlers.length > 0) return { handlers, rest: target.rest.slice(length) };
  }
  return undefined;
}

/** Answers a request to a subresource that a controller registered. */
export function callSubresource(
  api: Api,
  request: ApiRequest,
  target: Target,
  found: { handlers: Subresource[]; rest: string[] },
): ApiResponse {
  const { method, user, query, headers } = request;
  const handler = found.handlers.find((each) => each.methods.includes(method));
  if (handler === undefined) throw methodNotAllowed();
  if (handler.untyped === true && !acceptsAnything(headers.accept)) {
    return {
      status: 406,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      body: '406: Not Acceptable\n\nAvailable representations: ',
    };
  }
  const [name, port] = proxied(target.name ?? '', handler.subresource);
  let body: unknown;
  if (request.body.length > 0) {
    // KubeVirt's routes look at no media type: a body is JSON, however it is called.
    const read = handler.untyped === true ? { ...request, headers: {} } : request;
    body = isText(read) ? read.body.toString() : decode(read, handler.kind?.kind ?? '');
  }
  if (method !== 'GET' && isObject(body)) body = admit(api, request, handler, target, name, body);
  const answer = handler.handle({
    method,
    user,
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    name,
    ...(port === undefined ? {} : { port }),
    rest: found.rest.join('/'),
    query,
    headers,
    body,
  });
  if (answer.stream !== undefined) {
    const { status, stream, contentType = 'text/plain' } = answer;
    return { status, headers: { 'content-type': contentType }, stream };
  }
  if (answer.pieces !== undefined) {
    const { status, pieces, contentType = 'text/plain' } = answer;
    return { status, headers: { 'content-type': contentType }, pieces };
  }
  const type = answer.contentType ?? (typeof answer.body === 'string' ? 'text/plain' : 'application/json');
  return {
    status: answer.status,
    headers: answer.body === undefined ? {} : { 'content-type': type },
    body: answer.body,
  };
}

function admit(
  api: Api,
  request: ApiRequest,
  handler: Subresource,
  target: Target,
  name: string,
  body: Record<string, unknown>,
): unknown {
  const meta = isObject(body['metadata']) ? body['metadata'] : {};
  const object = { ...body, metadata: { ...meta, name } } as unknown as KubeObject;
  const admission = {
    operation: request.method === 'POST' ? ('CREATE' as const) : ('UPDATE' as const),
    resource: handler.resource,
    subresource: handler.subresource,
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    name,
    object,
    user: request.user,
    dryRun: dryRunOf(request.query),
  };
  const admitted = mutate(api.webhooks, admission);
  validateByWebhooks(api.webhooks, { ...admission, object: admitted });
  return admitted === object ? body : admitted;
}

/** `https:NAME:8443` as proxies write it: the name and the port. */
function proxied(name: string, subresource: string): [name: string, port: string | undefined] {
  if (subresource !== 'proxy') return [name, undefined];
  const parts = name.split(':');
  if (parts.length === 3) return [parts[1] ?? '', parts[2]];
  return [parts[0] ?? '', parts[1]];
}

function isText(request: ApiRequest): boolean {
  return (request.headers['content-type'] ?? '').startsWith('text/');
}
