import type { KubeObject, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { itemsOf, type Snapshot, type SnapshotList } from '../../model/snapshot.ts';
import type { Cluster } from '../cluster.ts';
import { currentPod } from '../controllers/virt-vmi.ts';
import { resources } from '../resources.ts';
import { SYSTEM_NAMESPACES } from '../scenarios/build-system.ts';
import { filled, leaseOf, ranStatus } from './fill.ts';
import { withWorkload } from './guests.ts';

/** Where the lab stores each list, in the order in which the objects refer to each other. */
const ORDER: [SnapshotList, string][] = [
  ['nodes', resources.nodes],
  ['nodeNetworkStates', resources.nodeNetworkStates],
  ['storageClasses', resources.storageClasses],
  ['hyperConvergeds', resources.hyperConvergeds],
  ['kubeVirts', resources.kubeVirts],
  ['nodeNetworkPolicies', resources.nodeNetworkPolicies],
  ['networkAttachments', resources.networkAttachments],
  ['migrationPolicies', resources.migrationPolicies],
  ['resourceQuotas', resources.resourceQuotas],
  ['limitRanges', resources.limitRanges],
  ['disruptionBudgets', resources.disruptionBudgets],
  ['daemonSets', resources.daemonSets],
  ['deschedulers', resources.kubeDeschedulers],
  ['volumes', resources.volumes],
  ['csiNodes', resources.csiNodes],
  ['claims', resources.claims],
  ['virtualMachines', resources.vms],
  ['pods', resources.pods],
  ['virtualMachineInstances', resources.vmis],
  ['migrations', resources.migrations],
];

/**
 * Fills an empty store with what a Snapshot holds: the same objects with the same names, UIDs, placements, settings and
 * limits. What a Snapshot leaves out of an object is put back as far as the lab's controllers and API need it.
 */
export function buildSnapshot(cluster: Cluster, snapshot: Snapshot): void {
  const { store } = cluster;
  const known = new Map(itemsOf(snapshot.lists.namespaces).map(({ metadata }) => [metadata.name, metadata]));
  for (const name of namespacesIn(snapshot)) {
    store.create(resources.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: known.get(name) ?? { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    } as KubeObject);
  }
  const measured = new Map(
    snapshot.guests?.known === true
      ? snapshot.guests.items.map((guest) => [`${guest.namespace}/${guest.name}`, guest])
      : [],
  );
  for (const [list, resource] of ORDER) {
    const items = itemsOf(snapshot.lists[list] as Snapshot['lists']['nodes']) as KubeObject[];
    for (const item of items) {
      const object = filled(cluster, list, item);
      const guest = measured.get(`${item.metadata.namespace ?? ''}/${item.metadata.name}`);
      store.create(resource, guest === undefined ? object : withWorkload(list, object, guest));
    }
  }
  for (const { metadata } of itemsOf(snapshot.lists.nodes))
    store.create(resources.leases, leaseOf(cluster, metadata.name));
  for (const vmi of store.list<VirtualMachineInstance>(resources.vmis)) {
    if (vmi.status?.phase !== 'Running') continue;
    const pod: Pod | undefined = currentPod(cluster, vmi);
    if (pod !== undefined) store.update(resources.vmis, ranStatus(cluster, vmi, pod));
  }
}

/** Every namespace that something is in. */
function namespacesIn({ lists }: Snapshot): string[] {
  const found = new Set([...SYSTEM_NAMESPACES, ...itemsOf(lists.namespaces).map(({ metadata }) => metadata.name)]);
  for (const [list] of ORDER) {
    for (const { metadata } of itemsOf(lists[list] as Snapshot['lists']['nodes'])) {
      if (metadata.namespace !== undefined) found.add(metadata.namespace);
    }
  }
  return [...found].sort();
}
