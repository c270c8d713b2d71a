/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import type { KubeObject, Pod } from '../../../../model/objects.ts';
import { handlerPod, kubeVirt, migration, NAMESPACE, vm } from '../../../../model/testing/fixtures.ts';
import type { Row } from '../../../testing/subjects.ts';
import { front, marked, n1, rest, web } from './objects.ts';

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

const mco = (values: Record<string, string>): KubeObject =>
  n1(({ metadata }) => {
    metadata.annotations = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [`machineconfiguration.openshift.io/${key}`, value]),
    );
  });

export const stateRows: Row[] = [
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
