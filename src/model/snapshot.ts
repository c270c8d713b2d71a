import type {
  CsiNode,
  DaemonSet,
  HyperConverged,
  KubeDescheduler,
  KubeVirt,
  LimitRange,
  MigrationPolicy,
  Namespace,
  NetworkAttachmentDefinition,
  Node,
  NodeNetworkConfigurationPolicy,
  NodeNetworkState,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ResourceQuota,
  StorageClass,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from './objects.ts';

export const API_VERSION = 'ferry.run/v1alpha1';

/** Why a list is not known. `missing`: the cluster does not serve the kind; `forbidden`: we may not read it. */
export type UnknownReason = 'missing' | 'forbidden' | 'failed';

/** A rule of a Role or ClusterRole. */
export interface ListRule {
  apiGroup: string;
  resource: string;
  verb: 'list';
}

/** What one LIST gave. Unknown is never taken for empty: whoever needs the items must say what it does without them. */
export type Listing<T> =
  | {
      known: true;
      items: T[];
      /** Only these namespaces could be read, though the whole cluster was wanted. */
      onlyNamespaces?: string[];
      /** The rule that would grant the LIST of the whole cluster, where only namespaces could be read. */
      rule?: ListRule;
    }
  | {
      known: false;
      why: UnknownReason;
      message: string;
      /** The rule that would grant the LIST, when it was forbidden. */
      rule?: ListRule;
    };

/** What the lists of a Snapshot hold, by the name of the list. */
export interface SnapshotLists {
  nodes: Node;
  virtualMachines: VirtualMachine;
  virtualMachineInstances: VirtualMachineInstance;
  migrations: VirtualMachineInstanceMigration;
  claims: PersistentVolumeClaim;
  storageClasses: StorageClass;
  pods: Pod;
  daemonSets: DaemonSet;
  kubeVirts: KubeVirt;
  hyperConvergeds: HyperConverged;
  migrationPolicies: MigrationPolicy;
  networkAttachments: NetworkAttachmentDefinition;
  nodeNetworkPolicies: NodeNetworkConfigurationPolicy;
  nodeNetworkStates: NodeNetworkState;
  resourceQuotas: ResourceQuota;
  limitRanges: LimitRange;
  disruptionBudgets: PodDisruptionBudget;
  namespaces: Namespace;
  volumes: PersistentVolume;
  csiNodes: CsiNode;
  deschedulers: KubeDescheduler;
}

export type SnapshotList = keyof SnapshotLists;

/** What virt-handler measured of a running guest. */
export interface GuestMetrics {
  namespace: string;
  /** Of the VMI. */
  name: string;
  /** Where it was measured. */
  node: string;
  /** Memory written within one second, bytes (v1.6+; 0: below 1 MiB/s, or not sampled). */
  dirtyRate?: number;
  /** Memory that QEMU holds on the node, bytes. */
  residentBytes?: number;
}

/** One reading of a cluster. Immutable, plain JSON; every decision of Ferry is a pure function of one. */
export interface Snapshot {
  apiVersion: typeof API_VERSION;
  kind: 'Snapshot';
  /** The API server's clock when reading began, RFC 3339. Decisions take "now" from here. */
  takenAt: string;
  /** Namespaces that were read; empty: all of them. Cluster-scoped kinds are always read whole. */
  namespaces: string[];
  versions: { kubernetes?: string; kubevirt?: string; hyperConverged?: string; openshift: boolean };
  lists: { [K in SnapshotList]: Listing<SnapshotLists[K]> };
  /** Measured when the Snapshot was saved; a reading for one command does without. */
  guests?: Listing<GuestMetrics>;
}

/** The items of a list, or none where it is unknown. For uses where unknown and empty may be treated alike. */
export function itemsOf<T>(listing: Listing<T>): T[] {
  return listing.known ? listing.items : [];
}
