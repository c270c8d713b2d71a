import { isConflict, isNotFound } from '../kube/errors.ts';
import type { CallOptions, KubeClient, Resource } from '../kube/types.ts';
import type { KubeObject, MigrationPolicy } from '../model/objects.ts';
import { resources } from './resources.ts';
import { MANAGED_BY, type WriteMode } from './writer.ts';

const FIELD_MANAGER = 'ferry';

const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** The object that holds settings, to be read and patched. */
export interface SettingsObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

function resourceOf({ apiVersion, kind }: SettingsObject): Resource {
  const { group, plural, namespaced } = kind === 'HyperConverged' ? resources.hyperConvergeds : resources.kubeVirts;
  return { group, plural, namespaced, version: apiVersion.split('/').at(-1) ?? 'v1' };
}

function inNamespace({ metadata }: SettingsObject): { namespace?: string } {
  return metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
}

/** The HyperConverged or KubeVirt CR as it is now, whole. */
export async function readSettingsObject(
  client: KubeClient,
  object: SettingsObject,
  options: CallOptions = {},
): Promise<KubeObject & { spec?: unknown; status?: { observedGeneration?: number } }> {
  return await client.get(resourceOf(object), object.metadata.name, { ...options, ...inNamespace(object) });
}

/**
 * Merges settings into a HyperConverged or KubeVirt CR. The patch names the resourceVersion it was decided on: if the
 * object has changed since, the API server answers 409. Throws the client's KubeError.
 */
export async function patchSettings(
  client: KubeClient,
  object: SettingsObject,
  patch: Record<string, unknown> & { metadata?: { resourceVersion?: string } },
  mode: WriteMode = {},
): Promise<KubeObject> {
  return await client.patch<KubeObject>(resourceOf(object), object.metadata.name, 'merge', patch, {
    ...mode,
    ...inNamespace(object),
    fieldManager: FIELD_MANAGER,
  });
}

/** Creates a MigrationPolicy. Throws the client's KubeError. */
export async function createPolicy(client: KubeClient, policy: MigrationPolicy, mode: WriteMode = {}): Promise<void> {
  await client.create(resources.migrationPolicies, policy, { ...mode, fieldManager: FIELD_MANAGER });
}

/** Deletes a MigrationPolicy, if it still is the one that is meant. Throws the client's KubeError. */
export async function deletePolicy(
  client: KubeClient,
  { metadata: { name, uid, resourceVersion } }: MigrationPolicy,
  mode: WriteMode = {},
): Promise<void> {
  const preconditions = {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  await client.delete(resources.migrationPolicies, name, { ...mode, preconditions });
}

/** The data of a ConfigMap; undefined if there is none. */
export async function readConfigMap(
  client: KubeClient,
  namespace: string,
  name: string,
  options: CallOptions = {},
): Promise<{ data: Record<string, string>; resourceVersion: string } | undefined> {
  try {
    const { data, metadata } = await client.get<ConfigMap>(configMaps, name, { ...options, namespace });
    return { data: data ?? {}, resourceVersion: metadata.resourceVersion ?? '' };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Changes entries of a ConfigMap, which is created where there is none: `change` gets what is there and returns the
 * entries to write (null: to remove). On a conflict it is asked again. Returns what `change` decided last.
 */
export async function writeConfigMap<T>(
  client: KubeClient,
  namespace: string,
  name: string,
  change: (data: Record<string, string> | undefined) => { entries: Record<string, string | null>; result: T },
  mode: WriteMode = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const present = await readConfigMap(client, namespace, name, mode);
    const { entries, result } = change(present?.data);
    try {
      if (present === undefined) {
        const data = Object.fromEntries(Object.entries(entries).filter(([, text]) => text !== null)) as Record<
          string,
          string
        >;
        const labels = { [MANAGED_BY]: 'ferry' };
        const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data };
        await client.create(configMaps, object, { ...mode, namespace, fieldManager: FIELD_MANAGER });
      } else {
        const patch = { metadata: { resourceVersion: present.resourceVersion }, data: entries };
        await client.patch(configMaps, name, 'merge', patch, { ...mode, namespace, fieldManager: FIELD_MANAGER });
      }
      return result;
    } catch (error) {
      if (!isConflict(error) || attempt === 5) throw error;
    }
  }
}

/** The name under which the API server knows us; undefined where it does not say (before Kubernetes 1.28). */
export async function whoAmI(client: KubeClient, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { text } = await client.raw('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      headers: { 'content-type': 'application/json' },
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      ...(signal !== undefined && { signal }),
    });
    return (JSON.parse(text) as { status?: { userInfo?: { username?: string } } }).status?.userInfo?.username;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
