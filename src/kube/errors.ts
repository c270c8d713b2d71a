/** What the caller was doing, in the words of Kubernetes authorization: what a Role would have to grant. */
export interface Access {
  verb: string;
  /** '' is the core group; undefined for paths that are no resource (`/version`). */
  group?: string;
  /** With its subresource: `pods/eviction`. */
  resource?: string;
  namespace?: string;
  name?: string;
  /** Of paths that are no resource. */
  path?: string;
}

export interface StatusCause {
  reason?: string;
  field?: string;
  message?: string;
}

/** A Kubernetes Status, as far as errors need it. Webhook denials have neither reason nor details (recordings/README). */
export interface Status {
  message?: string;
  reason?: string;
  code?: number;
  details?: { name?: string; group?: string; kind?: string; causes?: StatusCause[]; retryAfterSeconds?: number };
}

export type KubeErrorKind = 'api' | 'connection' | 'tls' | 'timeout' | 'cancelled' | 'config';

/** Every failure of this room. The message is one sentence without credentials; `kind` tells the subclasses apart. */
export abstract class KubeError extends Error {
  abstract readonly kind: KubeErrorKind;
}

/** The API server answered, with an error. */
export class ApiError extends KubeError {
  readonly kind = 'api';
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes' reason (`NotFound`, `Conflict`); undefined when the server gave none, as for webhook denials. */
  readonly reason: string | undefined;
  readonly causes: readonly StatusCause[];
  /** Milliseconds the server asks to wait. */
  readonly retryAfter: number | undefined;
  readonly access: Access;
  /** The Status of the answer, if it was one. */
  readonly body: Status | undefined;

  constructor(status: number, access: Access, answer: { message: string; retryAfter?: number; body?: Status }) {
    super(answer.message);
    this.status = status;
    this.access = access;
    this.reason = answer.body?.reason;
    this.causes = answer.body?.details?.causes ?? [];
    this.retryAfter = answer.retryAfter;
    this.body = answer.body;
  }
}

/** No answer came: refused, name unknown, reset, hung up, or not the answer of an API server. */
export class ConnectionError extends KubeError {
  readonly kind = 'connection';
  override readonly name = 'ConnectionError';
  /** Node's code (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`), `IDLE` for a silent watch, `MALFORMED` for a senseless answer. */
  readonly code: string;
  /** True if the request may have reached the server, so that a write may have been carried out. */
  readonly maybeSent: boolean;

  constructor(message: string, code: string, maybeSent: boolean) {
    super(message);
    this.code = code;
    this.maybeSent = maybeSent;
  }
}

export type TlsProblem = 'untrusted' | 'expired' | 'hostname' | 'protocol';

/** The server's certificate is not good, or the server and this client could not agree. */
export class TlsError extends KubeError {
  readonly kind = 'tls';
  override readonly name = 'TlsError';
  readonly problem: TlsProblem;
  readonly code: string;

  constructor(message: string, problem: TlsProblem, code: string) {
    super(message);
    this.problem = problem;
    this.code = code;
  }
}

/** One request took longer than it was given. A write may have been carried out. */
export class TimeoutError extends KubeError {
  readonly kind = 'timeout';
  override readonly name = 'TimeoutError';
  /** Milliseconds. */
  readonly limit: number;

  constructor(message: string, limit: number) {
    super(message);
    this.limit = limit;
  }
}

/** The caller's AbortSignal was aborted, or the client closed. */
export class CancelledError extends KubeError {
  readonly kind = 'cancelled';
  override readonly name = 'CancelledError';
}

export type ConfigProblem =
  | 'no-kubeconfig'
  | 'malformed'
  | 'no-context'
  | 'unknown-context'
  | 'missing-cluster'
  | 'missing-user'
  | 'credentials';

/** There is no usable way to a cluster: the kubeconfig, what it points to, or its credential plugin. */
export class ConfigError extends KubeError {
  readonly kind = 'config';
  override readonly name = 'ConfigError';
  readonly problem: ConfigProblem;

  constructor(problem: ConfigProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

function hasStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

// By HTTP status, not by reason: the reason may be missing (recordings/README, "Admission and auth answers").
export const isUnauthorized = (error: unknown): error is ApiError => hasStatus(error, 401);
export const isForbidden = (error: unknown): error is ApiError => hasStatus(error, 403);
export const isNotFound = (error: unknown): error is ApiError => hasStatus(error, 404);
/** A conflict, or an object that already exists: the reason tells them apart. */
export const isConflict = (error: unknown): error is ApiError => hasStatus(error, 409);
/** The resourceVersion or continue token is older than what the server still knows. */
export const isGone = (error: unknown): error is ApiError => hasStatus(error, 410);
export const isTooManyRequests = (error: unknown): error is ApiError => hasStatus(error, 429);
