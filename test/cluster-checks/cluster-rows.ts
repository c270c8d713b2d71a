import { HCO, type Row } from './hand.ts';
import { ALL, annotated, cordon, disk, failing, KUBEVIRT, NAD, NODE, VM, vmOf, withVms } from './places.ts';

export const clusterRows: Row[] = [
  [
    'health/kubevirt',
    'warning',
    /KubeVirt is being rolled out/,
    {
      releases: ['4.17', '4.20', 'next'],
      make: async (hand) => {
        await hand.create(NAD, {
          apiVersion: 'k8s.cni.cncf.io/v1',
          kind: 'NetworkAttachmentDefinition',
          metadata: { name: 'mig' },
          spec: {
            config: JSON.stringify({
              cniVersion: '0.3.1',
              name: 'm',
              type: 'macvlan',
              master: 'enp4s0',
              ipam: { type: 'whereabouts', range: '10.9.0.0/24' },
            }),
          },
        });
        await hand.settings({ network: 'mig' });
        hand.pass(8);
      },
    },
  ],
  [
    'health/kubevirt',
    'warning',
    /KubeVirt is being updated from v1\.6/,
    {
      releases: ['4.20'],
      make: async (hand) => {
        await hand.create('/lab/v1/upgrade', { cnv: '4.21' });
        hand.pass(5);
      },
    },
  ],
  [
    'nodes/schedulable',
    'warning',
    /node worker-0 takes no VMs at the moment/,
    { make: (hand) => hand.merge(NODE, { metadata: { labels: { 'kubevirt.io/schedulable': 'false' } } }) },
  ],
  [
    'limits/slots',
    'warning',
    /1 migration waits .*held back by the limit of their node/,
    {
      releases: ALL,
      scenario: withVms(vmOf('more')),
      near: async (hand) => {
        await hand.settings({ parallelOutboundMigrationsPerNode: 2 });
        hand.pass(5);
        await hand.migrate('a', 'web');
        hand.pass(2);
      },
      make: async (hand) => {
        await hand.migrate('b', 'db');
        hand.pass(1);
        await hand.migrate('c', 'more');
        hand.pass(1);
      },
    },
  ],
  [
    'cluster/spare-node',
    'warning',
    /failed, not all of its VMs/,
    {
      scenario: withVms(vmOf('huge', { node: 'worker-2', memory: '100Gi' })),
      make: (hand) => cordon(hand, 'worker-0', 'worker-1'),
    },
  ],
  [
    'eviction/audit',
    'warning',
    /1 VM would be shut down by a drain, and not started again: shop\/plain/,
    {
      scenario: withVms(vmOf('plain', { evictionStrategy: 'None' })),
      make: (hand) => hand.merge(`${VM}/plain`, { spec: { runStrategy: 'Manual' } }),
    },
  ],
  [
    'eviction/audit',
    'warning',
    /1 VM would keep a drain of their node waiting .*shop\/tied/,
    {
      releases: ALL,
      scenario: withVms(
        vmOf('tied', { disks: disk('gp3-csi') }),
        vmOf('free', { disks: disk('gp3-csi'), evictionStrategy: 'LiveMigrateIfPossible' }),
      ),
    },
  ],
  [
    'migrations/repeated-failures',
    'warning',
    /last 3 migrations of VM shop\/web all failed/,
    {
      near: (hand) => failing(hand, 2),
      make: async (hand) => {
        await hand.migrate('last', 'web');
        hand.pass(360);
      },
    },
  ],
  [
    'settings/limits',
    'warning',
    /parallelOutboundMigrationsPerNode \(7\) is larger/,
    {
      releases: ALL,
      near: (hand) =>
        hand
          .settings({ parallelMigrationsPerCluster: 7, parallelOutboundMigrationsPerNode: 7 })
          .then(() => hand.pass(5)),
      make: (hand) => hand.settings({ parallelMigrationsPerCluster: 6 }).then(() => hand.pass(5)),
    },
  ],
  [
    'settings/limits',
    'info',
    /more migrations than usual run at once/,
    {
      near: (hand) => hand.settings({ parallelMigrationsPerCluster: 5 }).then(() => hand.pass(5)),
      make: (hand) => hand.settings({ parallelMigrationsPerCluster: 10 }).then(() => hand.pass(5)),
    },
  ],
  [
    'settings/time-outs',
    'warning',
    /is 800 s, the default of OpenShift Virtualization 4\.17/,
    {
      releases: ALL.slice(1),
      near: (hand) => hand.settings({ completionTimeoutPerGiB: 799 }).then(() => hand.pass(5)),
      make: (hand) => hand.settings({ completionTimeoutPerGiB: 800 }).then(() => hand.pass(5)),
    },
  ],
  [
    'settings/time-outs',
    'warning',
    /is 150 s, the default of 4\.18 to 4\.22/,
    { releases: ['next'], make: (hand) => hand.settings({ completionTimeoutPerGiB: 150 }).then(() => hand.pass(5)) },
  ],
  [
    'settings/time-outs',
    'warning',
    /contradict each other/,
    {
      near: (hand) =>
        hand.settings({ bandwidthPerMigration: '64Mi', completionTimeoutPerGiB: 20 }).then(() => hand.pass(5)),
      make: (hand) => hand.settings({ bandwidthPerMigration: '32Mi' }).then(() => hand.pass(5)),
    },
  ],
  [
    'settings/workload-disruption',
    'warning',
    /no migration ever switches to post-copy/,
    {
      releases: ['next'],
      near: (hand) => hand.settings({ allowPostCopy: true, allowWorkloadDisruption: true }).then(() => hand.pass(5)),
      make: (hand) => hand.settings({ allowWorkloadDisruption: false }).then(() => hand.pass(5)),
    },
  ],
  [
    'settings/workload-disruption',
    'info',
    /one connection instead of 8/,
    {
      releases: ['4.19', '4.20', '4.21', '4.22'],
      make: (hand) => hand.settings({ allowPostCopy: true }).then(() => hand.pass(5)),
    },
  ],
  [
    'settings/overridden',
    'info',
    /changes migration settings past its own fields/,
    {
      releases: ['4.18', '4.20', 'next'],
      near: (hand) =>
        hand.merge(
          HCO,
          annotated({
            'kubevirt.kubevirt.io/jsonpatch':
              '[{"op":"add","path":"/spec/configuration/obsoleteCPUModels","value":{}}]',
          }),
        ),
      make: (hand) =>
        hand.merge(
          HCO,
          annotated({
            'kubevirt.kubevirt.io/jsonpatch':
              '[{"op":"add","path":"/spec/configuration/migrations/progressTimeout","value":99}]',
          }),
        ),
    },
  ],
  [
    'settings/overridden',
    'warning',
    /progressTimeout is set in KubeVirt's CR/,
    { make: (hand) => hand.merge(KUBEVIRT, { spec: { configuration: { migrations: { progressTimeout: 99 } } } }) },
  ],
];
