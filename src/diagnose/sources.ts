import type { LogSource } from '../cluster/dossier.ts';
import { keyOf } from '../model/memo.ts';
import { migrationsOf } from '../model/migrations.ts';
import type { Pod, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { isReadyPod } from '../model/pods.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsOf } from '../model/vm.ts';
import { migrationNetworkOf } from './migration-network.ts';

/** Where to look for what was said about something: events of which namespaces, logs of which containers, lines with which words. */
export interface Sources {
  /** None: events of the whole cluster. */
  namespaces: string[];
  logs: LogSource[];
  /** None: all lines. */
  words: string[];
  /** Whether what NMState did on the nodes matters. */
  enactments?: boolean;
  /** The network attachment of the migration network, where the Snapshot does not hold it. */
  attachment?: { namespace: string; name: string };
}

/** Where events about nodes are: those of objects without a namespace. */
const NODE_EVENTS = 'default';

/** The container that says something, by the label kubevirt.io of its pod. */
const containers: Record<string, string> = {
  'virt-handler': 'virt-handler',
  'virt-controller': 'virt-controller',
  'virt-api': 'virt-api',
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
  // virt-handler's proxies name the VMI by its UID only.
  const words = [vm.name, uid ?? '', ...migrations.flatMap(({ metadata }) => [metadata.name, metadata.uid ?? ''])];
  // A launcher speaks of its own guest only, and names it in few of its lines.
  return {
    namespaces: [vm.namespace, NODE_EVENTS],
    logs: [...logs.flatMap(logOf), ...endedLaunchers(vm, migrations, logs)],
    words: [...words.filter((word) => word !== ''), 'igration'],
    ...attachmentUnread(snapshot),
  };
}

/** A Snapshot of the VM's namespace has not the one of KubeVirt's (facts/kubevirt.md D7). */
function attachmentUnread(snapshot: Snapshot): Pick<Sources, 'attachment'> {
  const network = migrationNetworkOf({ snapshot });
  if (network === undefined || network.known) return {};
  return { attachment: { namespace: network.namespace, name: network.name } };
}

/**
 * The launchers of the last migration that have ended: a Snapshot does not hold them, and the target's tells what QEMU
 * did not like there, the source's why it was given up. Those that are gone have no log.
 */
function endedLaunchers(vm: Vm, migrations: VirtualMachineInstanceMigration[], known: Pod[]): LogSource[] {
  const state = (migrations.length === 1 ? migrations[0] : undefined)?.status?.migrationState;
  const { sourcePod, targetPod } = state?.migrationUid === undefined ? (vm.vmi?.status?.migrationState ?? {}) : state;
  const alive = new Set(known.map(({ metadata }) => metadata.name));
  return [sourcePod, targetPod].flatMap((pod) =>
    pod === undefined || pod === '' || alive.has(pod)
      ? []
      : [{ namespace: vm.namespace, pod, container: 'compute', component: 'virt-launcher' }],
  );
}

/** Around a node: its virt-handler, the launchers of migrations from and to it, virt-controller, and what was said anywhere. */
export function sourcesOfNode(snapshot: Snapshot, node: string): Sources {
  const migrating = new Set(
    migrationsOf(snapshot)
      .unfinished.filter(({ sourceNodes, targetNode }) => sourceNodes.includes(node) || targetNode === node)
      .map(({ namespace, vmi }) => keyOf(namespace, vmi)),
  );
  const launchers = new Set(
    vmsOf(snapshot)
      .filter((vm) => migrating.has(keyOf(vm.namespace, vm.name)))
      .flatMap((vm) => vm.launchers),
  );
  const logs = itemsOf(snapshot.lists.pods).filter((pod) => {
    const component = pod.metadata.labels?.['kubevirt.io'];
    if (component === 'virt-handler') return pod.spec?.nodeName === node;
    return component === 'virt-controller' || launchers.has(pod);
  });
  return { namespaces: [], logs: logs.flatMap(logOf), words: [], enactments: true };
}

/** Of the cluster: what was said anywhere, the logs of virt-api, virt-controller and of the virt-handlers that are not ready. */
export function sourcesOfCluster(snapshot: Snapshot): Sources {
  const logs = itemsOf(snapshot.lists.pods).filter((pod) => {
    const component = pod.metadata.labels?.['kubevirt.io'];
    return (
      component === 'virt-api' || component === 'virt-controller' || (component === 'virt-handler' && !isReadyPod(pod))
    );
  });
  return { namespaces: [], logs: logs.flatMap(logOf), words: [], enactments: true };
}

function logOf({ metadata, spec }: Pod): LogSource[] {
  const component = metadata.labels?.['kubevirt.io'] ?? '';
  const container = containers[component];
  if (container === undefined) return [];
  const { namespace = '', name } = metadata;
  return [{ namespace, pod: name, container, component, ...(spec?.nodeName !== undefined && { node: spec.nodeName }) }];
}
