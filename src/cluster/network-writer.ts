import { isDeepStrictEqual } from 'node:util';
import { isConflict, isNotFound } from '../kube/errors.ts';
import type { CallOptions, KubeClient, Resource, StoredObject } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { resources } from './resources.ts';
import type { WriteMode } from './writer.ts';

// All that Ferry writes for a migration network: narrow patches, each on the resourceVersion it was decided on.

const FIELD_MANAGER = 'ferry';
/** How often a write that somebody else's overtook is decided anew. */
const TRIES = 5;

/** The object that holds the migration network among the cluster's settings. */
export interface NetworkSetting {
  apiVersion: string;
  kind: 'HyperConverged' | 'KubeVirt';
  namespace: string;
  name: string;
  /** Where in it, from `spec` on. */
  path: string[];
}

/** A record of Ferry's own, in a ConfigMap. */
export interface StoredRecord {
  text: string;
  resourceVersion: string;
}

const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
const RECORD_KEY = 'journal';

interface ConfigMap extends StoredObject {
  data?: Record<string, string>;
}

type Labels = Record<string, string>;
const MANAGED: Labels = { 'app.kubernetes.io/managed-by': 'ferry' };

/** An object by its name; undefined if there is none. Throws the client's KubeError. */
async function found<T extends StoredObject>(
  client: KubeClient,
  resource: Resource,
  name: string,
  options: CallOptions & { namespace?: string },
): Promise<T | undefined> {
  try {
    return await client.get<T>(resource, name, options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The call's own options: a GET has no dry run. */
function calling({ signal, timeout }: WriteMode): CallOptions {
  return { ...(signal !== undefined && { signal }), ...(timeout !== undefined && { timeout }) };
}

/**
 * Makes an object, or puts fields of its `spec` right. Returns it as it is then. Throws FERRY_E_REFUSED where somebody
 * else changes it all the time, else the client's KubeError.
 */
async function put<T extends StoredObject & { spec?: object }>(
  client: KubeClient,
  resource: Resource,
  wanted: T & { spec: object },
  mode: WriteMode,
): Promise<T> {
  const { name, namespace } = wanted.metadata;
  const at = namespace === undefined ? {} : { namespace };
  for (let tries = 0; tries < TRIES; tries++) {
    const present = await found<T>(client, resource, name, { ...calling(mode), ...at });
    try {
      if (present === undefined)
        return await client.create<T>(resource, wanted, { ...mode, ...at, fieldManager: FIELD_MANAGER });
      const spec = (present.spec ?? {}) as Record<string, unknown>;
      const wrong = Object.entries(wanted.spec).filter(([key, value]) => !isDeepStrictEqual(spec[key], value));
      if (wrong.length === 0) return present;
      const patch = [
        // A conflict if it has changed since.
        { op: 'replace', path: '/metadata/resourceVersion', value: present.metadata.resourceVersion },
        ...(present.spec === undefined ? [{ op: 'add', path: '/spec', value: {} }] : []),
        ...wrong.map(([key, value]) => ({ op: 'add', path: `/spec/${key}`, value: value as unknown })),
      ];
      return await client.patch<T>(resource, name, 'json', patch, { ...mode, ...at, fieldManager: FIELD_MANAGER });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  throw overtaken(`${wanted.kind ?? resource.plural} ${name}`);
}

function overtaken(what: string): FerryError {
  return new FerryError(
    'FERRY_E_REFUSED',
    `${what} is being changed by somebody else all the time`,
    'Find out who (.metadata.managedFields tells), and try again when they are done.',
  );
}

/** Makes a policy for NMState, or its node selector and desired state what they are to be. */
export function putPolicy(
  client: KubeClient,
  wanted: NodeNetworkConfigurationPolicy,
  mode: WriteMode = {},
): Promise<NodeNetworkConfigurationPolicy> {
  return put(client, resources.nodeNetworkPolicies, { ...wanted, spec: wanted.spec ?? {} }, mode);
}

/** Makes a network, or its configuration what it is to be. */
export function putAttachment(
  client: KubeClient,
  wanted: NetworkAttachmentDefinition,
  mode: WriteMode = {},
): Promise<NetworkAttachmentDefinition> {
  return put(client, resources.networkAttachments, { ...wanted, spec: wanted.spec ?? {} }, mode);
}

export function findPolicy(
  client: KubeClient,
  name: string,
  options: CallOptions = {},
): Promise<NodeNetworkConfigurationPolicy | undefined> {
  return found(client, resources.nodeNetworkPolicies, name, options);
}

export function findAttachment(
  client: KubeClient,
  namespace: string,
  name: string,
  options: CallOptions = {},
): Promise<NetworkAttachmentDefinition | undefined> {
  return found(client, resources.networkAttachments, name, { ...options, namespace });
}

/** Deletes a policy; that undoes nothing of what it did on the nodes. No error if there is none. */
export function deletePolicy(client: KubeClient, name: string, mode: WriteMode = {}): Promise<void> {
  return remove(client, resources.nodeNetworkPolicies, name, mode);
}

export function deleteAttachment(
  client: KubeClient,
  namespace: string,
  name: string,
  mode: WriteMode = {},
): Promise<void> {
  return remove(client, resources.networkAttachments, name, { ...mode, namespace });
}

async function remove(
  client: KubeClient,
  resource: Resource,
  name: string,
  options: WriteMode & { namespace?: string },
): Promise<void> {
  try {
    await client.delete(resource, name, options);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function resourceOf({ apiVersion, kind }: NetworkSetting): Resource {
  const [group = '', version = ''] = apiVersion.split('/');
  return { ...(kind === 'HyperConverged' ? resources.hyperConvergeds : resources.kubeVirts), group, version };
}

/** The migration network that the setting's object names; undefined if none. */
export async function readNetworkSetting(
  client: KubeClient,
  setting: NetworkSetting,
  options: CallOptions = {},
): Promise<{ value: string | undefined; resourceVersion: string | undefined }> {
  const { namespace, name, path } = setting;
  const object = await client.get<StoredObject>(resourceOf(setting), name, { ...options, namespace });
  let value: unknown = object;
  for (const key of path) value = (value as Record<string, unknown> | undefined | null)?.[key];
  const { resourceVersion } = object.metadata;
  return { value: typeof value === 'string' && value !== '' ? value : undefined, resourceVersion };
}

/**
 * Sets the migration network (undefined: takes it out), provided that it is `expected` or what it is to be already.
 * Throws FERRY_E_REFUSED if it is something else by now, else the client's KubeError.
 */
export async function writeNetworkSetting(
  client: KubeClient,
  setting: NetworkSetting,
  { expected, value }: { expected: string | undefined; value: string | undefined },
  mode: WriteMode = {},
): Promise<void> {
  const { namespace, name, path, kind } = setting;
  for (let tries = 0; tries < TRIES; tries++) {
    const now = await readNetworkSetting(client, setting, calling(mode));
    if (now.value === value) return;
    if (now.value !== expected) {
      throw new FerryError(
        'FERRY_E_REFUSED',
        `the migration network was ${expected ?? 'not set'} and is ${now.value ?? 'not set'} now: somebody else changed ${kind} ${name}`,
        'Agree with them on who sets it, then plan again.',
      );
    }
    const fields = [...path].reverse().reduce<unknown>((inner, key) => ({ [key]: inner }), value ?? null) as object;
    const patch = { ...fields, metadata: { resourceVersion: now.resourceVersion } };
    try {
      await client.patch(resourceOf(setting), name, 'merge', patch, {
        ...mode,
        namespace,
        fieldManager: FIELD_MANAGER,
      });
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  throw overtaken(`${kind} ${name}`);
}

/** A record of Ferry's own; undefined if there is none. */
export async function readRecord(
  client: KubeClient,
  namespace: string,
  name: string,
  options: CallOptions = {},
): Promise<StoredRecord | undefined> {
  const object = await found<ConfigMap>(client, configMaps, name, { ...options, namespace });
  if (object === undefined) return undefined;
  return { text: object.data?.[RECORD_KEY] ?? '', resourceVersion: object.metadata.resourceVersion ?? '' };
}

/**
 * Writes a record: a new one (`resourceVersion` undefined), or over the one that was read. Returns its resourceVersion.
 * Throws FERRY_E_REFUSED if another process has written it since.
 */
export async function writeRecord(
  client: KubeClient,
  {
    namespace,
    name,
    text,
    resourceVersion,
  }: { namespace: string; name: string; text: string; resourceVersion?: string },
  mode: WriteMode = {},
): Promise<string> {
  const data = { [RECORD_KEY]: text };
  try {
    const written =
      resourceVersion === undefined
        ? await client.create<ConfigMap>(
            configMaps,
            { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: MANAGED } as never, data },
            { ...mode, namespace, fieldManager: FIELD_MANAGER },
          )
        : await client.patch<ConfigMap>(
            configMaps,
            name,
            'merge',
            { metadata: { resourceVersion }, data },
            { ...mode, namespace, fieldManager: FIELD_MANAGER },
          );
    return written.metadata.resourceVersion ?? '';
  } catch (error) {
    if (!isConflict(error)) throw error;
    // The write may have arrived, and only its answer been lost.
    const present = await readRecord(client, namespace, name, calling(mode));
    if (present?.text === text) return present.resourceVersion;
    throw new FerryError(
      'FERRY_E_REFUSED',
      `another ferry is at work: it has written ConfigMap ${namespace}/${name} since`,
      'Let it finish. If it is gone, take its run over with: ferry network apply --resume.',
      { cause: error },
    );
  }
}

export function deleteRecord(client: KubeClient, namespace: string, name: string, mode: WriteMode = {}): Promise<void> {
  return remove(client, configMaps, name, { ...mode, namespace });
}
