import type { LogTail } from '../../model/dossier.ts';
import type { KubeObject, KubeVirt, Node, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { kubeVirt, migration, node, nodes, vm } from '../../model/testing/fixtures.ts';
import { ago, event, type Said } from './subjects.ts';

// Causes of the cluster: a case that produces each, what its message says, and a near miss.

export interface Given extends Said {
  kubevirt?: (object: KubeVirt) => void;
  migrations?: Record<string, unknown>;
  more?: KubeObject[];
  nodes?: number;
  n1?: (node: Node) => void;
}

export function objectsOf({
  kubevirt = () => undefined,
  migrations = {},
  more = [],
  nodes: count = 3,
  n1,
}: Given): KubeObject[] {
  const rest = nodes(count).filter(
    ({ kind, metadata }) => kind !== 'KubeVirt' && (kind !== 'Node' || metadata.name !== 'n1'),
  );
  const object = kubeVirt(migrations);
  kubevirt(object);
  return [node('n1', n1), ...rest, object, ...vm('web', { on: 'n1' }), ...more];
}

const component = (name: string, ready: boolean): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${ready}`, namespace: 'openshift-cnv', labels: { 'kubevirt.io': name } },
    spec: { containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as KubeObject;
const conditions =
  (...all: [type: string, status: string, message?: string][]) =>
  (object: KubeVirt): void => {
    object.status = {
      ...object.status,
      conditions: all.map(([type, status, message]) => ({ type, status, ...(message && { message }) })) as never,
    };
  };
const hyperConverged = (annotations: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'hco.kubevirt.io/v1beta1',
  kind: 'HyperConverged',
  metadata: { name: 'kubevirt-hyperconverged', namespace: 'openshift-cnv', annotations },
});
const overwritten = (message: string) =>
  event('HyperConverged/kubevirt-hyperconverged', 'Overwritten', message, { namespace: 'openshift-cnv' });
const descheduler = (mode: string): KubeObject =>
  ({
    apiVersion: 'operator.openshift.io/v1',
    kind: 'KubeDescheduler',
    metadata: { name: 'cluster', namespace: 'openshift-kube-descheduler-operator' },
    spec: { mode, profiles: ['KubeVirtRelieveAndMigrate'], deschedulingIntervalSeconds: 60 },
  }) as KubeObject;
const updating = (phase: string, seconds = 60): VirtualMachineInstanceMigration =>
  migration('m-update', 'web', phase, ({ metadata }) => {
    metadata.creationTimestamp = ago(seconds);
    metadata.annotations = { 'kubevirt.io/workloadUpdateMigration': '' };
  });
const evacuated = (name: string, seconds: number): VirtualMachineInstanceMigration =>
  migration(name, 'web', 'Succeeded', ({ metadata }) => {
    metadata.creationTimestamp = ago(seconds);
    metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n2' };
  });
const outdated =
  (count: number) =>
  (object: KubeVirt): void => {
    object.status = { ...object.status, outdatedVirtualMachineInstanceWorkloads: count };
  };
const ran = (timeout: number, policy?: string): VirtualMachineInstanceMigration =>
  migration('m-old', 'web', 'Succeeded', (object) => {
    object.status = {
      phase: 'Succeeded',
      migrationState: {
        migrationUid: object.metadata.uid ?? '',
        migrationConfiguration: { completionTimeoutPerGiB: timeout },
        ...(policy && { migrationPolicyName: policy }),
      },
    };
  });
const rejected = (status: string): VirtualMachineInstanceMigration =>
  migration('m-quota', 'web', 'Pending', (object) => {
    object.status = { phase: 'Pending', conditions: [{ type: 'migrationRejectedByResourceQuota', status }] as never };
  });
/** m-a holds the only slot, in a phase for so many seconds; m-web waits. */
const holding = (phase: string, seconds: number): KubeObject[] => [
  ...vm('a', { on: 'n2' }),
  migration('m-a', 'a', phase, (object) => {
    object.status = { phase, phaseTransitionTimestamps: [{ phase, phaseTransitionTimestamp: ago(seconds) }] as never };
  }),
  migration('m-web', 'web', 'Pending'),
];
const policy = (port: string): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: 'mig' },
    spec: {
      desiredState: { interfaces: [{ name: 'br-mig', type: 'linux-bridge', bridge: { port: [{ name: port }] } }] },
    },
  }) as KubeObject;
const state: KubeObject = {
  apiVersion: 'nmstate.io/v1beta1',
  kind: 'NodeNetworkState',
  metadata: { name: 'n1' },
  status: {
    currentState: { interfaces: [{ name: 'br-ex', type: 'ovs-bridge', bridge: { port: [{ name: 'eno1' }] } }] },
  },
} as KubeObject;
const log = (line: string): LogTail => ({
  namespace: 'openshift-cnv',
  pod: 'virt-controller-1',
  container: 'virt-controller',
  component: 'virt-controller',
  lines: [line],
});
const working = ({ metadata }: Node): void => {
  metadata.annotations = { 'machineconfiguration.openshift.io/state': 'Working' };
};
const EXPIRED =
  'Error creating a Migration: Internal error occurred: failed calling webhook "migrations-mutator.kubevirt.io": failed to call webhook: Post "https://virt-api.openshift-cnv.svc:443/migration-mutate-create?timeout=10s": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-02T03:03:05Z is after 2026-01-02T03:00:00Z';
const JSON_PATCH = 'kubevirt.kubevirt.io/jsonpatch';

export const clusterRows: [id: string, message: RegExp, given: Given, miss: Given][] = [
  [
    'kubevirt/virt-controller-down',
    /none of the 1 pods/,
    { more: [component('virt-controller', false)] },
    { more: [component('virt-controller', false), component('virt-controller', true)] },
  ],
  [
    'kubevirt/virt-api-down',
    /0 of its 1 pods ready.*evictions are refused: a drain waits/,
    { more: [component('virt-api', false)] },
    { more: [component('virt-api', false), component('virt-api', true)] },
  ],
  [
    'kubevirt/virt-api-down',
    /1 of its 1 pods ready/,
    {
      more: [component('virt-api', true)],
      events: [
        event(
          'VirtualMachine/web',
          'FailedCreate',
          'failed calling webhook "virtualmachineinstances-mutator.kubevirt.io": connection refused',
        ),
      ],
    },
    {
      more: [component('virt-api', true)],
      events: [
        event('VirtualMachine/web', 'FailedCreate', 'failed calling webhook "pods.example.com": connection refused'),
      ],
    },
  ],
  [
    'kubevirt/certificates',
    /the API server does not believe the certificate of virt-api/,
    { more: [component('virt-api', true)], events: [event('VirtualMachineInstance/web', 'FailedCreate', EXPIRED)] },
    {
      more: [component('virt-api', true)],
      // It has not been said since: somebody has restarted virt-api.
      events: [event('VirtualMachineInstance/web', 'FailedCreate', EXPIRED, { secondsAgo: 3600 })],
    },
  ],
  [
    'kubevirt/virt-api-down',
    /0 of its 1 pods ready/,
    { more: [component('virt-api', false)] },
    { more: [component('virt-api', true)], events: [event('VirtualMachineInstance/web', 'FailedCreate', EXPIRED)] },
  ],
  [
    'kubevirt/certificates',
    /turned away for its certificate/,
    { logs: [log('remote error: tls: bad certificate')] },
    { events: [event('Pod/registry', 'Failed', 'x509: certificate signed by unknown authority')] },
  ],
  [
    'network/default-interface',
    /takes eno1 for br-mig, but OVN-Kubernetes needs that NIC/,
    { more: [policy('eno1'), state] },
    { more: [policy('eno2'), state] },
  ],
  ['quota/migrations-wait', /web in vms/, { more: [rejected('True')] }, { more: [rejected('False')] }],
  [
    'queue/slots-held',
    /1 migration waits: the 1 slots of the cluster are held by vms\/a \(Scheduling\)\. a is in Scheduling for 200 s/,
    { migrations: { parallelMigrationsPerCluster: 1 }, more: holding('Scheduling', 200) },
    { migrations: { parallelMigrationsPerCluster: 2 }, more: holding('Scheduling', 200) },
  ],
  [
    'kubevirt/upgrade',
    /from v1.6.6 to v1.7.4/,
    { kubevirt: (object) => (object.status = { ...object.status, targetKubeVirtVersion: 'v1.7.4' }) },
    { kubevirt: (object) => (object.status = { ...object.status, targetKubeVirtVersion: 'v1.6.6' }) },
  ],
  [
    'kubevirt/upgrade',
    /changing its components \(Deploying\)/,
    { kubevirt: conditions(['Progressing', 'True', 'Deploying']) },
    { kubevirt: conditions(['Progressing', 'True', 'Deploying'], ['Available', 'False', 'Deploying']) },
  ],
  [
    'kubevirt/not-available',
    /is not available: no virt-api/,
    { kubevirt: conditions(['Available', 'False', 'no virt-api']) },
    { kubevirt: conditions(['Available', 'True']) },
  ],
  [
    'kubevirt/not-available',
    /is degraded/,
    { kubevirt: conditions(['Available', 'True'], ['Degraded', 'True', 'x']) },
    { kubevirt: conditions(['Degraded', 'False']) },
  ],
  ['cluster/single-node', /n1 is the only node for VMs/, { nodes: 1 }, { nodes: 2 }],
  [
    'settings/reverted',
    /put it back at/,
    { more: [hyperConverged()], events: [overwritten('Overwritten KubeVirt kubevirt-kubevirt-hyperconverged')] },
    { more: [hyperConverged()], events: [overwritten('Overwritten CDI cdi')] },
  ],
  [
    'settings/overridden',
    /those of migrations among them/,
    {
      more: [
        hyperConverged({
          [JSON_PATCH]: '[{"op":"add","path":"/spec/configuration/migrations/allowPostCopy","value":true}]',
        }),
      ],
    },
    { more: [hyperConverged()] },
  ],
  [
    'settings/changed',
    /completionTimeoutPerGiB was 150 and is 20.*HyperConverged 1.19/,
    { migrations: { completionTimeoutPerGiB: 20 }, more: [ran(150)] },
    { migrations: { completionTimeoutPerGiB: 20 }, more: [ran(150, 'slow')] },
  ],
  [
    'moves/descheduler-storm',
    /vms\/web 2 times within two hours/,
    { more: [descheduler('Automatic'), evacuated('m1', 5000), evacuated('m2', 600)] },
    { more: [descheduler('Predictive'), evacuated('m1', 5000), evacuated('m2', 600)] },
  ],
  [
    'moves/two-balancers',
    /KubeVirt's workload updater moves VMs/,
    { more: [descheduler('Automatic'), updating('Succeeded')] },
    { more: [descheduler('Automatic'), updating('Succeeded', 8000)] },
  ],
  [
    'moves/two-balancers',
    /the Machine Config Operator/,
    { n1: working, more: [descheduler('Automatic')] },
    { n1: working, more: [descheduler('Predictive')] },
  ],
  [
    'moves/workload-updater',
    /7 VMs still run in an old virt-launcher; KubeVirt moves them by itself, 1 at the moment/,
    { kubevirt: outdated(7), more: [updating('Running')] },
    { more: [updating('Running')] },
  ],
  ['moves/workload-updater', /workloadUpdateMethods is empty/, { kubevirt: outdated(1) }, { kubevirt: outdated(0) }],
];
