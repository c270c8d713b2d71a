import { isNotFound } from '../kube/errors.ts';
import { pathOf } from '../kube/paths.ts';
import type { CallOptions, KubeClient, Resource, StoredObject } from '../kube/types.ts';
import type { WriteMode } from './writer.ts';

const FIELD_MANAGER = 'ferry';

/** Where an object is. */
export interface Place {
  resource: Resource;
  /** Absent for kinds that have none. */
  namespace?: string;
  name: string;
}

/** An object as it is now, whole; undefined if there is none. Throws the client's KubeError. */
export async function readObject(
  client: KubeClient,
  { resource, name, namespace }: Place,
  options: CallOptions = {},
): Promise<StoredObject | undefined> {
  try {
    return await client.get<StoredObject>(resource, name, {
      ...options,
      ...(namespace !== undefined && { namespace }),
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Creates an object. Throws the client's KubeError. */
export async function createObject(
  client: KubeClient,
  { resource, namespace }: Omit<Place, 'name'>,
  object: StoredObject,
  mode: WriteMode = {},
): Promise<StoredObject> {
  const inside = namespace === undefined ? {} : { namespace };
  return await client.create<StoredObject>(resource, object, { ...mode, ...inside, fieldManager: FIELD_MANAGER });
}

/**
 * Merges fields into an object (RFC 7386), which must still have the resourceVersion: else the API server answers 409.
 * Throws the client's KubeError.
 */
export async function mergeObject(
  client: KubeClient,
  { resource, name, namespace }: Place,
  patch: Record<string, unknown>,
  resourceVersion: string,
  mode: WriteMode = {},
): Promise<StoredObject> {
  const metadata = { ...(patch['metadata'] as object | undefined), resourceVersion };
  return await client.patch<StoredObject>(
    resource,
    name,
    'merge',
    { ...patch, metadata },
    { ...mode, ...(namespace !== undefined && { namespace }), fieldManager: FIELD_MANAGER },
  );
}

/** A subresource of KubeVirt's that acts on a VM: a PUT without an object (facts/kubevirt.md I). */
export type VmAction = 'start' | 'stop' | 'restart' | 'pause' | 'unpause';

/** Calls it. The dry run is in the body: KubeVirt's API server does not look at the query. Throws the client's KubeError. */
export async function callVmAction(
  client: KubeClient,
  { namespace, name }: { namespace: string; name: string },
  action: VmAction,
  { dryRun = false, ...options }: WriteMode = {},
): Promise<void> {
  const plural = action === 'pause' || action === 'unpause' ? 'virtualmachineinstances' : 'virtualmachines';
  const resource = { group: 'subresources.kubevirt.io', version: 'v1', plural, namespaced: true };
  await client.raw('PUT', pathOf(resource, namespace, name, action), {
    ...options,
    headers: { 'content-type': 'application/json' },
    body: dryRun ? { dryRun: ['All'] } : {},
  });
}
