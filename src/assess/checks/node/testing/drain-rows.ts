/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import type { KubeObject } from '../../../../model/objects.ts';
import { migration, NAMESPACE, node, type VmOptions } from '../../../../model/testing/fixtures.ts';
import type { Row } from '../../../testing/subjects.ts';
import { front, marked, n1, rest, web } from './objects.ts';

const stuck: VmOptions = {
  change: ({ vmi }) => {
    vmi.status!.conditions = [{ type: 'LiveMigratable', status: 'False', reason: 'SEV', message: 'uses SEV' }] as never;
  },
};

const runs = (runStrategy: string): VmOptions => ({
  change: ({ vm: object }) => {
    object.spec.runStrategy = runStrategy as never;
  },
});

const budget = (allowed: number): KubeObject =>
  ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'front', namespace: NAMESPACE },
    spec: { selector: { matchLabels: { app: 'front' } } },
    status: { disruptionsAllowed: allowed },
  }) as KubeObject;

const failed = (...names: string[]): KubeObject[] => names.map((name) => migration(name, 'web', 'Failed'));

const small = (name: string): KubeObject =>
  node(name, ({ status }) => Object.assign(status!.allocatable!, { memory: '1Gi' }));

export const drainRows: Row[] = [
  [
    'node/drain',
    'a VM that KubeVirt does not migrate blocks',
    'blocker',
    /would wait for ever for VM vms\/web/,
    { objects: web('LiveMigrate', stuck) },
    { objects: web('LiveMigrateIfPossible', stuck) },
  ],
  [
    'node/drain',
    'a VM without a place blocks',
    'blocker',
    /none of the 2 other nodes can take it/,
    { objects: [small('n2'), small('n3'), ...web('LiveMigrate')] },
    { objects: [small('n2'), ...web('LiveMigrate')] },
  ],
  [
    'node/drain',
    'no strategy means a restart',
    'warning',
    /would restart VM vms\/web.*it fits on n[23]/,
    { objects: web('None') },
    { objects: web('LiveMigrate') },
  ],
  [
    'node/drain',
    "the cluster's strategy counts where the VM has none",
    'warning',
    /would restart VM vms\/web/,
    { objects: web(undefined) },
    {
      objects: web(undefined),
      change: ({ lists }) => {
        if (lists.kubeVirts.known) lists.kubeVirts.items[0]!.spec!.configuration!.evictionStrategy = 'LiveMigrate';
      },
    },
  ],
  [
    'node/drain',
    'where that is not known, so is what a drain does',
    'warning',
    /can't be told/,
    {
      objects: web(undefined),
      change: ({ lists }) => {
        lists.kubeVirts = { known: false, why: 'forbidden', message: 'no' };
      },
    },
    {
      objects: web('None'),
      change: ({ lists }) => {
        lists.kubeVirts = { known: false, why: 'forbidden', message: 'no' };
      },
    },
  ],
  [
    'node/drain',
    'a manual VM is not started again',
    'warning',
    /shut VM vms\/web down for good: .*run strategy Manual/,
    { objects: web('None', runs('Manual')) },
    { objects: web('None', runs('Always')) },
  ],
  [
    'node/drain',
    'a shut-down is no failure',
    'warning',
    /run strategy RerunOnFailure does not start it again/,
    { objects: web('None', runs('RerunOnFailure')) },
    { objects: web('LiveMigrate', runs('RerunOnFailure')) },
  ],
  [
    'node/drain',
    'an instance without a VM is gone',
    'warning',
    /nothing starts it again/,
    { objects: web('None').slice(1) },
    { objects: web('None') },
  ],
  [
    'node/drain',
    'a VM that others must move',
    'blocker',
    /eviction strategy is External/,
    { objects: web('External') },
    { objects: web('LiveMigrate') },
  ],
  [
    'node/drain',
    'a budget keeps a VM from being shut down',
    'blocker',
    /PodDisruptionBudget front allows no disruption/,
    { objects: [...web('None', { labels: { app: 'front' } }), budget(0)] },
    { objects: [...web('None', { labels: { app: 'front' } }), budget(1)] },
  ],
  [
    'node/drain',
    'a VM that fits nowhere else is down meanwhile',
    'warning',
    /down until the node is open again/,
    { count: 1, objects: web('None') },
    { count: 2, objects: web('None') },
  ],
  [
    'node/loss',
    'no room for a VM elsewhere',
    'warning',
    /VM vms\/web would find no place/,
    { objects: [small('n2'), small('n3'), ...web('LiveMigrate')] },
    rest,
  ],
  [
    'node/loss',
    'room for all',
    'info',
    /have room for the VM that would start again/,
    rest,
    { objects: [small('n2'), small('n3'), ...web('LiveMigrate')] },
  ],
  [
    'node/disruption-budgets',
    'a pod that is no VM makes a drain wait, too',
    'warning',
    /vms\/front allows no disruption.*front-1 on n1/,
    { objects: [front, budget(0)] },
    { objects: [front, budget(1)] },
  ],
  [
    'node/disruption-budgets',
    'KubeVirt answers for VMs that move',
    'warning',
    /vms\/front/,
    { objects: [...web('None', { labels: { app: 'front' } }), budget(0)] },
    { objects: [...web('LiveMigrate', { labels: { app: 'front' } }), budget(0)] },
  ],
  [
    'node/evacuation',
    'a mark that outlived the drain',
    'warning',
    /still marked to leave n1, though node n1 is open again/,
    { objects: marked('n1') },
    {
      objects: [
        n1(({ spec }) => {
          spec!.unschedulable = true;
        }),
        ...marked('n1'),
      ],
    },
  ],
  [
    'node/evacuation',
    'no migration comes of it',
    'warning',
    /2 migrations in a row have failed/,
    {
      objects: [
        n1(({ spec }) => {
          spec!.unschedulable = true;
        }),
        ...marked('n1'),
        ...failed('a', 'b'),
      ],
    },
    {
      objects: [
        n1(({ spec }) => {
          spec!.unschedulable = true;
        }),
        ...marked('n1'),
        migration('c', 'web', 'Running'),
      ],
    },
  ],
];
