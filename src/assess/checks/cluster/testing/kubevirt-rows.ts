/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import type { KubeObject, KubeVirt } from '../../../../model/objects.ts';
import { handlerPod, kubeVirt, migration, node, vm } from '../../../../model/testing/fixtures.ts';
import type { Row } from '../../../testing/subjects.ts';
import { on } from './objects.ts';

const kv = (change: (object: KubeVirt) => void, migrations: Record<string, unknown> = {}): KubeVirt => {
  const object = kubeVirt(migrations);
  change(object);
  return object;
};

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

const condition = (type: string, status: string) =>
  kv((object) => {
    object.status!.conditions = [{ type, status, message: 'as it is' }] as never;
  });

const unready = (object: KubeObject, reason: string): KubeObject => {
  (object as { status?: object }).status = { phase: 'Failed', migrationState: { failureReason: reason } };
  return object;
};

export const kubevirtRows: Row[] = [
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
];
