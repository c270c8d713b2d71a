import type { ApiResponse } from './request.ts';
import type { ResourceName } from './store.ts';

/** One reason within a Status, as `details.causes` carries it. */
export interface Cause {
  reason?: string;
  message: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

/** metav1.Status: the body of every failure, and of a deletion that leaves nothing behind. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Failure' | 'Success';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** A request that failed; `status` is the body of its answer. Use the constructors below. */
export class ApiError extends Error {
  readonly status: Status & { code: number };

  constructor(
    code: number,
    message: string,
    rest: { reason?: string; details?: StatusDetails; continue?: string } = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: rest.continue === undefined ? {} : { continue: rest.continue },
      status: 'Failure',
      message,
      ...(rest.reason === undefined ? {} : { reason: rest.reason }),
      ...(rest.details === undefined ? {} : { details: rest.details }),
      code,
    };
  }

  get code(): number {
    return this.status.code;
  }
}

/** `details` that name an object of a resource. */
export function detailsOf(resource: ResourceName, name?: string): StatusDetails {
  const dot = resource.indexOf('.');
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(dot < 0 ? {} : { group: resource.slice(dot + 1) }),
    kind: dot < 0 ? resource : resource.slice(0, dot),
  };
}

export function notFound(resource: ResourceName, name: string): ApiError {
  return new ApiError(404, `${resource} "${name}" not found`, {
    reason: 'NotFound',
    details: detailsOf(resource, name),
  });
}

/** No such path. */
export function noSuchPath(): ApiError {
  return new ApiError(404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} });
}

export function alreadyExists(resource: ResourceName, name: string): ApiError {
  return new ApiError(409, `${resource} "${name}" already exists`, {
    reason: 'AlreadyExists',
    details: detailsOf(resource, name),
  });
}

/** 409; without `why` the text for a stale resourceVersion. */
export function conflict(
  resource: ResourceName,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError {
  return new ApiError(409, `Operation cannot be fulfilled on ${resource} "${name}": ${why}`, {
    reason: 'Conflict',
    details: detailsOf(resource, name),
  });
}

/** 409 of a server-side apply that would change what others own. */
export function applyConflict(message: string, causes: Cause[]): ApiError {
  return new ApiError(409, message, { reason: 'Conflict', details: { causes } });
}

/** 422 by the API server's own validation: `Pod "x" is invalid: spec.y: Required value`. */
export function invalid(kind: { group: string; kind: string }, name: string, causes: Cause[]): ApiError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new ApiError(422, `${qualified} "${name}" is invalid: ${list}`, {
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes,
    },
  });
}

/** 422 as JSON patches that cannot be applied get it: the reason is not told. */
export function unprocessable(): ApiError {
  return new ApiError(422, 'the server rejected our request due to an error in our request', {
    reason: 'Invalid',
    details: {},
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, message, { reason: 'BadRequest' });
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', { reason: 'Unauthorized' });
}

/** 403 with a text of its own; the RBAC texts are made in authorization.ts. */
export function forbidden(message: string, details: StatusDetails = {}): ApiError {
  return new ApiError(403, message, { reason: 'Forbidden', details });
}

/** 405: the resource exists, the verb does not. */
export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'the server does not allow this method on the requested resource', {
    reason: 'MethodNotAllowed',
    details: {},
  });
}

export function notAcceptable(accepted: string): ApiError {
  return new ApiError(406, `only the following media types are accepted: ${accepted}`, { reason: 'NotAcceptable' });
}

export function unsupportedMediaType(accepted: string[]): ApiError {
  return new ApiError(
    415,
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    { reason: 'UnsupportedMediaType' },
  );
}

/** 410: a resourceVersion or continue token that is no longer kept. */
export function gone(message: string, token?: string): ApiError {
  return new ApiError(410, message, { reason: 'Expired', ...(token === undefined ? {} : { continue: token }) });
}

/** 429 by the API server itself, e.g. `Cannot evict pod as it would violate the pod's disruption budget.` */
export function tooManyRequests(
  message: string,
  rest: { retryAfterSeconds?: number; causes?: Cause[] } = {},
): ApiError {
  return new ApiError(429, message, { reason: 'TooManyRequests', details: rest });
}

export function timeout(message: string, retryAfterSeconds: number, causes: Cause[]): ApiError {
  return new ApiError(504, message, { reason: 'Timeout', details: { causes, retryAfterSeconds } });
}

export function internalError(message: string): ApiError {
  return new ApiError(500, `Internal error occurred: ${message}`, {
    reason: 'InternalError',
    details: { causes: [{ message }] },
  });
}

/** A webhook's denial built from an error, as KubeVirt's ToAdmissionResponseError: no reason, no details. Default 400. */
export function denied(message: string, code = 400): ApiError {
  return new ApiError(code, message);
}

/** A webhook's denial with causes, as KubeVirt's ToAdmissionResponse: 422, the message is the causes' joined. */
export function deniedWithCauses(causes: Cause[]): ApiError {
  return new ApiError(422, causes.map((cause) => cause.message).join(', '), { reason: 'Invalid', details: { causes } });
}

/** The same failure as an admission webhook's denial. */
export function byWebhook(name: string, error: ApiError): ApiError {
  return new ApiError(error.code, `admission webhook "${name}" denied the request: ${error.message}`, {
    ...(error.status.reason === undefined ? {} : { reason: error.status.reason }),
    ...(error.status.details === undefined ? {} : { details: error.status.details }),
  });
}

/** The answer to a deletion that left nothing behind. */
export function deleted(resource: ResourceName, name: string, uid?: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...detailsOf(resource, name), ...(uid === undefined ? {} : { uid }) },
  };
}

/** kube-aggregator's answer for an API whose service has no endpoint: plain text. */
export const UNAVAILABLE: ApiResponse = {
  status: 503,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: 'service unavailable\n',
};
