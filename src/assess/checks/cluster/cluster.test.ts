import { describe, expect, test } from 'vitest';
import type { KubeObject, KubeVirt } from '../../../model/objects.ts';
import {
  claim,
  daemonSet,
  handlerPod,
  kubeVirt,
  migration,
  node,
  storageClass,
  vm,
} from '../../../model/testing/fixtures.ts';
import { addressesIn } from '../../address-range.ts';
import { clusterReport } from '../../cluster-report.ts';
import { ofCluster, placed, type Row, table } from '../../testing/subjects.ts';
import { clusterChecks } from './index.ts';

const CNV = 'openshift-cnv';
const on = (strategy?: string) => vm('web', { on: 'n1', spec: { evictionStrategy: strategy as never } });
const kv = (change: (object: KubeVirt) => void, migrations: Record<string, unknown> = {}): KubeVirt => {
  const object = kubeVirt(migrations);
  change(object);
  return object;
};
const hco = (values: Record<string, unknown>, annotations?: Record<string, string>): KubeObject =>
  ({
    apiVersion: 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: { name: 'kubevirt-hyperconverged', namespace: CNV, ...(annotations && { annotations }) },
    spec: { liveMigrationConfig: values },
  }) as KubeObject;
/** A setting as HyperConverged writes it. */
const set = (values: Record<string, unknown>): KubeObject[] => [hco(values), kubeVirt(values)];
const nad = (config: Record<string, unknown> | string, namespace = CNV): KubeObject =>
  ({
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'mig', namespace },
    spec: { config: typeof config === 'string' ? config : JSON.stringify(config) },
  }) as KubeObject;
const ipam = { type: 'whereabouts', range: '10.200.5.0/24' };
const macvlan = { type: 'macvlan', master: 'enp4s0', mtu: 9000, ipam };
const network = (config: Record<string, unknown> | string): KubeObject[] => [nad(config), kubeVirt({ network: 'mig' })];
const nns = (name: string, interfaces: object[]): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    metadata: { name },
    status: { currentState: { interfaces } },
  }) as KubeObject;
const usual = (mtu = 9000): object[] => [
  { name: 'eno1', type: 'ethernet', mtu: 1500, controller: 'br-ex' },
  { name: 'br-ex', type: 'ovs-bridge', bridge: { port: [{ name: 'eno1' }] } },
  { name: 'enp4s0', type: 'ethernet', mtu },
  { name: 'eno1.30', type: 'vlan', mtu: 1500, vlan: { 'base-iface': 'eno1', id: 30 } },
];
const states = (...mtus: number[]): KubeObject[] => mtus.map((mtu, index) => nns(`n${index + 1}`, usual(mtu)));
const policy = (port: string): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: 'bridge' },
    spec: { desiredState: { interfaces: [{ name: 'br1', type: 'linux-bridge', bridge: { port: [{ name: port }] } }] } },
  }) as KubeObject;
const desched = (spec: object, name = 'cluster'): KubeObject =>
  ({
    apiVersion: 'operator.openshift.io/v1',
    kind: 'KubeDescheduler',
    metadata: { name, namespace: 'openshift-kube-descheduler-operator' },
    spec,
  }) as KubeObject;
const relieve = { profiles: ['KubeVirtRelieveAndMigrate'] };
const outdated = (count: number, methods: string[]) =>
  kv((object) => {
    object.spec!.workloadUpdateStrategy = { workloadUpdateMethods: methods };
    object.status!.outdatedVirtualMachineInstanceWorkloads = count;
  });
const image = (name: string, version: string) =>
  vm(name, {
    on: 'n1',
    change: ({ vmi }) => Object.assign(vmi.status!, { launcherContainerImageVersion: version }),
  });
const guest = (domain: object) =>
  vm('web', { on: 'n1', spec: { domain: { devices: {}, memory: { guest: '4Gi' }, ...domain } } });
const manager = (...names: string[]) =>
  names.map((name) => node(name, ({ metadata }) => Object.assign(metadata.labels!, { cpumanager: 'true' })));
const huge = (...names: string[]) =>
  names.map((name) => node(name, ({ status }) => Object.assign(status!.allocatable!, { 'hugepages-1Gi': '64Gi' })));
const pages = guest({ memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } } });
const condition = (type: string, status: string) =>
  kv((object) => {
    object.status!.conditions = [{ type, status, message: 'as it is' }] as never;
  });
