import { requireLists } from '../cluster/require-lists.ts';
import { readSnapshot, requireKubeVirt } from '../cluster/snapshot.ts';
import { FerryError } from '../model/errors.ts';
import { nodesOf } from '../model/nodes.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsOf } from '../model/vm.ts';
import type { ToolContext } from './tool.ts';

/** Reads the cluster for one call. Without a namespace: the VMs of all. */
export function readFor(
  { snapshots, ...context }: Pick<ToolContext, 'client' | 'signal' | 'snapshots'>,
  namespace: string | undefined,
): Promise<Snapshot> {
  const reading = snapshots?.get(namespace) ?? readNow(context, namespace);
  snapshots?.set(namespace, reading);
  return reading;
}

async function readNow(
  { client, signal }: Pick<ToolContext, 'client' | 'signal'>,
  namespace: string | undefined,
): Promise<Snapshot> {
  const snapshot = await readSnapshot(client, { namespaces: namespace === undefined ? [] : [namespace], signal });
  requireKubeVirt(snapshot);
  requireLists(snapshot, ['virtualMachines', 'virtualMachineInstances'], namespace);
  return snapshot;
}

/** For settings, which need no right to see VMs: they are read as far as the rights go. */
export async function readSettingsFor({ client, signal }: Pick<ToolContext, 'client' | 'signal'>): Promise<Snapshot> {
  const snapshot = await readSnapshot(client, { namespaces: [], signal });
  requireKubeVirt(snapshot);
  requireLists(snapshot, ['kubeVirts'], undefined);
  return snapshot;
}

/** The VMs of a namespace, or of all. */
export function vmsIn(snapshot: Snapshot, namespace: string | undefined): Vm[] {
  return vmsOf(snapshot).filter((vm) => namespace === undefined || vm.namespace === namespace);
}

/** The one VM that is meant. Throws FERRY_E_NOT_FOUND and FERRY_E_AMBIGUOUS, naming the namespaces. */
export function vmNamed(snapshot: Snapshot, name: string, namespace: string | undefined): Vm {
  const found = vmsIn(snapshot, namespace).filter((vm) => vm.name === name);
  return theOne(found, `VM ${name}`, namespace);
}

/** Of things with the same name. */
export function theOne<T extends { namespace: string }>(
  found: readonly T[],
  what: string,
  namespace: string | undefined,
): T {
  const [first, second] = found;
  if (first === undefined) {
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
    const hint = namespace === undefined ? 'Check the name.' : 'Check the name; without namespace, all are looked in.';
    throw new FerryError('FERRY_E_NOT_FOUND', `there is no ${what}${where}`, hint);
  }
  if (second === undefined) return first;
  const namespaces = found.map((each) => each.namespace).sort();
  throw new FerryError(
    'FERRY_E_AMBIGUOUS',
    `there is a ${what} in ${found.length} namespaces: ${namespaces.slice(0, 20).join(', ')}`,
    'Say which one with namespace.',
  );
}

/** Throws FERRY_E_NOT_FOUND unless the node is known to be there. */
export function requireNodeNamed(snapshot: Snapshot, name: string): void {
  requireLists(snapshot, ['nodes'], undefined);
  if (nodesOf(snapshot).has(name)) return;
  const names = [...nodesOf(snapshot).keys()];
  const shown = names.length > 10 ? `${names.slice(0, 10).join(', ')}, ...` : names.join(', ');
  throw new FerryError('FERRY_E_NOT_FOUND', `there is no node ${name}`, `The nodes are: ${shown}.`);
}
