import { type Hand, type Row } from './hand.ts';
import {
  annotated,
  config,
  cordon,
  DESCHEDULERS,
  dedicated,
  descheduler,
  disk,
  ipam,
  KUBEVIRT,
  NODE,
  VM,
  vmOf,
  withVms,
} from './places.ts';

// What the checks of nodes and of the cluster say besides, each with something like it that they must not say it of.

const settings = (values: object) => (hand: Hand) => hand.settings(values).then(() => hand.pass(5));
const condition = (type: string, status: string) => async (hand: Hand) => {
  const now = await hand.get<{ status: { conditions: { type: string }[] } }>(KUBEVIRT);
  const conditions = now.status.conditions.filter((each) => each.type !== type);
  await hand.merge(`${KUBEVIRT}/status`, {
    status: {
      conditions: [...conditions, { type, status, reason: 'AllComponentsReady', message: 'virt-api is down' }],
    },
  });
};
const handlerPod = async (hand: Hand, node: string): Promise<string> => {
  const { items } = await hand.get<{ items: { metadata: { name: string }; spec: { nodeName: string } }[] }>(
    '/api/v1/namespaces/openshift-cnv/pods?labelSelector=kubevirt.io=virt-handler',
  );
  return items.find(({ spec }) => spec.nodeName === node)?.metadata.name ?? '';
};
const dropHandler = async (hand: Hand, node: string, label: boolean): Promise<void> => {
  const name = await handlerPod(hand, node);
  if (!label) await hand.merge(`/api/v1/nodes/${node}`, { metadata: { labels: { 'kubevirt.io/schedulable': null } } });
  await hand.remove(`/api/v1/namespaces/openshift-cnv/pods/${name}`);
};
const profile = (profiles: string[]) => async (hand: Hand) => {
  const name = 'openshift-kube-descheduler-operator';
  await hand.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await hand.create(DESCHEDULERS, descheduler({ mode: 'Predictive', profiles }));
};
const policyWith = (port: string) => (hand: Hand) =>
  hand.create('/apis/nmstate.io/v1/nodenetworkconfigurationpolicies', {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: `takes-${port}` },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': 'nowhere' },
      desiredState: {
        interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'up', bridge: { port: [{ name: port }] } }],
      },
    },
  });
const mac = (parsed: Record<string, unknown>) => {
  parsed['mtu'] = 9000;
};
const MCO = 'machineconfiguration.openshift.io';
const machineConfig = (desiredConfig: string) => (hand: Hand) =>
  hand.merge(NODE, annotated({ [`${MCO}/currentConfig`]: 'rendered-1', [`${MCO}/desiredConfig`]: desiredConfig }));
const evacuated = (name: string, node: string | null) => (hand: Hand) =>
  hand.merge(`/apis/kubevirt.io/v1/namespaces/shop/virtualmachineinstances/${name}`, {
    status: { evacuationNodeName: node },
  });

