import { modify, remove } from '../../src/lab/cluster.ts';
import { withMigrationDefaults } from '../../src/lab/controllers/new-migration.ts';
import { resources } from '../../src/lab/resources.ts';
import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { type TestLab, testLab } from '../../src/lab/testing.ts';
import type { KubeObject, Node, VirtualMachineInstanceMigration } from '../../src/model/objects.ts';
import { kubevirt19 } from '../../src/model/versions/v1.9.ts';
import { type Seen, type Story, storyOf } from './steps.ts';

// The recorded migrations, done again in a lab: four nodes, a small guest, the same requests.

export const scenario: Scenario = {
  name: 'recorded',
  description: 'the recording control plane',
  nodes: [{ prefix: 'node', count: 4, role: 'worker', cores: 32, memory: '128Gi', sockets: 1, nicGbps: 10 }],
  namespaces: [{ name: 'vms', labels: {} }],
  storage: [],
  vms: [],
};

const kinds: Record<string, Seen['resource']> = {
  [resources.migrations]: 'vmim',
  [resources.vmis]: 'vmi',
  [resources.pods]: 'pod',
  [resources.events]: 'event',
};

/** The recording's VM, as its user wrote it. */
export const vm = (name: string): KubeObject =>
  ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'vms' },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          evictionStrategy: 'LiveMigrate',
          terminationGracePeriodSeconds: 0,
          domain: {
            cpu: { cores: 1 },
            memory: { guest: '1Gi' },
            devices: {
              disks: [{ name: 'root', disk: { bus: 'virtio' } }],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [{ name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:42' } }],
        },
      },
    },
  }) as unknown as KubeObject;

interface Wish {
  annotations?: Record<string, string>;
  addedNodeSelector?: Record<string, string>;
}

export interface Flow {
  /** The recorded migration, and its VM. */
  migration: string;
  vm: string;
  /** Migrations of this VM that had succeeded before. */
  before: number;
  run: (lab: TestLab, migrate: (more?: Wish) => VirtualMachineInstanceMigration) => void;
}

export const flows: Record<string, Flow> = {
  'a migration that succeeds': { migration: 'm1-web01', vm: 'web01', before: 0, run: (_, migrate) => void migrate() },
  'a migration that is cancelled while it runs': {
    migration: 'can-running',
    vm: 'web02',
    before: 1,
    run: (lab, migrate) => {
      const migration = migrate();
      lab.until(migration, 'Running');
      lab.clock.advanceBy(1500);
      cancel(lab, migration);
    },
  },
  'a migration that is cancelled while its pod is scheduled': {
    migration: 'can-early',
    vm: 'web03',
    before: 1,
    run: (lab, migrate) => {
      const migration = migrate();
      lab.until(migration, 'Scheduling');
      // Bound, and seen to be by virt-controller; not started yet.
      lab.clock.advanceBy(150);
      cancel(lab, migration);
    },
  },
  'a migration that fails': {
    migration: 'fail-1',
    vm: 'web04',
    before: 1,
    run: (lab, migrate) => {
      lab.until(migrate(), 'Running');
      lab.clock.advanceBy(1000);
      const reason =
        "Live migration failed. error encountered during MigrateToURI3 libvirt api call: virError(Code=38, Domain=7, Message='fake')";
      lab.asked.at(-1)?.done({ result: 'failed', reason });
    },
  },
  'a migration whose target cannot be scheduled': {
    migration: 'stuck-1',
    vm: 'web05',
    before: 2,
    run: (lab, migrate) => {
      const [node] = lab.store
        .list<Node>(resources.nodes)
        .filter(({ metadata }) => metadata.name !== lab.vmi('vms', 'web05').status?.nodeName);
      if (node === undefined) throw new Error('no other node');
      modify<Node>(lab, resources.nodes, node, (draft) => {
        draft.spec = { ...draft.spec, unschedulable: true };
      });
      lab.clock.advanceBy(1000);
      migrate({
        annotations: { 'kubevirt.io/migrationUnschedulablePodTimeoutSeconds': '5' },
        addedNodeSelector: { 'kubernetes.io/hostname': node.metadata.name },
      });
    },
  },
  'an evacuation': {
    migration: 'kubevirt-evacuation-5xgf7',
    vm: 'web09',
    before: 1,
    run: (lab) => {
      modify(lab, resources.vmis, lab.vmi('vms', 'web09'), (draft: KubeObject & { status?: object }) => {
        draft.status = { ...draft.status, evacuationNodeName: lab.vmi('vms', 'web09').status?.nodeName };
      });
    },
  },
};

