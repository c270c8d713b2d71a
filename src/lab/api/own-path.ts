import type { Api } from './api.ts';
import { decode } from './body.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { methodNotAllowed, noSuchPath } from './status.ts';

/** Answers a path that somebody registered beside the Kubernetes API; 404 for all others. */
export function ownPath(api: Api, request: ApiRequest): ApiResponse {
  const { method, user, query, path } = request;
  const mine = api.paths.filter((each) => path === each.path || path.startsWith(`${each.path}/`));
  if (mine.length === 0) throw noSuchPath();
  const handler = mine.find((each) => each.methods.includes(method));
  if (handler === undefined) throw methodNotAllowed();
  const answer = handler.handle({
    method,
    user,
    rest: path.slice(handler.path.length + 1),
    query,
    headers: request.headers,
    body: request.body.length === 0 ? undefined : decode(request, 'object'),
  });
  const type = answer.contentType ?? (typeof answer.body === 'string' ? 'text/plain' : 'application/json');
  const { status, stream, pieces } = answer;
  if (pieces !== undefined) return { status, headers: { 'content-type': type }, pieces };
  const headers: Record<string, string> =
    answer.body === undefined && stream === undefined ? {} : { 'content-type': type };
  return stream === undefined ? { status, headers, body: answer.body } : { status, headers, stream };
}
