import { describe, expect, test } from 'vitest';
import { nodesOf } from '../../../model/nodes.ts';
import type { KubeObject, Pod } from '../../../model/objects.ts';
import { handlerPod, kubeVirt, migration, NAMESPACE, node, vm } from '../../../model/testing/fixtures.ts';
import { nodeReport } from '../../node-report.ts';
import { ofCluster, ofNode, type Place, placed, type Row, table } from '../../testing/subjects.ts';
import { nodeChecks } from './index.ts';

const n1 = (change: (object: ReturnType<typeof node>) => void): KubeObject => node('n1', change);
const web = (strategy: string | undefined, more: Parameters<typeof vm>[1] = {}) =>
  vm('web', { on: 'n1', ...more, spec: { evictionStrategy: strategy as never, ...more.spec } });
const stuck: Parameters<typeof vm>[1] = {
  change: ({ vmi }) => {
    vmi.status!.conditions = [{ type: 'LiveMigratable', status: 'False', reason: 'SEV', message: 'uses SEV' }] as never;
  },
};
const runs = (runStrategy: string): Parameters<typeof vm>[1] => ({
  change: ({ vm: object }) => {
    object.spec.runStrategy = runStrategy as never;
  },
});
const marked = (name: string, on = 'n1') =>
  vm('web', { on, change: ({ vmi }) => Object.assign(vmi.status!, { evacuationNodeName: name }) });
const budget = (allowed: number): KubeObject =>
  ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'front', namespace: NAMESPACE },
    spec: { selector: { matchLabels: { app: 'front' } } },
    status: { disruptionsAllowed: allowed },
  }) as KubeObject;
const front: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'front-1', namespace: NAMESPACE, labels: { app: 'front' } },
  spec: { nodeName: 'n1', containers: [] },
  status: { phase: 'Running' },
};
const left = (on: string): KubeObject =>
  ({
    ...front,
    metadata: {
      name: 'virt-launcher-web-old',
      namespace: NAMESPACE,
      labels: { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': `uid-${NAMESPACE}-web` },
    },
    spec: { nodeName: on, containers: [] },
  }) as Pod;
const failed = (...names: string[]): KubeObject[] => names.map((name) => migration(name, 'web', 'Failed'));
const mco = (values: Record<string, string>): KubeObject =>
  n1(({ metadata }) => {
    metadata.annotations = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [`machineconfiguration.openshift.io/${key}`, value]),
    );
  });
const small = (name: string): KubeObject =>
  node(name, ({ status }) => Object.assign(status!.allocatable!, { memory: '1Gi' }));
const rest: Place = { objects: web('LiveMigrate') };

const rows: Row[] = [
  [
    'node/conditions',
    'a node that is NotReady',
    'blocker',
    /n1 is NotReady/,
    {
      objects: [
        n1(({ status }) => {
          status!.conditions = [{ type: 'Ready', status: 'Unknown' }];
        }),
      ],
    },
    rest,
  ],
  [
    'node/conditions',
    'memory runs short',
    'warning',
    /n1 has MemoryPressure/,
    {
      objects: [
        n1(({ status }) => {
          status!.conditions!.push({ type: 'MemoryPressure', status: 'True', message: 'low' });
        }),
      ],
    },
    {
      objects: [
        n1(({ status }) => {
          status!.conditions!.push({ type: 'MemoryPressure', status: 'False', message: 'fine' });
        }),
      ],
    },
  ],
  [
    'node/cordoned',
    'a cordon alone moves nothing',
    'info',
    /a cordon alone moves none of its 1 VMs away/,
    {
      objects: [
        n1(({ spec }) => {
          spec!.unschedulable = true;
        }),
        ...web('LiveMigrate'),
      ],
    },
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
    'node/cordoned',
    'the drain taint that the settings name',
    'warning',
    /has the taint drain\.me: KubeVirt moves/,
    {
      objects: [
        n1(({ spec }) => {
          spec!.taints = [{ key: 'drain.me', effect: 'NoSchedule' }];
        }),
        kubeVirt({ nodeDrainTaintKey: 'drain.me' }),
      ],
    },
    {
      objects: [
        n1(({ spec }) => {
          spec!.taints = [{ key: 'drain.me', effect: 'NoSchedule' }];
        }),
      ],
    },
  ],
  [
    'node/virt-handler',
    'a virt-handler that is not ready',
    'blocker',
    /virt-handler on n1 .* is not ready/,
    { objects: [handlerPod('n1', false)] },
    rest,
  ],
  [
    'node/virt-handler',
    'the label says false',
    'warning',
    /kubevirt\.io\/schedulable is false/,
    {
      objects: [
        n1(({ metadata }) => {
          metadata.labels!['kubevirt.io/schedulable'] = 'false';
        }),
      ],
    },
    rest,
  ],
  [
    'node/virt-handler',
    'a heartbeat of ten minutes ago',
    'warning',
    /last heard of 10 minutes ago/,
    {
      objects: [
        n1(({ metadata }) => {
          metadata.annotations = { 'kubevirt.io/heartbeat': '2026-01-02T02:54:05Z' };
        }),
      ],
    },
    {
      objects: [
        n1(({ metadata }) => {
          metadata.annotations = { 'kubevirt.io/heartbeat': '2026-01-02T03:02:05Z' };
        }),
      ],
    },
  ],
  [
    'node/virt-handler',
    'a node that runs no VMs says so',
    'info',
    /n1 runs no VMs/,
    {
      objects: [
        n1(({ metadata }) => {
          delete metadata.labels!['kubevirt.io/schedulable'];
        }),
      ],
      change: ({ lists }) => {
        if (lists.pods.known) lists.pods.items = lists.pods.items.filter(({ spec }) => spec?.nodeName !== 'n1');
      },
    },
    rest,
  ],
  [
    'node/maintenance',
    'a machine config is rolled out',
    'warning',
    /rolling out a machine config on n1 \(state Working\)/,
    { objects: [mco({ state: 'Working' })] },
    { objects: [mco({ state: 'Done', currentConfig: 'a', desiredConfig: 'a' })] },
  ],
  [
    'node/maintenance',
    'the operator failed',
    'warning',
    /failed on n1 \(Degraded: disk full\)/,
    { objects: [mco({ state: 'Degraded', reason: 'disk full' })] },
    { objects: [mco({ state: 'Done' })] },
  ],
  [
    'node/maintenance',
    'another config is wanted',
    'warning',
    /about to get another machine config \(b\)/,
    { objects: [mco({ state: 'Done', currentConfig: 'a', desiredConfig: 'b' })] },
    { objects: [mco({ state: 'Done', currentConfig: 'b', desiredConfig: 'b' })] },
  ],
  [
    'node/maintenance',
    'the taint of a maintenance operator',
    'warning',
    /has the taint medik8s\.io\/drain/,
    {
      objects: [
        n1(({ spec }) => {
          spec!.taints = [{ key: 'medik8s.io/drain', effect: 'NoSchedule' }];
        }),
      ],
    },
    {
      objects: [
        n1(({ spec }) => {
          spec!.taints = [{ key: 'other', effect: 'NoSchedule' }];
        }),
      ],
    },
  ],
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
  [
    'node/stale-launchers',
    'a pod of a finished migration',
    'warning',
    /virt-launcher-web-old .* is left on n1/,
    { objects: [...vm('web', { on: 'n2' }), left('n1')] },
    { objects: [...vm('web', { on: 'n2' }), left('n1'), migration('m', 'web', 'Running')] },
  ],
  [
    'node/single',
    'one node',
    'warning',
    /n1 is the only node that runs VMs.*; 1 VM would keep a drain/,
    { count: 1, objects: web('LiveMigrate') },
    { count: 2, objects: web('LiveMigrate') },
  ],
];

