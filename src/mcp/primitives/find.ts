import { ApiError } from '../../kube/errors.ts';
import type { KubeClient, Resource } from '../../kube/types.ts';
import { FerryError } from '../../model/errors.ts';
import type { ToolContext } from '../tool.ts';

interface Discovered {
  name: string;
  kind: string;
  namespaced: boolean;
}

const VERSION = /^(?:([a-z0-9]([-a-z0-9.]*[a-z0-9])?)\/)?(v[a-z0-9]+)$/;

/** The resource of a kind, as the cluster serves it; refused where it is not on the allow-list. */
export async function resourceOf(
  { client, signal, allowed }: Pick<ToolContext, 'client' | 'signal' | 'allowed'>,
  apiVersion: string,
  kind: string,
  verb: 'read' | 'write' = 'read',
): Promise<Resource> {
  const [, group = '', , version = ''] = VERSION.exec(apiVersion) ?? [];
  if (version === '') {
    throw new FerryError('FERRY_E_USAGE', `"${apiVersion}" is not an apiVersion`, 'Examples: v1, kubevirt.io/v1.');
  }
  // Refused before the cluster is asked: whether there are any is not told either.
  if (/secret/i.test(kind)) throw refused(apiVersion, kind, verb);
  const found = (await discover(client, group, version, signal)).filter(({ name }) => !name.includes('/'));
  const match = found.find((each) => each.kind.toLowerCase() === kind.toLowerCase());
  if (match === undefined) throw unknownKind(apiVersion, kind, found);
  if (!allowed(group, match.name)) throw refused(apiVersion, match.kind, verb);
  return { group, version, plural: match.name, namespaced: match.namespaced };
}

async function discover(
  client: KubeClient,
  group: string,
  version: string,
  signal: AbortSignal,
): Promise<Discovered[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  try {
    const { text } = await client.raw('GET', path, { signal, headers: { accept: 'application/json' } });
    return (JSON.parse(text) as { resources?: Discovered[] }).resources ?? [];
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

function unknownKind(apiVersion: string, kind: string, found: readonly Discovered[]): FerryError {
  const kinds = [...new Set(found.map((each) => each.kind))].sort();
  return new FerryError(
    'FERRY_E_NOT_FOUND',
    `no matches for kind "${kind}" in version "${apiVersion}"`,
    kinds.length === 0
      ? `The cluster does not serve ${apiVersion}.`
      : `It has: ${kinds.slice(0, 40).join(', ')}${kinds.length > 40 ? ', ...' : ''}.`,
  );
}

function refused(apiVersion: string, kind: string, verb: 'read' | 'write'): FerryError {
  return new FerryError(
    'FERRY_E_REFUSED',
    `this server does not ${verb} ${kind} of ${apiVersion}`,
    /secret/i.test(kind)
      ? 'Secrets are never read, nor written.'
      : verb === 'read'
        ? 'Who starts the server can allow it with --allow-resources, except what holds credentials.'
        : 'Who starts the server can allow it with --allow-write-resources, except what holds credentials, gives rights or runs programs.',
  );
}
