import { resources } from '../../cluster/resources.ts';
import type { Resource, StoredObject } from '../../kube/types.ts';
import { openCluster } from '../cluster.ts';
import type { Io } from '../context.ts';
import type { Candidates } from './candidates.ts';

/** The names that the cluster, or the kubeconfig, has for what is asked. */
export async function askFor(
  io: Io,
  kind: NonNullable<Candidates['ask']>,
  flags: Candidates['flags'],
): Promise<string[]> {
  const text = (name: string): string | undefined => (typeof flags[name] === 'string' ? flags[name] : undefined);
  if (kind === 'contexts') return await contexts(io, text('kubeconfig'));
  const connection = {
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    namespace: text('namespace'),
    as: text('as'),
    // A shell waits for this.
    requestTimeout: 2000,
  };
  const given = Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined));
  const client = await openCluster(io, given);
  try {
    const resource: Resource =
      kind === 'namespaces'
        ? { group: '', version: 'v1', plural: 'namespaces', namespaced: false }
        : resources[lists[kind]];
    const everywhere = !resource.namespaced || flags['allNamespaces'] === true;
    const { items } = await client.list<StoredObject, string>(resource, {
      ...(everywhere ? {} : { namespace: client.namespace }),
      signal: io.signal,
      map: ({ metadata }) => metadata.name,
    });
    return items;
  } finally {
    client.close();
  }
}

const lists = { vms: 'virtualMachines', nodes: 'nodes', migrations: 'migrations' } as const;

async function contexts(io: Io, explicit: string | undefined): Promise<string[]> {
  const { kubeconfigFiles, readKubeconfig, realSurroundings } = await import('../../kube/kubeconfig.ts');
  const surroundings = realSurroundings();
  const files = kubeconfigFiles(explicit, { ...surroundings, env: io.env, home: io.env['HOME'] ?? surroundings.home });
  if (files === undefined) return [];
  return (await readKubeconfig(files)).contexts.map(({ name }) => name);
}