/** Those whose course alone is compared, not every field. */
export const moreFlows: Record<string, Flow> = {
  'a migration that a quota holds back': {
    migration: 'quota-1',
    vm: 'web06',
    before: 1,
    run: (lab, migrate) => {
      const quota = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q', namespace: 'vms' },
        spec: { hard: { pods: '1' } },
      };
      lab.store.create(resources.resourceQuotas, quota);
      lab.clock.advanceBy(1000);
      migrate();
      lab.clock.advanceBy(60_000);
      lab.store.delete(resources.resourceQuotas, 'vms', 'q');
    },
  },
  'a migration of a VM that is deleted later': {
    migration: 'mig-vm0-kvdmz',
    vm: 'vm0',
    before: 0,
    run: (lab, migrate) => {
      migrate();
      lab.run();
      const vm = lab.store.get(resources.vms, 'vms', 'vm0');
      if (vm !== undefined) remove(lab, resources.vms, vm);
    },
  },
};

function cancel(lab: TestLab, migration: VirtualMachineInstanceMigration): void {
  const now = lab.migration(migration);
  if (now === undefined) throw new Error('nothing to cancel');
  lab.store.update(resources.migrations, {
    ...now,
    metadata: {
      ...now.metadata,
      deletionTimestamp: new Date(lab.clock.now()).toISOString().replace(/\.\d+Z/, 'Z'),
      deletionGracePeriodSeconds: 0,
      generation: 2,
    },
  });
}

/** The story of a recorded migration as the lab tells it. */
export function inLab(flow: Flow): Story {
  const { seen, from } = seenInLab(flow);
  const made = seen.slice(from).find(({ resource }) => resource === 'vmim')?.object.metadata.name ?? flow.migration;
  return storyOf(seen, made);
}

/** The recording ran without a HyperConverged: its KubeVirt CR is what its user wrote (recordings/kubevirt-cr.json). */
export function withoutOperator({ store }: Pick<TestLab, 'store'>): void {
  for (const { metadata } of store.list(resources.hyperConvergeds)) {
    store.delete(resources.hyperConvergeds, metadata.namespace, metadata.name);
  }
  const configuration = {
    developerConfiguration: { featureGates: [] },
    evictionStrategy: 'LiveMigrate',
    migrations: {
      allowAutoConverge: false,
      allowPostCopy: false,
      completionTimeoutPerGiB: 150,
      parallelMigrationsPerCluster: 5,
      parallelOutboundMigrationsPerNode: 2,
      progressTimeout: 150,
    },
  };
  for (const kubeVirt of store.list<KubeObject & { spec?: object }>(resources.kubeVirts)) {
    store.update(resources.kubeVirts, { ...kubeVirt, spec: { configuration } });
  }
}

/** All that the watches of the lab see of it, and where in it the migration begins. */
export function seenInLab({ migration: name, vm: vmName, before, run }: Flow): { seen: Seen[]; from: number } {
  const lab = testLab(scenario, { seconds: 4, version: kubevirt19 });
  withoutOperator(lab);
  const seen: Seen[] = [];
  lab.store.subscribe(({ type, resource, object }) => {
    const kind = kinds[resource];
    if (kind !== undefined) seen.push({ at: lab.clock.now(), resource: kind, type, object });
  });
  lab.store.create(resources.vms, vm(vmName));
  lab.run();
  for (let round = 0; round < before; round++) {
    lab.migrate('vms', vmName);
    lab.run();
  }
  lab.clock.advanceBy(5000);
  const from = seen.length;
  run(lab, ({ annotations, addedNodeSelector } = {}) => {
    const migration = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name, namespace: 'vms', ...(annotations === undefined ? {} : { annotations }) },
      spec: { vmiName: vmName, ...(addedNodeSelector === undefined ? {} : { addedNodeSelector }) },
    };
    return lab.store.create(resources.migrations, withMigrationDefaults(migration) as VirtualMachineInstanceMigration);
  });
  lab.run();
  lab.clock.advanceBy(5000);
  return { seen, from };
}
