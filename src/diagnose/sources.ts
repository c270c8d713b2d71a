import type { LogSource } from '../cluster/dossier.ts';
import type { Pod, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { Vm } from '../model/vm.ts';

/** Where to look for what was said about something: events of which namespaces, logs of which containers, lines with which words. */
export interface Sources {
  /** None: events of the whole cluster. */
  namespaces: string[];
  logs: LogSource[];
  /** None: all lines. */
  words: string[];
}

/** The container that says something, by the label kubevirt.io of its pod. */
const containers: Record<string, string> = {
  'virt-handler': 'virt-handler',
  'virt-controller': 'virt-controller',
  'virt-launcher': 'compute',
};

/** Around a VM and its migrations: its launchers, the virt-handlers of the nodes they are on, virt-controller. */
export function sourcesOfVm(snapshot: Snapshot, vm: Vm, migrations: VirtualMachineInstanceMigration[] = []): Sources {
  const nodes = new Set([
    ...vm.launchers.map(({ spec }) => spec?.nodeName),
    vm.node,
    vm.vmi?.status?.migrationState?.sourceNode,
    vm.vmi?.status?.migrationState?.targetNode,
    ...migrations.flatMap(({ status }) => [status?.migrationState?.sourceNode, status?.migrationState?.targetNode]),
  ]);
  const uid = vm.vmi?.metadata.uid;
  const logs = itemsOf(snapshot.lists.pods).filter(({ metadata, spec }) => {
    const { labels = {} } = metadata;
    if (labels['kubevirt.io'] === 'virt-launcher') return uid !== undefined && labels['kubevirt.io/created-by'] === uid;
    return (
      labels['kubevirt.io'] === 'virt-controller' ||
      (labels['kubevirt.io'] === 'virt-handler' && nodes.has(spec?.nodeName))
    );
  });
  const words = [vm.name, ...migrations.flatMap(({ metadata }) => [metadata.name, metadata.uid ?? ''])];
  // A launcher speaks of its own guest only, and names it in few of its lines.
  return {
    namespaces: [vm.namespace],
    logs: logs.flatMap(logOf),
    words: [...words.filter((word) => word !== ''), 'igration'],
  };
}

/** Around a node: its virt-handler, and what was said anywhere. */
export function sourcesOfNode(snapshot: Snapshot, node: string): Sources {
  const logs = itemsOf(snapshot.lists.pods).filter(
    ({ metadata, spec }) => metadata.labels?.['kubevirt.io'] === 'virt-handler' && spec?.nodeName === node,
  );
  return { namespaces: [], logs: logs.flatMap(logOf), words: [] };
}

/** Of the cluster: what was said anywhere, and virt-controller's logs. */
export function sourcesOfCluster(snapshot: Snapshot): Sources {
  const logs = itemsOf(snapshot.lists.pods).filter(
    ({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-controller',
  );
  return { namespaces: [], logs: logs.flatMap(logOf), words: [] };
}

function logOf({ metadata, spec }: Pod): LogSource[] {
  const component = metadata.labels?.['kubevirt.io'] ?? '';
  const container = containers[component];
  if (container === undefined) return [];
  const { namespace = '', name } = metadata;
  return [{ namespace, pod: name, container, component, ...(spec?.nodeName !== undefined && { node: spec.nodeName }) }];
}
