/** Metadata of a stored object, as far as the transport needs it. */
export interface StoredObject {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string };
}

/** A resource type: `{ group: 'kubevirt.io', version: 'v1', plural: 'virtualmachines', namespaced: true }`; group '' is core. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  namespaced: boolean;
}

export interface Selection {
  /** Undefined or empty: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** Milliseconds for one request; default: the client's (kubectl's --request-timeout). 0: none. */
  timeout?: number;
}

export interface ListOptions<T, U> extends Selection, CallOptions {
  /** Objects a page; default 500. */
  limit?: number;
  /** Applied to each item as its page arrives, so that what is not needed is never held. */
  map?(item: T): U;
}

export interface ListResult<T> {
  items: T[];
  resourceVersion: string;
}

/**
 * What a watch tells. It begins with the objects that exist (`added`), then `synced`, then changes for as long as
 * the signal lets it run, across dropped connections, restarts of the API server and 410 Gone. Every state of an
 * object that is told is told once; after a gap, the difference is told (a vanished object as `deleted`).
 */
export type WatchEvent<T> =
  | { type: 'added' | 'modified' | 'deleted'; object: T }
  | { type: 'synced' }
  /** The connection was lost and is being made again; for faces that want to say so. */
  | { type: 'interrupted'; error: Error };

export type PatchType = 'merge' | 'json' | 'strategic' | 'apply';

export interface WriteOptions extends CallOptions {
  namespace?: string;
  subresource?: string;
  dryRun?: boolean;
  fieldManager?: string;
  /** Of a server-side apply: take over fields that others own. */
  force?: boolean;
}

export interface RawOptions extends CallOptions {
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Whether a status is an answer rather than an error; default: 2xx. */
  accept?: (status: number) => boolean;
}

export interface RawResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A connection to one API server as one user. Create it with `connect` (connect.ts). Every failure is a KubeError (errors.ts). */
export interface KubeClient {
  /** The server's address, as the kubeconfig has it. */
  readonly server: string;
  /** The kubeconfig context in use, if there was a kubeconfig. */
  readonly context: string | undefined;
  /** The namespace of the context, or `default`. */
  readonly namespace: string;
  get<T extends StoredObject>(
    resource: Resource,
    name: string,
    options?: CallOptions & { namespace?: string; subresource?: string },
  ): Promise<T>;
  list<T extends StoredObject, U = T>(resource: Resource, options?: ListOptions<T, U>): Promise<ListResult<U>>;
  watch<T extends StoredObject>(
    resource: Resource,
    options: Selection & { signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>, void, void>;
  create<T extends StoredObject>(resource: Resource, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends StoredObject>(
    resource: Resource,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<T>;
  delete(
    resource: Resource,
    name: string,
    options?: WriteOptions & {
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
      preconditions?: { uid?: string; resourceVersion?: string };
    },
  ): Promise<void>;
  /** Any path of the API server: `/version`, subresources, proxies. Non-2xx is an error unless `accept` says otherwise. */
  raw(method: string, path: string, options?: RawOptions): Promise<RawResponse>;
  /** The API server's clock, from the Date of its last answer; this machine's clock before the first one. Ms since the epoch. */
  serverNow(): number;
  /** Closes idle connections; the client can't be used afterwards. */
  close(): void;
}
