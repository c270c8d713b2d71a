import type { IncomingHttpHeaders } from 'node:http';
import type { KubeObject } from '../../model/objects.ts';
import type { ResourceName } from './store.ts';

// How controllers plug into the lab's API server: admission webhooks, subresources and virtual resources. The server
// knows no KubeVirt.

/** Who makes a request. */
export interface User {
  name: string;
  groups: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

export interface AdmissionRequest {
  operation: Operation;
  resource: ResourceName;
  subresource?: string;
  namespace?: string;
  name: string;
  /** What would be stored; of a DELETE: what is stored. */
  object: KubeObject;
  oldObject?: KubeObject;
  user: User;
  dryRun: boolean;
}

/** Where a webhook is asked. */
export interface WebhookService {
  /** Why it cannot be asked, as the API server words it: `failed calling webhook "NAME": ...`; undefined: it can. */
  failure(): string | undefined;
  /** The webhook's failurePolicy is Ignore: what cannot be asked is let through. */
  ignored?: boolean;
}

/** One admission webhook. Mutating ones run first, in order; then the schema is checked; then the validating ones. */
export interface Webhook {
  /** Its real name, e.g. `migration-create-validator.kubevirt.io`: denials quote it. */
  name: string;
  /**
   * The resource it watches over. Of a subresource, with the subresource: `pods/eviction`; such webhooks see what is
   * sent to the subresource (operation CREATE for POST, else UPDATE), before its handler runs.
   */
  resource: ResourceName;
  operations: Operation[];
  /** Its matchConditions: which of these requests it is asked about. Default: all. */
  concerns?(request: AdmissionRequest): boolean;
  /** Part of the API server itself: its denials are sent as they are. */
  own?: boolean;
  /** The service that answers it; without it the API server itself does. */
  service?: WebhookService;
  /** Returns the object to store instead. */
  mutate?(request: AdmissionRequest): KubeObject;
  /**
   * Throws an ApiError to deny, made by `denied` or `deniedWithCauses` (status.ts); the server adds
   * `admission webhook "NAME" denied the request: `.
   */
  validate?(request: AdmissionRequest): void;
}

/** A request to a subresource or a proxied path, as its handler sees it. */
export interface SubresourceRequest {
  method: string;
  user: User;
  namespace?: string;
  name: string;
  /** Of a proxied pod (`https:NAME:8443`): its port. */
  port?: string;
  /** The rest of the path after the subresource, without a leading slash (`stats/summary` of `nodes/N/proxy/stats/summary`). */
  rest: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Decoded JSON body, if there was one. */
  body: unknown;
}

/** Where an answer without an end writes to: a watch, a log that is followed. */
export interface ResponseStream {
  write(text: string | Buffer): void;
  end(): void;
  /** Called once when the client is gone or the server closes. */
  onClose(run: () => void): void;
}

export interface SubresourceResponse {
  status: number;
  /** Objects are sent as JSON, strings as they are, undefined as an empty body. */
  body?: unknown;
  contentType?: string;
  /** Instead of a body: a long text in pieces, drawn as fast as the client takes them. */
  pieces?: Iterable<string>;
  /** Instead of a body: writes one until it ends or the client goes. */
  stream?: (out: ResponseStream) => void;
}

/**
 * A subresource of a stored resource (`pods`, `eviction`), or of an API that stores nothing
 * (`virtualmachines.subresources.kubevirt.io`, `migrate`). It may have two parts (`evacuate/cancel`); with '' it is the
 * path without any name (`version.subresources.kubevirt.io`). Failures are ApiErrors (status.ts).
 */
export interface Subresource {
  resource: ResourceName;
  subresource: string;
  methods: string[];
  /** For an API that stores nothing: whether its paths have a namespace. Default true. */
  namespaced?: boolean;
  /** For discovery: the kind of its body. */
  kind?: { group: string; version: string; kind: string };
  /**
   * The route declares no media type, as KubeVirt's PUT subresources: it answers 406 unless the client accepts
   * anything (recorded: `Accept: application/json` alone is 406).
   */
  untyped?: boolean;
  /** Served without being told of by discovery. */
  untold?: boolean;
  /** Called after authorization and admission; the object it is a subresource of need not exist. */
  handle(request: SubresourceRequest): SubresourceResponse;
}

/** A resource that is not stored: its objects are made up at each request. Read-only, e.g. `nodes.metrics.k8s.io`. */
export interface VirtualResource {
  resource: ResourceName;
  version: string;
  kind: string;
  singular: string;
  namespaced: boolean;
  /** All objects (of a namespace, if it is given). Selectors are the server's business. */
  list(namespace?: string): KubeObject[];
}

/** A request to a path of its own. */
export interface PathRequest {
  method: string;
  user: User;
  /** What follows `path`, without a leading slash. */
  rest: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Decoded JSON body, if there was one. */
  body: unknown;
}

/** A path beside the Kubernetes API, e.g. `/metrics`. RBAC sees it as a non-resource URL. */
export interface OwnPath {
  /** Exact; what lies under it too: `/lab/v1/faults` answers `/lab/v1/faults/NAME`. */
  path: string;
  methods: string[];
  /** Called after authorization. Failures are ApiErrors (status.ts). */
  handle(request: PathRequest): SubresourceResponse;
}