table(rows, (snapshot) => ofNode(snapshot));

test('every check of nodes has a case', () => {
  expect(new Set(rows.map(([check]) => check))).toEqual(new Set(nodeChecks.map(({ id }) => id)));
});

describe('the drain, VM by VM', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => vm(`vm${index}`, { on: 'n1' })).flat();

  test('rounds follow the smaller of the limits', () => {
    const snapshot = placed({ objects: [...many(5), kubeVirt({ parallelOutboundMigrationsPerNode: 2 })] });
    const { drain } = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    expect(drain).toMatchObject({ atOnce: 2, limitedBy: 'parallelOutboundMigrationsPerNode', rounds: 3 });
    expect(drain.steps.map(({ round }) => round)).toEqual([1, 1, 2, 2, 3]);
  });

  test('VMs share the room: the last finds none', () => {
    const tight = (name: string) => node(name, ({ status }) => Object.assign(status!.allocatable!, { memory: '10Gi' }));
    const snapshot = placed({ objects: [tight('n2'), tight('n3'), ...many(5)] });
    const { drain } = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    expect(drain.steps.map(({ does }) => does)).toEqual(['moves', 'moves', 'moves', 'moves', 'blocks']);
    expect(drain.steps[4]!.why).toMatch(/^no place is left once the others have moved: n[23] has no room/);
    expect(drain.steps.filter(({ to }) => to === 'n2')).toHaveLength(2);
    expect(drain.steps.filter(({ to }) => to === 'n3')).toHaveLength(2);
  });

  test('one that is under way goes on', () => {
    const snapshot = placed({ objects: [...vm('web', { on: 'n1' }), migration('m', 'web', 'Running')] });
    const [step] = nodeReport(snapshot, nodesOf(snapshot).get('n1')!).drain.steps;
    expect(step).toMatchObject({ does: 'moves', why: 'migration m is Running' });
  });

  test('a limit of 0 lets none move, and divides nothing', () => {
    const snapshot = placed({ objects: [...many(1), kubeVirt({ parallelMigrationsPerCluster: 0 })] });
    const { drain } = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    expect([drain.atOnce, drain.rounds]).toEqual([0, undefined]);
  });

  test('the shape of a report', async () => {
    const snapshot = placed({ objects: [...web('None'), ...vm('db', { on: 'n1' })] });
    const report = nodeReport(snapshot, nodesOf(snapshot).get('n1')!);
    await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot(
      '../../../../test/golden/node-check-report.json',
    );
  });
});

test('what can not be read is said about the node, with the rule', () => {
  const snapshot = placed({
    change: ({ lists }) => {
      lists.disruptionBudgets = {
        known: false,
        why: 'forbidden',
        message: 'no',
        rule: { apiGroup: 'policy', resource: 'poddisruptionbudgets', verb: 'list' },
      };
    },
  });
  expect(ofNode(snapshot)).toContainEqual(
    expect.objectContaining({
      check: 'snapshot/complete',
      remedy: expect.stringContaining('poddisruptionbudgets'),
    }),
  );
  expect(ofCluster(snapshot).some(({ check }) => check === 'snapshot/complete')).toBe(true);
});
