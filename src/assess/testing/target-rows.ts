/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import type { KubeObject } from '../../model/objects.ts';
import { handlerPod, migration, node, vm } from '../../model/testing/fixtures.ts';
import { condition, quota, type Row } from './vm-objects.ts';

const labelled = (labels: Record<string, string>) => (object: KubeObject) =>
  Object.assign(object.metadata.labels!, labels);

export const targetRows: Row[] = [
  [
    'what virt-handler saw stands in where the claims are not known',
    vm('web', {
      on: 'n1',
      claims: ['c'],
      change: ({ vmi }) => {
        vmi.status!.volumeStatus = [
          {
            name: 'disk0',
            target: 'vda',
            persistentVolumeClaimInfo: { claimName: 'c', accessModes: ['ReadWriteOnce'] as never },
          },
        ];
      },
    }),
    'cold',
    [
      ['storage/shared-volumes', 'blocker', /claim c/],
      ['snapshot/complete', 'warning', /claims could not be read \(forbidden: no\); not fully checked: all volumes/],
    ],
    {
      change: ({ lists }) => {
        lists.claims = {
          known: false,
          why: 'forbidden',
          message: 'no',
          rule: { apiGroup: '', resource: 'persistentvolumeclaims', verb: 'list' },
        };
      },
    },
  ],
  [
    'a host device that no other node offers: blocked',
    vm('web', {
      on: 'n1',
      spec: { domain: { devices: { gpus: [{ name: 'g', deviceName: 'nvidia.com/T4' }] }, memory: { guest: '4Gi' } } },
      ...condition('LiveMigratable', 'HostDeviceNotLiveMigratable', 'VMI uses a PCI host devices'),
    }),
    'blocked',
    [
      [
        'target/possible',
        'blocker',
        /2 without room; for example, n2 has no room: the VM needs 1 nvidia.com\/T4; free: 0/,
      ],
      ['vm/host-devices', 'blocker', /which no other node offers/],
      ['vm/live-migratable', 'blocker', /HostDevice/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
    ],
  ],
  [
    'a VM pinned to its node stays there',
    vm('web', { on: 'n1', spec: { nodeSelector: { 'kubernetes.io/hostname': 'n1' } } }),
    'blocked',
    [
      ['placement/pinned', 'blocker', /tied to its node n1 by name/],
      [
        'target/possible',
        'blocker',
        /none of the 2 other nodes can take it: 2 not matching its node selector; for example, n2 does not match the node selector kubernetes.io\/hostname=n1/,
      ],
    ],
  ],
  [
    'required node affinity is heeded',
    vm('web', {
      on: 'n1',
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] },
              ],
            },
          },
        },
      },
    }),
    'blocked',
    [['target/possible', 'blocker', /2 not matching its node affinity/]],
  ],
  [
    'a host-model VM needs the same CPU, and can be restarted on another',
    [
      node('other', ({ metadata }) => {
        delete metadata.labels!['cpu-model-migration.node.kubevirt.io/Skylake-Server'];
      }),
      handlerPod('other'),
      ...vm('web', { on: 'n1', spec: { nodeSelector: { disk: 'x' } } }),
    ],
    'cold',
    [
      [
        'target/possible',
        'blocker',
        /2 not matching.*, 1 with another CPU; for example, other lacks the CPU model Skylake-Server/,
      ],
    ],
    {
      change: ({ lists }) => {
        if (!lists.nodes.known) return;
        for (const object of lists.nodes.items) {
          if (['n1', 'other'].includes(object.metadata.name)) labelled({ disk: 'x' })(object);
        }
      },
    },
  ],
  [
    'VMs that must not share a zone stay apart',
    [
      ...vm('web', { on: 'n1', labels: { app: 'web' } }),
      ...vm('web2', {
        on: 'n2',
        labels: { app: 'web' },
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: { app: 'web' } } },
              ],
            },
          },
        },
      }),
    ],
    'blocked',
    [
      [
        'target/possible',
        'blocker',
        /2 ruled out by pod \(anti-\)affinity.*pod vms\/virt-launcher-web2's required anti-affinity/,
      ],
    ],
  ],
  [
    'no room anywhere is told in numbers',
    vm('web', { on: 'n1', memory: '250Gi' }),
    'blocked',
    [
      [
        'target/possible',
        'blocker',
        /2 without room; for example, n2 has no room: the VM needs 250 GiB memory; free: 25.7 GiB memory/,
      ],
      ['workload/intensity', 'info', /250 GiB of memory/],
    ],
    {
      change: ({ lists }) => {
        if (lists.nodes.known)
          for (const object of lists.nodes.items.slice(1)) object.status!.allocatable!['memory'] = '26Gi';
      },
    },
  ],
  [
    'a single node has no other',
    vm('web', { on: 'n1' }),
    'blocked',
    [
      ['target/possible', 'blocker', /there is no other node that runs VMs/],
      ['vm/eviction-strategy', 'warning', /VMCannotBeEvicted/],
    ],
    { count: 1 },
  ],
  [
    'a source that is NotReady can send nothing',
    vm('web', { on: 'n1' }),
    'blocked',
    [['nodes/source-ready', 'blocker', /its node n1 is NotReady: kubelet stopped/]],
    {
      change: ({ lists }) => {
        if (lists.nodes.known)
          lists.nodes.items[0]!.status!.conditions = [{ type: 'Ready', status: 'Unknown', message: 'kubelet stopped' }];
      },
    },
  ],
  [
    'a source that is not CoreOS is told on OpenShift',
    vm('web', { on: 'n1' }),
    'cold',
    [['nodes/coreos', 'blocker', /runs Red Hat Enterprise Linux 8.6/]],
    {
      change: ({ lists }) => {
        if (lists.nodes.known)
          lists.nodes.items[0]!.status!.nodeInfo = { osImage: 'Red Hat Enterprise Linux 8.6 (Ootpa)' } as never;
      },
    },
  ],
  [
    'virt-handler that is not ready on the source stops a migration',
    [node('n9'), handlerPod('n9', false), ...vm('web', { on: 'n9' })],
    'cold',
    [['health/virt-handler', 'blocker', /virt-handler on its node n9 \(pod virt-handler-n9\) is not ready/]],
  ],
  [
    'a full cluster makes it wait, and is no blocker',
    [...vm('web', { on: 'n1' }), ...['a', 'b', 'c', 'd', 'e'].map((name) => migration(`m-${name}`, name, 'Running'))],
    'live',
    [
      [
        'limits/parallel-migrations',
        'warning',
        /5 of 5 migrations of the cluster are under way: this one would wait in Pending/,
      ],
    ],
  ],
  [
    'a full source node makes it wait',
    [
      ...vm('web', { on: 'n1' }),
      ...vm('a', { on: 'n1' }),
      ...vm('b', { on: 'n1' }),
      migration('m-a', 'a', 'Running'),
      migration('m-b', 'b', 'Scheduling'),
    ],
    'live',
    [['limits/parallel-migrations', 'warning', /2 of 2 outbound migrations of node n1/]],
  ],
  [
    'a quota without room for a second pod is told in numbers',
    [...vm('web', { on: 'n1' }), quota('6Gi', '4372Mi')],
    'cold',
    [
      [
        'quota/second-pod',
        'blocker',
        /quota team.*requests.memory is 6 GiB memory, 4.27 GiB memory is used, and 4.27 GiB memory more/,
      ],
    ],
  ],
  [
    'a node selector for a key that is a label of no node leaves no target',
    vm('web', { on: 'n1', spec: { nodeSelector: { rack: '7' } } }),
    'blocked',
    [['target/possible', 'blocker', /it has no such label/]],
  ],
  // --to NODE
  ['the node that was asked for can take it', vm('web', { on: 'n1' }), 'live', [], { target: 'n2' }],
  [
    'there is no such node',
    vm('web', { on: 'n1' }),
    'blocked',
    [['target/possible', 'blocker', /there is no node nowhere/]],
    { target: 'nowhere' },
  ],
  [
    'it is already there',
    vm('web', { on: 'n1' }),
    'blocked',
    [['target/possible', 'blocker', /it is already on n1/]],
    { target: 'n1' },
  ],
  [
    'the target is cordoned',
    [
      node('t', (object) =>
        Object.assign(object, {
          spec: { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
        }),
      ),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t is cordoned$/]],
    { target: 't' },
  ],
  [
    'the target is NotReady',
    [
      node('t', (object) => {
        object.status!.conditions = [{ type: 'Ready', status: 'False', message: 'PLEG is not healthy' }];
      }),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t is NotReady: PLEG is not healthy$/]],
    { target: 't' },
  ],
  [
    'the target has a taint',
    [
      node('t', (object) =>
        Object.assign(object, { spec: { taints: [{ key: 'gpu', value: 'only', effect: 'NoSchedule' }] } }),
      ),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t has the taint gpu=only:NoSchedule, which the VM does not tolerate$/]],
    { target: 't' },
  ],
  [
    'the target has no room left',
    [
      node('t', (object) => Object.assign(object.status!.allocatable!, { cpu: '100m' })),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t has no room: the VM needs 200m CPU; free: 90m CPU$/]],
    { target: 't' },
  ],
  [
    'the target has no place for another pod',
    [
      node('t', (object) => Object.assign(object.status!.allocatable!, { pods: '1' })),
      handlerPod('t'),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t has no room: the VM needs 1 pod; free: 0 pods$/]],
    { target: 't' },
  ],
  [
    'virt-handler on the target is not ready',
    [node('t'), handlerPod('t', false), ...vm('web', { on: 'n1' })],
    'blocked',
    [['target/possible', 'blocker', /^node t has a virt-handler pod \(virt-handler-t\) that is not ready$/]],
    { target: 't' },
  ],
  [
    'the target runs no VMs at all',
    [
      node('t', ({ metadata }) => {
        delete metadata.labels!['kubevirt.io/schedulable'];
      }),
      ...vm('web', { on: 'n1' }),
    ],
    'blocked',
    [['target/possible', 'blocker', /^node t runs no VMs/]],
    { target: 't' },
  ],
  [
    'a KubeVirt that cannot be told a target says so',
    vm('web', { on: 'n1' }),
    'cold',
    [['target/possible', 'blocker', /addedNodeSelector came with v1.6/]],
    {
      target: 'n2',
      change: ({ versions }) => {
        versions.kubevirt = 'v1.5.3';
      },
    },
  ],
];
