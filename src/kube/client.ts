import { json, list } from './list.ts';
import { pathOf } from './paths.ts';
import { type ApiRequest, isSuccess, type Transport } from './transport.ts';
import type {
  CallOptions,
  KubeClient,
  ListOptions,
  ListResult,
  PatchType,
  RawOptions,
  RawResponse,
  Resource,
  Selection,
  StoredObject,
  WatchEvent,
  WriteOptions,
} from './types.ts';
import { watch } from './watch.ts';

const contentTypes: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // YAML contains JSON.
  apply: 'application/apply-patch+yaml',
};

/** KubeClient over HTTP. Made by `connect` (connect.ts). */
export class HttpKubeClient implements KubeClient {
  readonly server: string;
  readonly context: string | undefined;
  readonly namespace: string;
  readonly #transport: Transport;

  constructor(transport: Transport, place: { server: string; context: string | undefined; namespace: string }) {
    this.#transport = transport;
    this.server = place.server;
    this.context = place.context;
    this.namespace = place.namespace;
  }

  /** HTTP requests sent so far, retries included. */
  get requests(): number {
    return this.#transport.requests;
  }

  get<T extends StoredObject>(
    resource: Resource,
    name: string,
    options: CallOptions & { namespace?: string; subresource?: string } = {},
  ): Promise<T> {
    const path = pathOf(resource, options.namespace, name, options.subresource);
    return json<T>(this.#transport, { method: 'GET', path, ...call(options) });
  }

  list<T extends StoredObject, U = T>(resource: Resource, options: ListOptions<T, U> = {}): Promise<ListResult<U>> {
    return list<T, U>(this.#transport, pathOf(resource, options.namespace), options);
  }

  watch<T extends StoredObject>(
    resource: Resource,
    options: Selection & { signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    return watch<T>(this.#transport, pathOf(resource, options.namespace), options);
  }

  create<T extends StoredObject>(resource: Resource, object: T, options: WriteOptions = {}): Promise<T> {
    const namespace = options.namespace ?? object.metadata.namespace;
    // Only a subresource, such as an eviction, is created on an object that has a name already.
    const name = options.subresource === undefined ? undefined : object.metadata.name;
    const path = pathOf(resource, namespace, name, options.subresource);
    return json<T>(this.#transport, {
      method: 'POST',
      path,
      query: writing(options),
      body: JSON.stringify(object),
      ...call(options),
    });
  }

  patch<T extends StoredObject>(
    resource: Resource,
    name: string,
    type: PatchType,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    return json<T>(this.#transport, {
      method: 'PATCH',
      path: pathOf(resource, options.namespace, name, options.subresource),
      query: { ...writing(options), force: type === 'apply' && options.force === true ? 'true' : undefined },
      headers: { 'content-type': contentTypes[type] },
      body: JSON.stringify(patch),
      ...call(options),
    });
  }

  async delete(
    resource: Resource,
    name: string,
    options: WriteOptions & {
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
      preconditions?: { uid?: string; resourceVersion?: string };
    } = {},
  ): Promise<void> {
    const { propagationPolicy, preconditions, dryRun } = options;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, preconditions };
    await this.#transport.send({
      method: 'DELETE',
      path: pathOf(resource, options.namespace, name, options.subresource),
      query: dryRun === true ? { dryRun: 'All' } : {},
      body: JSON.stringify(body),
      // Gone after a try whose answer was lost: that try did it.
      accept: (status, repeated) => isSuccess(status) || (status === 404 && repeated),
      ...call(options),
    });
  }

  raw(method: string, path: string, options: RawOptions = {}): Promise<RawResponse> {
    const { query = {}, headers = {}, body, accept = isSuccess } = options;
    const request: ApiRequest = { method, path, query, headers, accept, ...call(options) };
    if (body !== undefined) request.body = typeof body === 'string' ? body : JSON.stringify(body);
    return this.#transport.send(request);
  }

  serverNow(): number {
    return this.#transport.serverNow();
  }

  close(): void {
    this.#transport.close();
  }
}

function call({ signal, timeout }: CallOptions): CallOptions {
  return { ...(signal && { signal }), ...(timeout !== undefined && { timeout }) };
}

function writing({ dryRun, fieldManager = 'ferry' }: WriteOptions): Record<string, string | undefined> {
  return { dryRun: dryRun === true ? 'All' : undefined, fieldManager };
}
