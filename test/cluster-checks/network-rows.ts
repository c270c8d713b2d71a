import type { Row } from './hand.ts';
import {
  config,
  DESCHEDULERS,
  dedicated,
  descheduler,
  disk,
  ipam,
  NAD,
  NEXT,
  two,
  unmanaged,
  upgraded,
  vmOf,
  withVms,
} from './places.ts';

export const networkRows: Row[] = [
  [
    'network/attachment',
    'blocker',
    /namespace openshift-cnv has no such .* there is one in shop/,
    {
      make: async (hand) => {
        await hand.create(NAD.replace('openshift-cnv', 'shop'), {
          apiVersion: 'k8s.cni.cncf.io/v1',
          kind: 'NetworkAttachmentDefinition',
          metadata: { name: 'mig' },
          spec: { config: '{}' },
        });
        await hand.settings({ network: 'mig' });
        hand.pass(5);
      },
    },
  ],
  [
    'network/attachment',
    'warning',
    /"excludeSubnets", which whereabouts does not know/,
    { scenario: dedicated, make: (hand) => config(hand, ipam({ excludeSubnets: '10.200.5.0/30' })) },
  ],
  [
    'network/attachment',
    'warning',
    /has 3 addresses for 3 nodes/,
    {
      scenario: dedicated,
      near: (hand) => config(hand, ipam({ range: '10.200.5.0/28' })),
      make: (hand) => config(hand, ipam({ range: '10.200.5.0/29' })),
    },
  ],
  [
    'network/attachment',
    'info',
    /sets no mtu/,
    {
      scenario: dedicated,
      make: (hand) =>
        config(hand, (parsed) => {
          delete parsed['mtu'];
        }),
    },
  ],
  [
    'network/default-interface',
    'warning',
    /stands on eno1, which carries the cluster network/,
    {
      scenario: dedicated,
      make: (hand) =>
        config(hand, (parsed) => {
          parsed['master'] = 'eno1';
        }),
    },
  ],
  [
    'network/mtu',
    'warning',
    /different MTUs: 1500 on worker-1, 9000 on worker-0, worker-2/,
    {
      scenario: dedicated,
      make: async (hand) => {
        await hand.create('/apis/nmstate.io/v1/nodenetworkconfigurationpolicies', {
          apiVersion: 'nmstate.io/v1',
          kind: 'NodeNetworkConfigurationPolicy',
          metadata: { name: 'odd' },
          spec: {
            nodeSelector: { 'kubernetes.io/hostname': 'worker-1' },
            desiredState: { interfaces: [{ name: 'enp5s0', type: 'ethernet', state: 'up', mtu: 1500 }] },
          },
        });
        hand.pass(120);
      },
    },
  ],
  [
    'network/mtu',
    'blocker',
    /interface eth1, which worker-0, worker-1, worker-2 do not have/,
    {
      scenario: dedicated,
      make: (hand) =>
        config(hand, (parsed) => {
          parsed['master'] = 'eth1';
        }),
    },
  ],
  ['network/dedicated', 'info', /migrations share the pod network/, { releases: ['4.17', 'next'] }],
  [
    'rivals/descheduler',
    'warning',
    /moves VMs by itself, every 60 s/,
    {
      releases: ['4.18', '4.20', 'next'],
      near: async (hand) => {
        const name = 'openshift-kube-descheduler-operator';
        await hand.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
        const spec = { mode: 'Predictive', profiles: ['DevKubeVirtRelieveAndMigrate'] };
        await hand.create(DESCHEDULERS, descheduler(spec));
      },
      make: (hand) =>
        hand.merge(`${DESCHEDULERS}/cluster`, { spec: { mode: 'Automatic', deschedulingIntervalSeconds: 60 } }),
    },
  ],
  [
    'rivals/workload-updater',
    'warning',
    /VMs? runs? on a launcher of before the last upgrade: KubeVirt migrates/,
    { releases: Object.keys(NEXT), make: async (hand, release) => await upgraded(hand, release) },
  ],
  [
    'rivals/workload-updater',
    'info',
    /3 VMs run on a launcher of before .* no update method is set/,
    {
      near: async (hand) => await unmanaged(hand),
      make: async (hand, release) => await upgraded(hand, release),
    },
  ],
  [
    'upgrade/canary',
    'info',
    /2 versions of the launcher/,
    {
      releases: Object.keys(NEXT),
      near: async (hand, release) => {
        await unmanaged(hand);
        await upgraded(hand, release);
      },
      make: async (hand) => {
        hand.pass(600);
        await hand.migrate('canary', 'web');
        hand.pass(120);
      },
    },
  ],
  [
    'workload/dedicated-cpu',
    'warning',
    /nowhere to go: only rare-0 has/,
    {
      releases: ['4.17', '4.20', 'next'],
      scenario: two({ hugepages: {} }, vmOf('pinned', { node: 'rare-0', dedicatedCpu: true })),
    },
  ],
  [
    'workload/dedicated-cpu',
    'info',
    /one connection instead of 8/,
    {
      releases: ['next'],
      scenario: two({ hugepages: {}, count: 2 }, vmOf('pinned', { node: 'rare-0', dedicatedCpu: true })),
    },
  ],
  [
    'workload/hugepages',
    'warning',
    /nowhere to go: only rare-0 has any/,
    { scenario: two({}, vmOf('pages', { node: 'rare-0', hugepages: '1Gi' })) },
  ],
  [
    'workload/hugepages',
    'info',
    /1 VM of more than 100 GiB runs without huge pages/,
    { scenario: withVms(vmOf('huge', { node: 'worker-2', memory: '110Gi' })) },
  ],
  [
    'storage/unshared',
    'info',
    /1 of 4 running VMs has a disk/,
    { scenario: withVms(vmOf('tied', { disks: disk('gp3-csi') })) },
  ],
];
