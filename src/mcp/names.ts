import { type KindOfResource, resources } from '../cluster/resources.ts';
import { ApiError } from '../kube/errors.ts';
import { pathOf } from '../kube/paths.ts';
import type { KubeClient } from '../kube/types.ts';
import { compareText } from '../model/memo.ts';
import type { Complete, Source } from './resource.ts';

interface Named {
  namespace: string;
  name: string;
}

interface Page {
  metadata?: { continue?: string };
  items?: { metadata: { namespace?: string; name: string } }[] | null;
}

/** Somebody types: what was read a moment ago will do. */
const FRESH = 5_000;
/** Lists kept of one connection, and names in each: more are no help to anybody who types. */
const KEPT = 8;
const MOST = 20_000;

const METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

const known = new WeakMap<KubeClient, Map<string, { at: number; names: Promise<Named[]> }>>();

/**
 * Names of objects, from their metadata alone. Who may not list them in all namespaces gets those of the given one;
 * who may not do that either gets none, so that nothing is told that the user may not see.
 */
async function namesOf(source: Source, resource: KindOfResource, namespace?: string): Promise<Named[]> {
  const client = await source.client();
  try {
    return await kept(client, resource, undefined, source.signal);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403) || namespace === undefined) throw error;
    return await kept(client, resource, namespace, source.signal);
  }
}

function kept(
  client: KubeClient,
  resource: KindOfResource,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Named[]> {
  const lists = known.get(client) ?? new Map<string, { at: number; names: Promise<Named[]> }>();
  known.set(client, lists);
  const path = pathOf(resource, namespace);
  const last = lists.get(path);
  const now = performance.now();
  if (last !== undefined && now - last.at < FRESH) return last.names;
  const names = read(client, path, signal);
  names.catch(() => lists.delete(path));
  if (lists.size >= KEPT) lists.clear();
  lists.set(path, { at: now, names });
  return names;
}

async function read(client: KubeClient, path: string, signal: AbortSignal): Promise<Named[]> {
  const names: Named[] = [];
  let token: string | undefined;
  do {
    const query = { limit: '500', ...(token !== undefined && { continue: token }) };
    const { text } = await client.raw('GET', path, { query, headers: { accept: METADATA }, signal });
    const page = JSON.parse(text) as Page;
    for (const { metadata } of page.items ?? [])
      names.push({ namespace: metadata.namespace ?? '', name: metadata.name });
    token = page.metadata?.continue || undefined;
  } while (token !== undefined && names.length < MOST);
  return names;
}

/** Completes namespaces: those that hold such objects. */
export function namespacesWith(...of: KindOfResource[]): Complete {
  return async (_, source) => distinct((await all(source, of, undefined)).map(({ namespace }) => namespace));
}

/** Completes names of such objects, in the namespace where one has been given. */
export function namesWith(...of: KindOfResource[]): Complete {
  return async ({ namespace }, source) => {
    const found = await all(source, of, namespace);
    return distinct(
      found.filter((each) => namespace === undefined || each.namespace === namespace).map(({ name }) => name),
    );
  };
}

async function all(source: Source, of: readonly KindOfResource[], namespace: string | undefined): Promise<Named[]> {
  return (await Promise.all(of.map((each) => namesOf(source, each, namespace)))).flat();
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort(compareText);
}

/** VMs, those without a VirtualMachine included. */
export const vms = [resources.virtualMachines, resources.virtualMachineInstances] as const;
