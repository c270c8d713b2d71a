import { ASSUMED_GBPS, linkSpeeds } from '../model/links.ts';
import { groupBy, keyOf } from '../model/memo.ts';
import { connectionsOf } from '../model/multifd.ts';
import { policyOf } from '../model/policies.ts';
import { bytesOf } from '../model/quantity.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { kubevirt16 } from '../model/versions/index.ts';
import { conditionOf, type Vm, vmsOf } from '../model/vm.ts';
import type { GuestMemory } from '../physics/guest.ts';
import { hotSetOf, WRITES_PER_SECOND } from '../physics/measured.ts';
import { versionIn } from './read.ts';
import { setupOf } from './setup.ts';

/** The settings that decide how a migration goes, as numbers. */
export interface Numbers {
  parallelMigrationsPerCluster: number;
  parallelOutboundMigrationsPerNode: number;
  /** Bytes per second; 0: no limit. */
  bandwidthPerMigration: number;
  completionTimeoutPerGiB: number;
  progressTimeout: number;
  allowAutoConverge: boolean;
  allowPostCopy: boolean;
  allowWorkloadDisruption: boolean;
}

/** A running VM that can migrate, as far as the settings' effects on it can be computed. */
export interface Load {
  vm: Vm;
  key: string;
  node: string;
  guest: GuestMemory;
  /** What its MigrationPolicy sets over the cluster's settings. */
  own: Partial<Numbers>;
  /** Of the node's link that carries migrations, bytes per second of payload. */
  link: number;
  /** Seconds of its migration besides the copying. */
  setup: number;
  connections: (allowPostCopy: boolean) => number;
}

/** How VMs write, from elsewhere than virt-handler's present word: by `namespace/name` of the VMI. */
export interface DirtyRates {
  /** `the 90th percentile of the last day in Prometheus`. */
  source: string;
  byVm: ReadonlyMap<string, number>;
}

export interface Loads {
  all: Load[];
  byNode: Map<string, Load[]>;
  /** Running VMs that can't migrate, or of which too little is known. */
  left: number;
  /** Of all loads, how many have measured writes, and measured memory. */
  measured: { writes: number; memory: number };
  /** Nodes with VMs whose link is known, and all. */
  links: { known: number; of: number };
}

/** Assumed of a guest whose writes nobody measured: so much of its memory is written again and again. */
export const ASSUMED_HOT = 0.01;

/** Of a link's rate, what Ethernet, IP and TCP leave to payload at an MTU of 1500: 1448 of 1538 bytes. */
const PAYLOAD = 1448 / 1538;

/** What is there to migrate. Sorted by namespace and name. */
export function loadsOf(snapshot: Snapshot, rates?: DirtyRates): Loads {
  const version = versionIn(snapshot) ?? kubevirt16;
  const guests = new Map(
    (snapshot.guests === undefined ? [] : itemsOf(snapshot.guests)).map((each) => [
      keyOf(each.namespace, each.name),
      each,
    ]),
  );
  const speeds = linkSpeeds(snapshot);
  const measured = { writes: 0, memory: 0 };
  const all: Load[] = [];
  let left = 0;
  for (const vm of vmsOf(snapshot)) {
    if (!vm.running || vm.node === undefined) continue;
    const { vmi, memoryBytes, node } = vm;
    if (vmi === undefined || memoryBytes === undefined || conditionOf(vm, 'LiveMigratable')?.status === 'False') {
      left++;
      continue;
    }
    const key = keyOf(vm.namespace, vm.name);
    const seen = guests.get(key);
    const rate = rates?.byVm.get(key) ?? seen?.dirtyRate;
    if (rate !== undefined) measured.writes++;
    if (seen?.residentBytes !== undefined) measured.memory++;
    const hot = rate === undefined ? Math.round(memoryBytes * ASSUMED_HOT) : hotSetOf(rate, memoryBytes);
    const zero = seen?.residentBytes === undefined ? 0 : Math.max(0, memoryBytes - seen.residentBytes);
    all.push({
      vm,
      key,
      node,
      guest: {
        size: memoryBytes,
        zero: Math.min(zero, memoryBytes - hot),
        classes: [{ size: hot, writesPerSecond: WRITES_PER_SECOND }],
      },
      own: ownOf(vm, snapshot),
      link: ((speeds.get(node) ?? ASSUMED_GBPS) * 1e9 * PAYLOAD) / 8,
      setup: setupOf(snapshot).seconds,
      connections: (allowPostCopy) => connectionsOf(version, vmi, allowPostCopy),
    });
  }
  const byNode = groupBy(all, ({ node }) => node);
  const known = [...byNode.keys()].filter((node) => speeds.has(node)).length;
  return { all, byNode, left, measured, links: { known, of: byNode.size } };
}

function ownOf(vm: Vm, snapshot: Snapshot): Partial<Numbers> {
  const policy = policyOf(vm, snapshot);
  const fields = versionIn(snapshot)?.policyFields ?? kubevirt16.policyFields;
  const spec = (policy?.spec ?? {}) as unknown as Record<string, string | number | boolean | undefined>;
  const own: Record<string, number | boolean> = {};
  for (const name of fields) {
    const value = spec[name];
    if (value === undefined || value === null || typeof value === 'object') continue;
    own[name] = name === 'bandwidthPerMigration' ? bytesOf(value as string) : (value as number | boolean);
  }
  if (own['allowPostCopy'] !== undefined) own['allowWorkloadDisruption'] ??= own['allowPostCopy'];
  return own;
}
