import { resources } from '../cluster/resources.ts';
import type { KubeClient, StoredObject } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import { keyOf } from '../model/memo.ts';
import { nodesOf } from '../model/nodes.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { itemsOf } from '../model/snapshot.ts';
import { type Vm, vmsByName, vmsOf } from '../model/vm.ts';
import type { Reading } from './cluster.ts';
import { parseName } from './names.ts';
import { parseSelector } from './selector.ts';

/** Whether some of the names are nodes: then VMs are looked for in every namespace. */
export function namesNode(names: readonly string[]): boolean {
  return names.some((name) => parseName(name, ['vm', 'node']).kind === 'node');
}

/**
 * The VMs that are meant: those named (`web01`, `vm/web01`, or all on `node/worker-1`), each once and in that order;
 * without names all of the namespace. Of those, the ones with the labels. Throws FERRY_E_NOT_FOUND, saying where the
 * name does exist, and FERRY_E_AMBIGUOUS where several namespaces have it.
 */
export async function selectVms(reading: Reading, names: readonly string[], selector?: string): Promise<Vm[]> {
  const { snapshot, namespace } = reading;
  const hasLabels = selector === undefined ? () => true : parseSelector(selector);
  const inScope = vmsOf(snapshot).filter((vm) => namespace === undefined || vm.namespace === namespace);
  const chosen =
    names.length === 0 ? inScope : (await Promise.all(names.map((name) => find(reading, inScope, name)))).flat();
  return [...new Set(chosen)].filter((vm) => hasLabels((vm.vm ?? vm.vmi)?.metadata.labels ?? {}));
}

async function find(reading: Reading, inScope: readonly Vm[], text: string): Promise<Vm[]> {
  const { kind, name } = parseName(text, ['vm', 'node']);
  if (kind === 'node') {
    requireNode(reading.snapshot, name);
    return inScope.filter((vm) => vm.node === name);
  }
  const found = inScope.filter((vm) => vm.name === name);
  if (found.length === 1) return found;
  if (found.length > 1)
    throw ambiguous(
      name,
      found.map((vm) => vm.namespace),
    );
  throw await notFound(reading, name);
}

/** Throws FERRY_E_NOT_FOUND unless there is such a node, or the nodes are not known. */
export function requireNode(snapshot: Snapshot, name: string): void {
  if (!snapshot.lists.nodes.known || nodesOf(snapshot).has(name)) return;
  const names = [...nodesOf(snapshot).keys()];
  const shown = names.length > 10 ? `${names.slice(0, 10).join(', ')}, ...` : names.join(', ');
  throw new FerryError('FERRY_E_NOT_FOUND', `there is no node ${name}`, `The nodes are: ${shown}.`);
}

export function ambiguous(name: string, namespaces: readonly string[], what = 'VM'): FerryError {
  return new FerryError(
    'FERRY_E_AMBIGUOUS',
    `there is a ${what} ${name} in ${namespaces.length} namespaces: ${namespaces.join(', ')}`,
    `Choose one with -n, for example -n ${namespaces[0]}.`,
  );
}

async function notFound({ snapshot, namespace, client }: Reading, name: string): Promise<FerryError> {
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const elsewhere = await namespacesOf(snapshot, client, name);
  if (elsewhere.length === 0) {
    return new FerryError(
      'FERRY_E_NOT_FOUND',
      `there is no VM ${name}${where}`,
      namespace === undefined ? 'Check the name.' : 'Check the name; -A looks in all namespaces.',
    );
  }
  if (elsewhere.length === 1) {
    const message = `there is no VM ${name}${where}, but there is one in namespace ${elsewhere[0]}`;
    return new FerryError('FERRY_E_NOT_FOUND', message, `Add -n ${elsewhere[0]} if you mean that one.`);
  }
  const message = `there is no VM ${name}${where}, but there are some in the namespaces ${elsewhere.join(', ')}`;
  return new FerryError('FERRY_E_AMBIGUOUS', message, 'Say which one you mean with -n.');
}

/** Other namespaces that have a VM of this name, as far as we may know. */
async function namespacesOf(snapshot: Snapshot, client: KubeClient | undefined, name: string): Promise<string[]> {
  const running = itemsOf(snapshot.lists.virtualMachineInstances).filter((vmi) => vmi.metadata.name === name);
  const known = [
    ...running,
    ...[...vmsByName(snapshot).values()].flatMap(({ vm }) => (vm?.metadata.name === name ? [vm] : [])),
  ];
  const found: StoredObject[] = known;
  if (client !== undefined) {
    try {
      const { items } = await client.list<StoredObject>(resources.virtualMachines, {
        fieldSelector: `metadata.name=${name}`,
      });
      found.push(...items);
    } catch {
      // Not being allowed to look elsewhere must not hide that the name is not here.
    }
  }
  const keys = new Set(found.map(({ metadata }) => keyOf(metadata.namespace, metadata.name)));
  return [...keys].map((key) => key.split('/')[0] as string).sort();
}