const unready = (object: KubeObject, reason: string): KubeObject => {
  (object as { status?: object }).status = { phase: 'Failed', migrationState: { failureReason: reason } };
  return object;
};

const rows: Row[] = [
  [
    'health/kubevirt',
    'KubeVirt is not there',
    'blocker',
    /KubeVirt is not available \(as it is\)/,
    { objects: [condition('Available', 'False')] },
    { objects: [condition('Available', 'True')] },
  ],
  [
    'health/kubevirt',
    'KubeVirt is degraded',
    'warning',
    /KubeVirt is degraded/,
    { objects: [condition('Degraded', 'True')] },
    { objects: [condition('Degraded', 'False')] },
  ],
  [
    'health/kubevirt',
    'a roll-out',
    'warning',
    /being rolled out/,
    { objects: [condition('Progressing', 'True')] },
    { objects: [condition('Progressing', 'False')] },
  ],
  [
    'health/kubevirt',
    'an update',
    'warning',
    /updated from v1\.6\.6 to v1\.7\.4/,
    {
      objects: [
        kv(({ status }) => {
          status!.targetKubeVirtVersion = 'v1.7.4';
        }),
      ],
    },
    {
      objects: [
        kv(({ status }) => {
          status!.targetKubeVirtVersion = 'v1.6.6';
        }),
      ],
    },
  ],
  [
    'nodes/schedulable',
    'a worker without a label',
    'info',
    /worker n9 runs no VMs/,
    {
      objects: [
        node('n9', ({ metadata }) => {
          delete metadata.labels!['kubevirt.io/schedulable'];
        }),
      ],
    },
    {
      objects: [
        node('n9', ({ metadata }) => {
          delete metadata.labels!['kubevirt.io/schedulable'];
          metadata.labels!['node-role.kubernetes.io/control-plane'] = '';
        }),
      ],
    },
  ],
  [
    'nodes/schedulable',
    'a label that says false',
    'warning',
    /node n9 takes no VMs at the moment/,
    {
      objects: [
        node('n9', ({ metadata }) => {
          metadata.labels!['kubevirt.io/schedulable'] = 'false';
        }),
        handlerPod('n9'),
      ],
    },
    { objects: [node('n9'), handlerPod('n9')] },
  ],
  [
    'limits/slots',
    'a slot is taken',
    'info',
    /1 of 5 migration slots .* taken: 1 by a user/,
    { objects: [...on(), migration('m', 'web', 'Running')] },
    { objects: [...on(), migration('m', 'web', 'Succeeded')] },
  ],
  [
    'limits/slots',
    'one by an evacuation',
    'info',
    /1 by an evacuation/,
    {
      objects: [
        ...on(),
        migration('m', 'web', 'Running', ({ metadata }) => {
          metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n1' };
        }),
      ],
    },
    { objects: [...on(), migration('m', 'web', 'Running')] },
  ],
  [
    'limits/slots',
    'the limit of the cluster is reached',
    'warning',
    /1 migration waits .*vms\/db; held back by the cluster's limit/,
    {
      objects: [
        ...on(),
        ...vm('db', { on: 'n2' }),
        migration('m', 'web', 'Running'),
        migration('w', 'db', 'Pending'),
        kubeVirt({ parallelMigrationsPerCluster: 1 }),
      ],
    },
    {
      objects: [...on(), ...vm('db', { on: 'n2' }), migration('m', 'web', 'Running'), migration('w', 'db', 'Pending')],
    },
  ],
  [
    'limits/slots',
    'the limit of a node is reached',
    'warning',
    /by the limit of their node \(parallelOutboundMigrationsPerNode 1: n1\)/,
    {
      objects: [
        ...on(),
        ...vm('db', { on: 'n1' }),
        migration('m', 'web', 'Running'),
        migration('w', 'db', 'Pending'),
        kubeVirt({ parallelOutboundMigrationsPerNode: 1 }),
      ],
    },
    {
      objects: [
        ...on(),
        ...vm('db', { on: 'n2' }),
        migration('m', 'web', 'Running'),
        migration('w', 'db', 'Pending'),
        kubeVirt({ parallelOutboundMigrationsPerNode: 1 }),
      ],
    },
  ],
  [
    'cluster/spare-node',
    'no node has room for two',
    'warning',
    /if n1 failed, not all/,
    {
      count: 2,
      objects: [vm('web', { on: 'n1', memory: '100Gi' }), vm('db', { on: 'n2', memory: '200Gi' })].flat(),
      change: ({ lists }) => {
        if (lists.pods.known)
          lists.pods.items.find(({ metadata }) => metadata.name === 'virt-launcher-db')!.metadata.labels![
            'kubevirt.io/created-by'
          ] = 'none';
        if (lists.virtualMachineInstances.known) lists.virtualMachineInstances.items.pop();
        if (lists.virtualMachines.known) lists.virtualMachines.items.pop();
      },
    },
    { count: 2, objects: vm('web', { on: 'n1', memory: '100Gi' }) },
  ],
  [
    'cluster/spare-node',
    'any node may fail',
    'info',
    /whichever of the 3 nodes fails/,
    { objects: on() },
    { count: 1, objects: on() },
  ],
  [
    'eviction/audit',
    'VMs that block',
    'warning',
    /1 VM would keep a drain .*vms\/web/,
    {
      objects: vm('web', {
        on: 'n1',
        change: ({ vmi }) => {
          vmi.status!.conditions = [];
        },
      }),
    },
    { objects: on('LiveMigrate') },
  ],
  [
    'eviction/audit',
    'VMs that stay off',
    'warning',
    /1 VM would be shut down by a drain, and not started again/,
    { objects: on('None').slice(1) },
    { objects: on('None') },
  ],
  [
    'eviction/audit',
    'VMs that restart',
    'info',
    /1 VM would be restarted by a drain, not moved/,
    { objects: on('None') },
    { objects: on('LiveMigrate') },
  ],
  [
    'eviction/audit',
    'VMs that others must move',
    'info',
    /eviction strategy External/,
    { objects: on('External') },
    { objects: on('LiveMigrate') },
  ],
  [
    'migrations/repeated-failures',
    'three in a row',
    'warning',
    /last 3 migrations of VM vms\/web all failed, the last with: gone/,
    { objects: [...on(), ...['a', 'b', 'c'].map((name) => unready(migration(name, 'web', 'Failed'), 'gone'))] },
    {
      objects: [
        ...on(),
        migration('a', 'web', 'Failed'),
        migration('b', 'web', 'Failed'),
        migration('c', 'web', 'Succeeded'),
      ],
    },
  ],
  [
    'settings/limits',
    'more from a node than in the cluster',
    'warning',
    /parallelOutboundMigrationsPerNode \(6\) is larger/,
    { objects: set({ parallelMigrationsPerCluster: 4, parallelOutboundMigrationsPerNode: 6 }) },
    { objects: set({ parallelMigrationsPerCluster: 4, parallelOutboundMigrationsPerNode: 4 }) },
  ],
  [
    'settings/limits',
    'none may run',
    'warning',
    /a limit of parallel migrations is 0/,
    { objects: set({ parallelMigrationsPerCluster: 0 }) },
    { objects: set({ parallelMigrationsPerCluster: 1 }) },
  ],
  [
    'settings/limits',
    'many at once on the network of applications',
    'info',
    /more migrations than usual run at once \(10/,
    { objects: set({ parallelMigrationsPerCluster: 10 }) },
    { objects: [...set({ parallelMigrationsPerCluster: 10, network: 'mig' }), nad(macvlan)] },
  ],
  [
    'settings/limits',
    'a limit that nodes never reach',
    'info',
    /\(9\) is never reached: 3 nodes may send 2 each/,
    { objects: set({ parallelMigrationsPerCluster: 9 }) },
    { objects: set({ parallelMigrationsPerCluster: 6 }) },
  ],
  [
    'settings/time-outs',
    'the default of 4.17, three releases later',
    'warning',
    /is 800 s, the default of OpenShift Virtualization 4\.17 and before; this release's is 150 s.*4 h instead of 45 min/,
    { objects: set({ completionTimeoutPerGiB: 800 }) },
    { objects: set({ completionTimeoutPerGiB: 800 }), kubevirt: 'v1.3.1' },
  ],
  [
    'settings/time-outs',
    'the default of 4.22 in the next one',
    'warning',
    /is 150 s, the default of 4\.18 to 4\.22; this release's is 20 s/,
    { objects: set({ completionTimeoutPerGiB: 150 }), kubevirt: 'v1.9.0' },
    { objects: set({ completionTimeoutPerGiB: 150 }), kubevirt: 'v1.8.0' },
  ],
  [
    'settings/time-outs',
    'no time-out',
    'warning',
    /completionTimeoutPerGiB is 0/,
    { objects: set({ completionTimeoutPerGiB: 0 }) },
    { objects: set({ completionTimeoutPerGiB: 1 }) },
  ],
  [
    'settings/time-outs',
    'no time-out of progress',
    'warning',
    /progressTimeout is 0/,
    { objects: set({ progressTimeout: 0 }) },
    { objects: set({ progressTimeout: 150 }) },
  ],
  [
    'settings/time-outs',
    'too slow for the time',
    'warning',
    /contradict each other/,
    { objects: set({ bandwidthPerMigration: '32Mi', completionTimeoutPerGiB: 20 }) },
    { objects: set({ bandwidthPerMigration: '64Mi', completionTimeoutPerGiB: 20 }) },
  ],
  [
    'settings/time-outs',
    'a limit of bandwidth',
    'info',
    /limited to 64 MiB\/s: 64 GiB of memory take at least 17 min/,
    { objects: set({ bandwidthPerMigration: '64Mi' }) },
    { objects: set({ bandwidthPerMigration: '0' }) },
  ],
  [
    'settings/workload-disruption',
    'post-copy that never comes',
    'warning',
    /no migration ever switches to post-copy/,
    { objects: set({ allowPostCopy: true, allowWorkloadDisruption: false }), kubevirt: 'v1.9.0' },
    { objects: set({ allowPostCopy: true, allowWorkloadDisruption: true }), kubevirt: 'v1.9.0' },
  ],
  [
    'settings/workload-disruption',
    'post-copy costs the other connections',
    'info',
    /one connection instead of 8/,
    { objects: set({ allowPostCopy: true }) },
    { objects: set({ allowPostCopy: true }), kubevirt: 'v1.9.0' },
  ],
  [
    'settings/workload-disruption',
    'post-copy loses guests',
    'info',
    /is lost if the network/,
    { objects: set({ allowPostCopy: true }) },
    { objects: set({ allowPostCopy: false }) },
  ],
  [
    'settings/workload-disruption',
    'a pause instead of post-copy',
    'info',
    /pause the guest/,
    { objects: set({ allowWorkloadDisruption: true }) },
    { objects: set({ allowWorkloadDisruption: false }) },
  ],
  [
    'settings/overridden',
    'a setting past HyperConverged',
    'warning',
    /progressTimeout is set in KubeVirt's CR/,
    { objects: [hco({ progressTimeout: 150 }), kubeVirt({ progressTimeout: 300 })] },
    { objects: set({ progressTimeout: 300 }) },
  ],
  [
    'settings/overridden',
    'a patch by annotation',
    'info',
    /changes migration settings past its own fields/,
    {
      objects: [
        hco(
          {},
          {
            'kubevirt.kubevirt.io/jsonpatch':
              '[{"op":"add","path":"/spec/configuration/migrations/allowPostCopy","value":true}]',
          },
        ),
      ],
    },
    {
      objects: [
        hco(
          {},
          { 'kubevirt.kubevirt.io/jsonpatch': '[{"op":"add","path":"/spec/configuration/cpuModel","value":"x"}]' },
        ),
      ],
    },
  ],
  [
    'network/attachment',
    'it is in another namespace',
    'blocker',
    /namespace openshift-cnv has no such .* there is one in vms/,
    { objects: [nad(macvlan, 'vms'), kubeVirt({ network: 'mig' })] },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    'no JSON',
    'blocker',
    /is not JSON/,
    { objects: network('{type: macvlan') },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    'no addresses',
    'blocker',
    /gives no addresses/,
    { objects: network({ type: 'macvlan', master: 'enp4s0' }) },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    'addresses by node',
    'warning',
    /IPAM host-local/,
    { objects: network({ ...macvlan, ipam: { type: 'host-local' } }) },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    "the best-practices text's own mistake",
    'warning',
    /"excludeSubnets", which whereabouts does not know/,
    { objects: network({ ...macvlan, ipam: { ...ipam, excludeSubnets: '10.200.5.0/30' } }) },
    { objects: network({ ...macvlan, ipam: { ...ipam, exclude: ['10.200.5.0/30'] } }) },
  ],
  [
    'network/attachment',
    'too few addresses',
    'warning',
    /has 2 addresses for 3 nodes: virt-handler does not start/,
    { objects: network({ ...macvlan, ipam: { ...ipam, range: '10.0.0.0/30' } }) },
    { objects: network({ ...macvlan, ipam: { ...ipam, range: '10.0.0.0/29' } }) },
  ],
  [
    'network/attachment',
    'no mtu',
    'info',
    /sets no mtu/,
    { objects: network({ type: 'macvlan', master: 'enp4s0', ipam }) },
    { objects: network(macvlan) },
  ],
  [
    'network/default-interface',
    'a VLAN on the default interface',
    'warning',
    /stands on eno1\.30, which carries .* \(through eno1\)/,
    { objects: [...network({ ...macvlan, master: 'eno1.30' }), ...states(9000)] },
    { objects: [...network(macvlan), ...states(9000)] },
  ],
  [
    'network/default-interface',
    'a bridge that takes the default interface',
    'warning',
    /policy bridge puts eno1 into the Linux bridge br1/,
    { objects: [policy('eno1'), ...states(9000)] },
    { objects: [policy('enp4s0'), ...states(9000)] },
  ],
  [
    'network/mtu',
    'different MTUs',
    'warning',
    /different MTUs: 1500 on n2, 9000 on n1, n3/,
    { objects: [...network(macvlan), ...states(9000, 1500, 9000)] },
    { objects: [...network(macvlan), ...states(9000, 9000, 9000)] },
  ],
  [
    'network/mtu',
    'an attachment larger than its interface',
    'warning',
    /wants an MTU of 9000, but enp4s0 has less on n1/,
    { objects: [...network(macvlan), ...states(1500)] },
    { objects: [...network(macvlan), ...states(9000)] },
  ],
  [
    'network/mtu',
    'an interface that a node does not have',
    'blocker',
    /interface eth1, which n1 does not have/,
    { objects: [...network({ ...macvlan, master: 'eth1' }), ...states(9000)] },
    { objects: [...network(macvlan), ...states(9000)] },
  ],
  [
    'network/mtu',
    'small frames',
    'info',
    /has an MTU of 1500; with jumbo frames/,
    { objects: [...network({ ...macvlan, mtu: 1500 }), ...states(9000, 9000)] },
    { objects: [...network(macvlan), ...states(9000, 9000)] },
  ],
  [
    'network/dedicated',
    'a large VM on the pod network',
    'info',
    /1 VM of more than 100 GB runs here, the largest with 128 GiB/,
    { objects: vm('web', { on: 'n1', memory: '128Gi' }) },
    { objects: [...vm('web', { on: 'n1', memory: '128Gi' }), ...network(macvlan)] },
  ],
  [
    'rivals/descheduler',
    'it moves VMs',
    'warning',
    /moves VMs by itself, every 60 s/,
    { objects: [desched({ ...relieve, mode: 'Automatic', deschedulingIntervalSeconds: 60 })] },
    { objects: [desched({ ...relieve, mode: 'Predictive' })] },
  ],
  [
    'rivals/descheduler',
    'it only talks',
    'info',
    /only says what it would evict/,
    { objects: [desched(relieve)] },
    { objects: [desched({ ...relieve, mode: 'Automatic' })] },
  ],
  [
    'rivals/descheduler',
    'a profile that is not for VMs',
    'warning',
    /without a profile for VMs \(LifecycleAndUtilization\)/,
    { objects: [desched({ profiles: ['LifecycleAndUtilization'] })] },
    { objects: [desched({ profiles: ['LongLifecycle'] })] },
  ],
  [
    'rivals/workload-updater',
    'VMs on an old launcher',
    'warning',
    /4 VMs run on a launcher of before .* migrates them by itself/,
    { objects: [outdated(4, ['LiveMigrate'])] },
    { objects: [outdated(0, ['LiveMigrate'])] },
  ],
  [
    'rivals/workload-updater',
    'and nothing updates them',
    'info',
    /no update method is set/,
    { objects: [outdated(4, [])] },
    { objects: [outdated(4, ['LiveMigrate'])] },
  ],
  [
    'upgrade/canary',
    'two launchers',
    'info',
    /2 versions of the launcher.*2 kinds of VM .* vms\/a, vms\/b/,
    { objects: [...image('a', 'x'), ...image('b', 'y')] },
    { objects: [...image('a', 'x'), ...image('b', 'x')] },
  ],
  [
    'workload/dedicated-cpu',
    'what they cost',
    'info',
    /1 VM has dedicated CPUs .* one connection instead of 8/,
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1', 'n2')], kubevirt: 'v1.9.0' },
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1', 'n2')] },
  ],
  [
    'workload/dedicated-cpu',
    'one node has the CPU manager',
    'warning',
    /nowhere to go: only n1 has/,
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1')] },
    { objects: [...guest({ cpu: { dedicatedCpuPlacement: true } }), ...manager('n1', 'n2')] },
  ],
  [
    'workload/hugepages',
    'a large VM without',
    'info',
    /1 VM of more than 100 GiB runs without huge pages: vms\/web \(128 GiB\)/,
    { objects: vm('web', { on: 'n1', memory: '128Gi' }) },
    { objects: vm('web', { on: 'n1', memory: '100Gi' }) },
  ],
  [
    'workload/hugepages',
    'one node has them',
    'warning',
    /nowhere to go: only n1 has any/,
    { objects: [...pages, ...huge('n1')] },
    { objects: [...pages, ...huge('n1', 'n2')] },
  ],
  [
    'storage/unshared',
    'disks of one node',
    'info',
    /1 of 1 running VM has a disk that only one node can use \(storage class gp3\)/,
    {
      objects: [
        ...vm('web', { on: 'n1', claims: ['c'] }),
        claim('c', { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'] }),
        storageClass('gp3', 'ebs.csi.aws.com'),
      ],
    },
    { objects: [...vm('web', { on: 'n1', claims: ['c'] }), claim('c')] },
  ],
];

table(rows, ofCluster);

test('every check of the cluster has a case', () => {
  expect(new Set(rows.map(([check]) => check))).toEqual(new Set(clusterChecks.map(({ id }) => id)));
});

test('a healthy cluster gets advice only', () => {
  expect(
    ofCluster(placed({ objects: [...on('LiveMigrate'), daemonSet(3)] })).filter(({ severity }) => severity !== 'info'),
  ).toEqual([]);
});

test('a kind that the cluster does not serve is no doubt, one that may not be read is', () => {
  const why = (reason: 'missing' | 'forbidden') =>
    ofCluster(
      placed({
        change: ({ lists }) => {
          lists.deschedulers = { known: false, why: reason, message: 'no' };
        },
      }),
    ).filter(({ check }) => check === 'snapshot/complete');
  expect(why('missing')).toEqual([]);
  expect(why('forbidden')).toHaveLength(1);
});

describe('the audit', () => {
  test.each([
    ['LiveMigrate', 'Always', 'moves', 'restarts', 'restarts'],
    ['None', 'Manual', 'stays off', 'stays off', 'stays off'],
    ['None', 'RerunOnFailure', 'stays off', 'stays off', 'restarts'],
    ['External', 'Always', 'waits for others', 'restarts', 'restarts'],
  ])('%s, %s', (strategy, runStrategy, drain, preemption, nodeLoss) => {
    const objects = vm('web', {
      on: 'n1',
      spec: { evictionStrategy: strategy },
      change: ({ vm: object }) => {
        object.spec.runStrategy = runStrategy as never;
      },
    });
    expect(clusterReport(placed({ objects })).evictions).toMatchObject([{ drain, preemption, nodeLoss }]);
  });

  test('the shape of a report', async () => {
    const report = clusterReport(placed({ objects: [...on('None'), ...vm('off')] }));
    await expect(`${JSON.stringify(report, null, 2)}\n`).toMatchFileSnapshot(
      '../../../../test/golden/cluster-check-report.json',
    );
  });
});

test.each<[string, string[], number | undefined]>([
  ['10.0.0.0/30', [], 2],
  ['10.0.0.0/24', ['10.0.0.0/30'], 251],
  ['10.0.0.0/24', ['10.0.0.0/30', '10.0.0.0/28'], 239],
  ['10.0.0.10-10.0.0.19/24', ['10.0.0.12'], 9],
  ['fd00::/64', [], undefined],
  ['nonsense', [], undefined],
])('whereabouts has of %s without %j: %s', (range, exclude, count) => {
  expect(addressesIn(range, exclude)).toBe(count);
});
