import { type Random, random } from '../random.ts';
import type { Scenario, VmDescription } from './scenario.ts';
import { iscsiBlock, local, nfs } from './storage.ts';

const APPS = [
  'billing',
  'catalog',
  'checkout',
  'crm',
  'etl',
  'gateway',
  'identity',
  'inventory',
  'logging',
  'portal',
  'pricing',
  'queue',
  'reporting',
  'search',
  'shipping',
  'warehouse',
];
const ROLES = ['app', 'api', 'db', 'web', 'worker', 'batch'];
const SIZES: { cores: number; gib: number; weight: number }[] = [
  { cores: 1, gib: 2, weight: 20 },
  { cores: 2, gib: 4, weight: 35 },
  { cores: 2, gib: 8, weight: 25 },
  { cores: 4, gib: 16, weight: 14 },
  { cores: 8, gib: 32, weight: 6 },
];
/** Memory of a node that is left to the system. */
const RESERVED_GIB = 16;

function sizeOf(rng: Random): { cores: number; gib: number } {
  let ticket = rng.next() * SIZES.reduce((sum, { weight }) => sum + weight, 0);
  return SIZES.find(({ weight }) => (ticket -= weight) < 0) ?? { cores: 2, gib: 4 };
}

/** A cluster of any size: about two claims a VM, most of them shared, nodes loaded unevenly. The same seed gives the same cluster. */
export function generate(options: {
  nodes: number;
  vms: number;
  seed?: string | number;
  name?: string;
  description?: string;
}): Scenario {
  const rng = random(`generate/${options.seed ?? 1}`);
  const nodes = Math.max(1, options.nodes);
  const perNode = Math.ceil((options.vms / nodes) * 10);
  // Room for the fullest node, which gets about twice its share.
  const memoryGib = Math.max(128, 2 ** Math.ceil(Math.log2((options.vms / nodes) * 8 * 2 + RESERVED_GIB)));
  const free = Array.from({ length: nodes }, () => memoryGib - RESERVED_GIB);
  const weights = free.map(() => 0.4 + rng.next() ** 2 * 1.8);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const quota = weights.map((weight) => Math.ceil((weight / total) * options.vms));
  const namespaces = APPS.slice(0, Math.max(2, Math.min(APPS.length, Math.ceil(options.vms / 20))));
  const counters = new Map<string, number>();
  const vms: VmDescription[] = [];
  let at = 0;
  for (let index = 0; index < options.vms; index++) {
    const { cores, gib } = sizeOf(rng);
    const app = rng.pick(namespaces);
    const base = `${app}-${rng.pick(ROLES)}`;
    const number = (counters.get(base) ?? 0) + 1;
    counters.set(base, number);
    const stopped = rng.next() < 0.04;
    const kind = rng.next();
    const storage = kind < 0.68 ? nfs.name : kind < 0.92 ? iscsiBlock.name : local.name;
    const disks = [{ name: 'rootdisk', storage, size: `${rng.pick([30, 40, 60])}Gi` }];
    const extra = rng.next();
    if (extra < 0.7) disks.push({ name: 'data', storage, size: `${rng.pick([50, 100, 200])}Gi` });
    if (extra < 0.25) disks.push({ name: 'log', storage, size: '20Gi' });
    const hot = rng.next() ** 3;
    const vm: VmDescription = {
      name: `${base}-${number}`,
      namespace: app,
      cores,
      memory: `${gib}Gi`,
      disks,
      ageDays: rng.int(1, 500),
      labels: { app },
      workload: {
        zero: `${Math.floor(gib * 1024 * rng.between(0.1, 0.6))}Mi`,
        writes: `${Math.max(16, Math.floor(gib * 32))}Mi@${Math.max(1, Math.floor(gib * 16 * hot))}Mi`,
        cpu: Math.round(cores * rng.between(0.05, 0.7) * 100) / 100,
      },
    };
    if (!stopped) {
      // On to the next node whose share is not used up and that has room.
      for (let tries = 0; tries < 2 * nodes; tries++, at = (at + 1) % nodes) {
        const share = tries < nodes ? (quota[at] ?? 0) : perNode;
        if (share > 0 && (free[at] ?? 0) >= gib + 1) break;
      }
      if ((free[at] ?? 0) >= gib + 1) {
        vm.node = `worker-${at}`;
        free[at] = (free[at] ?? 0) - gib - 1;
        quota[at] = (quota[at] ?? 0) - 1;
        at = (at + 1) % nodes;
      }
    }
    vms.push(vm);
  }
  return {
    name: options.name ?? `${nodes}x${options.vms}`,
    description: options.description ?? `${nodes} workers, ${options.vms} VMs, generated`,
    nodes: [
      { prefix: 'control-plane', count: 3, role: 'control-plane', cores: 16, memory: '64Gi', sockets: 1, nicGbps: 25 },
      { prefix: 'worker', count: nodes, role: 'worker', cores: 64, memory: `${memoryGib}Gi`, sockets: 2, nicGbps: 25 },
    ],
    namespaces: namespaces.map((name) => ({ name, labels: { team: name } })),
    storage: [nfs, iscsiBlock, local],
    vms,
    volumes: options.vms > 500 ? 'local' : 'all',
  };
}
