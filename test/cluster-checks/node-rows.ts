import { sno } from '../../src/lab/scenarios/sno.ts';
import type { KubeObject } from '../../src/model/objects.ts';
import type { Row } from './hand.ts';
import { ALL, budget, cordon, disk, mco, NODE, three, VM, vmOf, withVms } from './places.ts';

export const nodeRows: Row[] = [
  [
    'node/conditions',
    'blocker',
    /worker-0 is NotReady/,
    {
      node: 'worker-0',
      near: (hand) => hand.fault({ name: 'node-not-ready', node: 'worker-1' }).then(() => hand.pass(60)),
      make: (hand) => hand.fault({ name: 'node-not-ready', node: 'worker-0' }).then(() => hand.pass(60)),
    },
  ],
  [
    'node/conditions',
    'warning',
    /worker-0 has MemoryPressure/,
    {
      node: 'worker-0',
      make: (hand) =>
        hand.json(`${NODE}/status`, [{ op: 'replace', path: '/status/conditions/0/status', value: 'True' }]),
    },
  ],
  [
    'node/cordoned',
    'info',
    /a cordon alone moves none of its 2 VMs away/,
    { node: 'worker-0', near: (hand) => cordon(hand, 'worker-1'), make: (hand) => cordon(hand, 'worker-0') },
  ],
  [
    'node/cordoned',
    'warning',
    /has the taint kubevirt\.io\/drain/,
    {
      node: 'worker-0',
      near: (hand) => hand.merge(NODE, { spec: { taints: [{ key: 'other', effect: 'NoSchedule' }] } }),
      make: (hand) => hand.merge(NODE, { spec: { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] } }),
    },
  ],
  [
    'node/virt-handler',
    'blocker',
    /virt-handler on worker-0 .* is not ready/,
    {
      releases: ['4.17', '4.20', 'next'],
      node: 'worker-0',
      near: (hand) => hand.fault({ name: 'virt-handler-crash', node: 'worker-1' }).then(() => hand.pass(30)),
      make: (hand) => hand.fault({ name: 'virt-handler-crash', node: 'worker-0' }).then(() => hand.pass(30)),
    },
  ],
  [
    'node/maintenance',
    'warning',
    /rolling out a machine config on worker-0 \(state Working\)/,
    { node: 'worker-0', near: (hand) => mco(hand, 'Done'), make: (hand) => mco(hand, 'Working') },
  ],
  [
    'node/maintenance',
    'warning',
    /failed on worker-0 \(Degraded\)/,
    { near: (hand) => mco(hand, 'Working'), make: (hand) => mco(hand, 'Degraded') },
  ],
  [
    'node/drain',
    'blocker',
    /would wait for ever for VM shop\/tied/,
    {
      releases: ALL,
      node: 'worker-2',
      scenario: withVms(
        vmOf('tied', { node: 'worker-2', disks: disk('gp3-csi') }),
        vmOf('free', { node: 'worker-2', disks: disk('gp3-csi'), evictionStrategy: 'LiveMigrateIfPossible' }),
      ),
    },
  ],
  [
    'node/drain',
    'warning',
    /would restart VM shop\/plain/,
    {
      releases: ALL,
      node: 'worker-2',
      scenario: withVms(vmOf('plain', { node: 'worker-2', evictionStrategy: 'None' })),
    },
  ],
  [
    'node/drain',
    'warning',
    /shut VM shop\/plain down for good: .*Manual/,
    {
      node: 'worker-2',
      scenario: withVms(vmOf('plain', { node: 'worker-2', evictionStrategy: 'None' })),
      make: (hand) => hand.merge(`${VM}/plain`, { spec: { runStrategy: 'Manual' } }),
    },
  ],
  [
    'node/loss',
    'warning',
    /VM shop\/huge would find no place/,
    {
      node: 'worker-2',
      scenario: withVms(vmOf('huge', { node: 'worker-2', memory: '100Gi' })),
      make: (hand) => cordon(hand, 'worker-0', 'worker-1'),
    },
  ],
  [
    'node/disruption-budgets',
    'warning',
    /shop\/web allows no disruption/,
    {
      node: 'worker-0',
      scenario: { ...three, vms: [vmOf('web', { labels: { app: 'web' }, evictionStrategy: 'None' })] },
      near: (hand) =>
        hand.create('/apis/policy/v1/namespaces/shop/poddisruptionbudgets', budget(0)).then(() => hand.pass(5)),
      make: async (hand) => {
        await hand.merge('/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web', budget(1));
        hand.pass(5);
      },
    },
  ],
  [
    'node/evacuation',
    'warning',
    /shop\/web is asked to leave worker-0, but stays: [12] migrations? in a row|shop\/web is asked to leave worker-0, but stays/,
    {
      releases: ['4.17', '4.20', '4.21', 'next'],
      near: async (hand) => {
        await cordon(hand, 'worker-0');
        await hand.evict('mail');
        hand.pass(2);
      },
      make: async (hand) => {
        await cordon(hand, 'worker-1', 'worker-2');
        await hand.evict('web');
        hand.pass(1000);
      },
    },
  ],
  [
    'node/stale-launchers',
    'warning',
    /left-over .* is left on worker-1/,
    {
      make: async (hand) => {
        const { metadata } = await hand.get<KubeObject>(
          '/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstances/web',
        );
        await hand.create('/api/v1/namespaces/shop/pods', {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: {
            name: 'left-over',
            labels: { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': metadata.uid },
          },
          spec: { nodeName: 'worker-1', containers: [{ name: 'compute', image: 'registry/launcher' }] },
        });
      },
    },
  ],
  ['node/single', 'warning', /sno-0 is the only node that runs VMs/, { scenario: sno }],
];
