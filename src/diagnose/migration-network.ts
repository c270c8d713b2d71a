import { hostInterfaceOf, readCni } from '../model/cni.ts';
import type { Dossier } from '../model/dossier.ts';
import type { NodeView } from '../model/nodes.ts';
import { nodesOf } from '../model/nodes.ts';
import type { NetworkAttachmentDefinition, Pod } from '../model/objects.ts';
import { settingsOf } from '../model/settings.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';

const STATUS = 'k8s.v1.cni.cncf.io/network-status';
/** The name virt-handler looks for (facts/kubevirt.md D7). */
const INTERFACE = 'migration0';

/** The migration network that is set, and where its network attachment is looked for (facts/kubevirt.md D7). */
export interface MigrationNetwork {
  /** As it is written in the settings. */
  written: string;
  namespace: string;
  name: string;
  /** Undefined where there is no such object. */
  attachment?: NetworkAttachmentDefinition;
  /** Whether the attachments of its namespace are known. */
  known: boolean;
  /** Namespaces that have one of this name. */
  elsewhere: string[];
}

/** Of a Snapshot, and what was read besides it. */
export function migrationNetworkOf({
  snapshot,
  migrationNetwork,
}: Pick<Dossier, 'snapshot' | 'migrationNetwork'>): MigrationNetwork | undefined {
  const written = settingsOf(snapshot).network.value;
  if (written === undefined || written === '') return undefined;
  const kubeVirt = itemsOf(snapshot.lists.kubeVirts)[0];
  const [first = '', second] = written.split('/');
  const namespace = second === undefined ? (kubeVirt?.metadata.namespace ?? '') : first;
  const name = second ?? first;
  const read = [...itemsOf(snapshot.lists.networkAttachments), ...(migrationNetwork ? itemsOf(migrationNetwork) : [])];
  const all = read.filter(({ metadata }) => metadata.name === name);
  const attachment = all.find(({ metadata }) => metadata.namespace === namespace);
  return {
    written,
    namespace,
    name,
    ...(attachment !== undefined && { attachment }),
    known: areRead(snapshot, namespace) || migrationNetwork?.known === true,
    elsewhere: all.flatMap(({ metadata }) => (metadata.namespace === namespace ? [] : [metadata.namespace ?? ''])),
  };
}

/** A Snapshot of some namespaces has the attachments of those only. */
function areRead({ namespaces, lists: { networkAttachments } }: Snapshot, namespace: string): boolean {
  if (!networkAttachments.known) return false;
  const only = networkAttachments.onlyNamespaces ?? (namespaces.length === 0 ? undefined : namespaces);
  return only?.includes(namespace) ?? true;
}

/** The address of a virt-handler pod on the migration network; undefined where it has none. */
export function migrationAddress(pod: Pod): string | undefined {
  try {
    const networks = JSON.parse(pod.metadata.annotations?.[STATUS] ?? '[]') as { interface?: string; ips?: string[] }[];
    return networks.find((each) => each.interface === INTERFACE)?.ips?.[0];
  } catch {
    return undefined;
  }
}

/** The MTU of the NIC or bridge under the migration network on a node; undefined where it can't be told. */
export function masterMtu(
  snapshot: Snapshot,
  network: MigrationNetwork,
  node: string,
): { name: string; mtu: number; at: number } | undefined {
  const master = masterOf(network);
  const state = itemsOf(snapshot.lists.nodeNetworkStates).find(({ metadata }) => metadata.name === node);
  const interfaces = (state?.status?.currentState?.interfaces ?? []) as { name?: string; mtu?: number }[];
  const at = interfaces.findIndex(({ name }) => name === master);
  const mtu = interfaces[at]?.mtu;
  return master === undefined || mtu === undefined ? undefined : { name: master, mtu, at };
}

function masterOf({ attachment }: MigrationNetwork): string | undefined {
  return attachment && hostInterfaceOf(readCni(attachment));
}

/** The nodes of a migration. */
export function ends(snapshot: Snapshot, names: (string | undefined)[]): NodeView[] {
  return names.flatMap((name) => {
    const node = name === undefined ? undefined : nodesOf(snapshot).get(name);
    return node === undefined ? [] : [node];
  });
}
