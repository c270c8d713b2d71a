import type { KubeDescheduler, LiveMigrationConfig } from '../../model/objects.ts';
import type { Nic } from '../controllers/nmstate-hardware.ts';
import type { FaultRequest } from '../faults/injector.ts';

/** Nodes that are alike. They are named PREFIX-0, PREFIX-1, ... */
export interface NodeGroup {
  prefix: string;
  count: number;
  role: 'control-plane' | 'worker';
  /** On a single node the control plane runs VMs, too. */
  runsVms?: boolean;
  cores: number;
  memory: string;
  sockets: number;
  /** Of the NIC that carries the cluster network (and, without a dedicated one, migrations), Gbit/s. */
  nicGbps: number;
  mtu?: number;
  /** NICs that nothing uses yet: to build a dedicated network on. */
  nics?: Nic[];
  /** Reserved huge pages by size, e.g. `{ '1Gi': '6Ti' }`. */
  hugepages?: Record<string, string>;
  /** Devices by resource name, on the first `onNodes` nodes. */
  devices?: { resource: string; count: number; onNodes: number };
  cpuManager?: boolean;
  /** What its processors encrypt guests' memory with: AMD's (SEV, SEV-ES, SEV-SNP) or Intel's. */
  confidential?: 'sev' | 'tdx';
  cpuModel?: string;
}

/** A dedicated network for migrations: a second NIC on each worker, an NNCP, a NAD with whereabouts addresses. */
interface MigrationNetwork {
  name: string;
  interface: string;
  gbps: number;
  mtu: number;
  /** First three octets of its /24. */
  subnet: string;
}

/** Where disks come from. `accessModes` and `volumeMode` are what its claims get. */
export interface StorageKind {
  name: string;
  provisioner: string;
  parameters?: Record<string, string>;
  accessModes: ('ReadWriteMany' | 'ReadWriteOnce')[];
  volumeMode: 'Block' | 'Filesystem';
  isDefault?: boolean;
  /** Its volumes exist on one node only. */
  local?: boolean;
  /** How many volumes its driver attaches to a node; no limit unless told. */
  attachLimit?: number;
}

export interface VmDescription {
  name: string;
  namespace: string;
  cores: number;
  memory: string;
  /** Where it runs; of a stopped VM: nothing. */
  node?: string;
  disks: { name: string; storage: string; size: string }[];
  cloudInit?: boolean;
  os?: 'rhel9' | 'windows2k22';
  labels?: Record<string, string>;
  nodeSelector?: Record<string, string>;
  hostDevices?: string[];
  hugepages?: string;
  dedicatedCpu?: boolean;
  evictionStrategy?: 'LiveMigrate' | 'LiveMigrateIfPossible' | 'None';
  /** What runs in the guest (see controllers/guest.ts). */
  workload?: { zero?: string; writes?: string; cpu?: number; agent?: boolean };
  /** Days since it was created; it has run since, unless it is stopped. */
  ageDays: number;
}

/** A cluster to start a lab with, as plain data. */
export interface Scenario {
  name: string;
  description: string;
  nodes: NodeGroup[];
  namespaces: { name: string; labels?: Record<string, string> }[];
  storage: StorageKind[];
  vms: VmDescription[];
  migrationNetwork?: MigrationNetwork;
  liveMigrationConfig?: LiveMigrationConfig;
  /** A rival that moves VMs by itself: the spec of a KubeDescheduler. Default: none is installed. */
  descheduler?: NonNullable<KubeDescheduler['spec']>;
  /** What breaks by itself: `at` is lab time from the start, the rest as `ferry lab fault` takes it. */
  faults?: (FaultRequest & { at: string })[];
  /** PVs for all claims (default), or only for local ones: of thousands nobody looks at them. */
  volumes?: 'all' | 'local';
}
