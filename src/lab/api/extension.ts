import type { IncomingHttpHeaders } from 'node:http';
import type { KubeObject } from '../../model/objects.ts';
import type { ResourceName } from './store.ts';

// How controllers plug into the lab's API server: admission webhooks and subresources. The server knows no KubeVirt.

/** Who makes a request. */
export interface User {
  name: string;
  groups: string[];
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

/** One admission webhook. Mutating ones run first, in order; then the schema is checked; then the validating ones. */
export interface Webhook {
  /** Its real name, e.g. `migration-create-validator.kubevirt.io`: denials quote it. */
  name: string;
  resource: ResourceName;
  operations: Operation[];
  /** Returns the object to store instead. */
  mutate?(request: AdmissionRequest): KubeObject;
  /** Throws an ApiError (status.ts) to deny; the server adds `admission webhook "NAME" denied the request: `. */
  validate?(request: AdmissionRequest): void;
}

/** A request to a subresource or a proxied path, as its handler sees it. */
export interface SubresourceRequest {
  method: string;
  user: User;
  namespace?: string;
  name: string;
  /** The rest of the path after the subresource, without a leading slash (`stats/summary` of `nodes/N/proxy/stats/summary`). */
  rest: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Decoded JSON body, if there was one. */
  body: unknown;
}

export interface SubresourceResponse {
  status: number;
  /** Objects are sent as JSON, strings as they are, undefined as an empty body. */
  body?: unknown;
  contentType?: string;
}

/** A subresource of a stored resource (`pods`, `eviction`), or of an API that stores nothing (`virtualmachines.subresources.kubevirt.io`, `migrate`). */
export interface Subresource {
  resource: ResourceName;
  subresource: string;
  methods: string[];
  /** For discovery: the kind of its body. */
  kind?: { group: string; version: string; kind: string };
  handle(request: SubresourceRequest): SubresourceResponse;
}