export const familyRows: Row[] = [
  [
    'node/cordoned',
    'info',
    /worker-0 is cordoned: no VM comes to it; 1 of its 2 VMs are asked to leave/,
    {
      node: 'worker-0',
      near: (hand) => cordon(hand, 'worker-0'),
      make: (hand) => hand.evict('web'),
    },
  ],
  [
    'node/drain',
    'blocker',
    /would wait for VM shop\/web until something outside of KubeVirt moves it/,
    {
      node: 'worker-0',
      scenario: withVms(vmOf('tied', { evictionStrategy: 'LiveMigrateIfPossible' })),
      near: async (hand) => {
        await hand.merge(`${VM}/tied`, { spec: { template: { spec: { evictionStrategy: 'External' } } } });
      },
      make: async (hand) => {
        await hand.merge(`${VM}/web`, { spec: { runStrategy: 'Halted' } });
        hand.pass(30);
        await hand.merge(`${VM}/web`, {
          spec: {
            runStrategy: 'Always',
            template: {
              spec: { evictionStrategy: 'External', nodeSelector: { 'kubernetes.io/hostname': 'worker-0' } },
            },
          },
        });
        hand.pass(30);
      },
    },
  ],
  [
    'node/drain',
    'warning',
    /would shut VM shop\/on-disk down until the node is open again/,
    {
      node: 'worker-2',
      scenario: withVms(vmOf('on-disk', { node: 'worker-2', disks: disk('lvms-vg1'), evictionStrategy: 'None' })),
    },
  ],
  [
    'node/evacuation',
    'info',
    /shop\/web is leaving worker-0: migration kubevirt-evacuation-.* is/,
    {
      node: 'worker-0',
      near: (hand) => hand.migrate('by-hand', 'db').then(() => hand.pass(1)),
      make: async (hand) => {
        await hand.evict('web');
        hand.pass(1);
      },
    },
  ],
  [
    'node/evacuation',
    'warning',
    /shop\/web is still marked to leave worker-2, though it is on worker-0 now/,
    { near: evacuated('mail', 'worker-1'), make: evacuated('web', 'worker-2') },
  ],
  [
    'node/loss',
    'warning',
    /VM shop\/on-disk would be down until it is back/,
    {
      node: 'worker-2',
      scenario: withVms(
        vmOf('on-disk', { node: 'worker-2', disks: disk('lvms-vg1') }),
        vmOf('shared', { node: 'worker-2' }),
      ),
    },
  ],
  [
    'node/loss',
    'info',
    /the other nodes have room for all 2 VMs/,
    {
      node: 'worker-0',
      near: (hand) => cordon(hand, 'worker-1', 'worker-2'),
      make: async (hand) => {
        for (const name of ['worker-1', 'worker-2'])
          await hand.merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: false } });
      },
    },
  ],
  [
    'node/maintenance',
    'warning',
    /worker-0 is about to get another machine config \(rendered-2\)/,
    { node: 'worker-0', near: machineConfig('rendered-1'), make: machineConfig('rendered-2') },
  ],
  [
    'node/maintenance',
    'warning',
    /has the taint medik8s\.io\/drain: another operator/,
    {
      node: 'worker-0',
      near: (hand) => hand.merge(NODE, { spec: { taints: [{ key: 'other', effect: 'NoSchedule' }] } }),
      make: (hand) => hand.merge(NODE, { spec: { taints: [{ key: 'medik8s.io/drain', effect: 'NoSchedule' }] } }),
    },
  ],
  [
    'node/virt-handler',
    'blocker',
    /VMs run on worker-0, but no virt-handler/,
    {
      node: 'worker-0',
      near: (hand) => dropHandler(hand, 'worker-1', false).then(() => hand.pass(40)),
      make: (hand) => dropHandler(hand, 'worker-0', false).then(() => hand.pass(40)),
    },
  ],
  [
    'node/virt-handler',
    'info',
    /worker-2 runs no VMs: virt-handler is not on it/,
    {
      node: 'worker-2',
      near: (hand) => dropHandler(hand, 'worker-1', false),
      make: (hand) => dropHandler(hand, 'worker-2', false).then(() => hand.pass(40)),
    },
  ],
  [
    'node/virt-handler',
    'blocker',
    /no virt-handler pod is on worker-0/,
    {
      node: 'worker-0',
      near: (hand) => dropHandler(hand, 'worker-1', true),
      make: async (hand) => {
        // Before the DaemonSet's controller makes another.
        await hand.create(`/api/v1/namespaces/openshift-cnv/pods/${await handlerPod(hand, 'worker-0')}/eviction`, {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: await handlerPod(hand, 'worker-0') },
          deleteOptions: { gracePeriodSeconds: 0 },
        });
      },
    },
  ],
  [
    'node/virt-handler',
    'warning',
    /worker-0 takes no VMs: virt-handler's label kubevirt\.io\/schedulable is false/,
    {
      node: 'worker-0',
      near: (hand) => hand.merge(NODE, { metadata: { labels: { 'kubevirt.io/other': 'false' } } }),
      make: (hand) => hand.merge(NODE, { metadata: { labels: { 'kubevirt.io/schedulable': 'false' } } }),
    },
  ],
  [
    'node/virt-handler',
    'warning',
    /virt-handler on worker-0 was last heard of [67] minutes ago/,
    {
      node: 'worker-0',
      near: (hand) => hand.fault({ name: 'virt-handler-crash', node: 'worker-1' }).then(() => hand.pass(400)),
      make: (hand) => hand.fault({ name: 'virt-handler-crash', node: 'worker-0' }).then(() => hand.pass(400)),
    },
  ],
  [
    'nodes/coreos',
    'warning',
    /node worker-0 runs Fedora Linux 42; it is no target/,
    { make: (hand) => hand.merge(`${NODE}/status`, { status: { nodeInfo: { osImage: 'Fedora Linux 42' } } }) },
  ],
  [
    'health/virt-handler',
    'warning',
    /virt-handler is ready on 2 of 3 nodes; not ready on worker-0/,
    { make: (hand) => hand.fault({ name: 'virt-handler-crash', node: 'worker-0' }).then(() => hand.pass(30)) },
  ],
  [
    'health/kubevirt',
    'blocker',
    /KubeVirt is not available \(virt-api is down\)/,
    { near: condition('Available', 'True'), make: condition('Available', 'False') },
  ],
  [
    'health/kubevirt',
    'warning',
    /KubeVirt is degraded: virt-api is down/,
    { near: condition('Degraded', 'False'), make: condition('Degraded', 'True') },
  ],
  [
    'nodes/schedulable',
    'info',
    /worker worker-0 runs no VMs: virt-handler has not labelled it/,
    { make: (hand) => hand.merge(NODE, { metadata: { labels: { 'kubevirt.io/schedulable': null } } }) },
  ],
  [
    'limits/slots',
    'info',
    /1 of 5 migration slots of the cluster are taken/,
    { make: (hand) => hand.migrate('a', 'web').then(() => hand.pass(2)) },
  ],
  [
    'cluster/spare-node',
    'info',
    /whichever of the 3 nodes fails/,
    {
      near: (hand) => cordon(hand, 'worker-1', 'worker-2'),
      make: async (hand) => {
        for (const name of ['worker-1', 'worker-2'])
          await hand.merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: false } });
      },
    },
  ],
  [
    'eviction/audit',
    'info',
    /1 VM would keep a drain waiting until something outside of KubeVirt moves them .*shop\/outside/,
    {
      near: (hand) => hand.create(VM, bareVm('inside', 'LiveMigrate')).then(() => hand.pass(30)),
      make: (hand) => hand.create(VM, bareVm('outside', 'External')).then(() => hand.pass(30)),
    },
  ],
  [
    'eviction/audit',
    'info',
    /1 VM would be restarted by a drain, not moved: shop\/plain/,
    {
      near: (hand) => hand.create(VM, bareVm('inside', 'LiveMigrate')).then(() => hand.pass(30)),
      make: (hand) => hand.create(VM, bareVm('plain', 'None')).then(() => hand.pass(30)),
    },
  ],
  [
    'settings/limits',
    'warning',
    /a limit of parallel migrations is 0/,
    { near: settings({ parallelMigrationsPerCluster: 1 }), make: settings({ parallelMigrationsPerCluster: 0 }) },
  ],
  [
    'settings/limits',
    'info',
    /parallelMigrationsPerCluster \(7\) is never reached: 3 nodes may send 2 each/,
    {
      near: settings({ parallelMigrationsPerCluster: 6, parallelOutboundMigrationsPerNode: 2 }),
      make: settings({ parallelMigrationsPerCluster: 7 }),
    },
  ],
  [
    'settings/time-outs',
    'warning',
    /completionTimeoutPerGiB is 0/,
    { near: settings({ completionTimeoutPerGiB: 1 }), make: settings({ completionTimeoutPerGiB: 0 }) },
  ],
  [
    'settings/time-outs',
    'warning',
    /progressTimeout is 0/,
    { near: settings({ progressTimeout: 1 }), make: settings({ progressTimeout: 0 }) },
  ],
  [
    'settings/time-outs',
    'info',
    /each migration is limited to 1 GiB\/s/,
    { near: settings({ bandwidthPerMigration: '0' }), make: settings({ bandwidthPerMigration: '1Gi' }) },
  ],
  [
    'settings/workload-disruption',
    'info',
    /that do not converge switch to post-copy/,
    {
      releases: ['4.17', '4.20', 'next'],
      near: settings({ allowPostCopy: false }),
      make: settings({ allowPostCopy: true, allowWorkloadDisruption: true }),
    },
  ],
  [
    'settings/workload-disruption',
    'info',
    /that do not converge in time pause the guest/,
    {
      releases: ['next'],
      near: settings({ allowWorkloadDisruption: false }),
      make: settings({ allowWorkloadDisruption: true }),
    },
  ],
  [
    'network/attachment',
    'blocker',
    /is not JSON: no pod can be attached/,
    {
      scenario: dedicated,
      near: (hand) => config(hand, ipam({ range: '10.200.5.0/24' })),
      make: (hand) =>
        hand.merge('/apis/k8s.cni.cncf.io/v1/namespaces/openshift-cnv/network-attachment-definitions/mig', {
          spec: { config: '{' },
        }),
    },
  ],
  [
    'network/attachment',
    'blocker',
    /gives no addresses \(it has no ipam\)/,
    {
      scenario: dedicated,
      make: (hand) =>
        config(hand, (parsed) => {
          delete parsed['ipam'];
        }),
    },
  ],
  [
    'network/attachment',
    'warning',
    /uses the IPAM host-local/,
    { scenario: dedicated, make: (hand) => config(hand, ipam({ type: 'host-local' })) },
  ],
  [
    'network/default-interface',
    'warning',
    /policy takes-eno1 puts eno1 into the Linux bridge br1/,
    { near: policyWith('enp4s0'), make: policyWith('eno1') },
  ],
  [
    'network/mtu',
    'warning',
    /the network attachment wants an MTU of 9000, but enp5s0 has less on worker-0, worker-1, worker-2/,
    {
      scenario: { ...dedicated, migrationNetwork: { ...dedicated.migrationNetwork!, mtu: 1500 } },
      make: (hand) => config(hand, mac),
    },
  ],
  [
    'network/mtu',
    'info',
    /the migration network has an MTU of 1500/,
    { scenario: { ...dedicated, migrationNetwork: { ...dedicated.migrationNetwork!, mtu: 1500 } } },
  ],
  [
    'rivals/descheduler',
    'warning',
    /the descheduler runs without a profile for VMs \(LifecycleAndUtilization\)/,
    {
      near: profile(['DevKubeVirtRelieveAndMigrate']),
      make: (hand) => hand.merge(`${DESCHEDULERS}/cluster`, { spec: { profiles: ['LifecycleAndUtilization'] } }),
    },
  ],
  [
    'rivals/descheduler',
    'info',
    /only says what it would evict: its mode is Predictive/,
    { make: profile(['DevKubeVirtRelieveAndMigrate']) },
  ],
];

function bareVm(name: string, evictionStrategy: string): object {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      runStrategy: 'Always',
      template: { spec: { evictionStrategy, domain: { memory: { guest: '1Gi' }, devices: {} } } },
    },
  };
}
