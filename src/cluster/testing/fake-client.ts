import { ApiError } from '../../kube/errors.ts';
import type { KubeClient, RawResponse, Resource, StoredObject } from '../../kube/types.ts';

/** What the fake answers instead of objects. */
export type Refusal = { status: number; reason?: string; message?: string } | Error;

export interface Fake {
  client: KubeClient;
  /** `METHOD path?query` of every call, in order. */
  calls: string[];
}

export interface FakeOptions {
  /** Stored objects, each under `group/version/plural`. */
  objects?: Record<string, StoredObject[]>;
  /** Answers of raw GETs by path. */
  raw?: Record<string, string | Refusal>;
  /** Refusals by `VERB group/plural` or, stronger, `VERB group/plural namespace`. */
  refuse?: Record<string, Refusal>;
  now?: number;
}

/** A KubeClient over objects in memory, for tests that need no HTTP. Items of core kinds come without kind, as from a real server. */
export function fakeClient({
  objects = {},
  raw = {},
  refuse = {},
  now = Date.UTC(2026, 0, 2, 3, 4, 5),
}: FakeOptions): Fake {
  const calls: string[] = [];
  const listOf = (resource: Resource): StoredObject[] =>
    (objects[`${resource.group}/${resource.version}/${resource.plural}`] ??= []);
  const guard = (verb: string, resource: Resource, namespace: string | undefined): void => {
    const key = `${verb} ${resource.group}/${resource.plural}`;
    const refusal = refuse[`${key} ${namespace ?? ''}`] ?? refuse[key];
    if (refusal !== undefined) throw errorOf(refusal, verb, resource);
  };
  const find = (resource: Resource, name: string, namespace: string | undefined): StoredObject => {
    const found = listOf(resource).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    if (found === undefined) throw errorOf({ status: 404, reason: 'NotFound' }, 'get', resource);
    return found;
  };
  const client: KubeClient = {
    server: 'https://fake.invalid',
    context: undefined,
    namespace: 'default',
    async list(resource, options = {}) {
      const { namespace, fieldSelector, signal } = options;
      calls.push(
        `LIST ${resource.group}/${resource.version}/${resource.plural} ${namespace ?? '*'} ${fieldSelector ?? ''}`.trim(),
      );
      await Promise.resolve();
      signal?.throwIfAborted();
      guard('list', resource, namespace);
      const items = listOf(resource).filter(
        ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
      );
      const copies = items.map((item) => {
        const copy = structuredClone(item);
        delete copy.kind;
        delete copy.apiVersion;
        return options.map === undefined ? copy : options.map(copy as never);
      });
      return { items: copies as never, resourceVersion: '1' };
    },
    async get(resource, name, { namespace } = {}) {
      calls.push(`GET ${resource.plural} ${namespace ?? ''}/${name}`);
      guard('get', resource, namespace);
      return structuredClone(find(resource, name, namespace)) as never;
    },
    async create(resource, object, { namespace, dryRun = false } = {}) {
      calls.push(`CREATE ${resource.plural} ${namespace ?? ''}/${object.metadata.name}${dryRun ? ' dry' : ''}`);
      guard('create', resource, namespace);
      if (
        listOf(resource).some(
          ({ metadata }) => metadata.name === object.metadata.name && metadata.namespace === namespace,
        )
      ) {
        throw errorOf({ status: 409, reason: 'AlreadyExists' }, 'create', resource);
      }
      const stored = structuredClone(object);
      stored.metadata.uid = `uid-${object.metadata.name}`;
      if (!dryRun) listOf(resource).push(stored);
      return structuredClone(stored);
    },
    async delete(resource, name, { namespace, preconditions, dryRun = false } = {}) {
      calls.push(`DELETE ${resource.plural} ${namespace ?? ''}/${name}${dryRun ? ' dry' : ''}`);
      guard('delete', resource, namespace);
      const found = find(resource, name, namespace);
      if (preconditions?.uid !== undefined && preconditions.uid !== found.metadata.uid) {
        throw errorOf({ status: 409, reason: 'Conflict' }, 'delete', resource);
      }
      if (!dryRun) listOf(resource).splice(listOf(resource).indexOf(found), 1);
    },
    async raw(method, path): Promise<RawResponse> {
      calls.push(`${method} ${path}`);
      const answer = raw[path] ?? { status: 404, reason: 'NotFound' };
      if (typeof answer !== 'string') throw errorOf(answer, 'get', undefined);
      return { status: 200, headers: {}, text: answer };
    },
    patch: () => Promise.reject(new Error('the fake does not patch')),
    watch: () => {
      throw new Error('the fake does not watch');
    },
    serverNow: () => now,
    close: () => undefined,
  };
  return { client, calls };
}

function errorOf(refusal: Refusal, verb: string, resource: Resource | undefined): Error {
  if (refusal instanceof Error) return refusal;
  const { status, reason, message = `the fake answers ${status}` } = refusal;
  const access = { verb, ...(resource !== undefined && { group: resource.group, resource: resource.plural }) };
  return new ApiError(status, access, {
    message,
    body: { message, code: status, ...(reason !== undefined && { reason }) },
  });
}
