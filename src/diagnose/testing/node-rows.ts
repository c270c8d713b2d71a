import type { Enactment, EventRecord, LogTail } from '../../model/dossier.ts';
import type { DaemonSet, KubeObject, Node, Pod } from '../../model/objects.ts';
import { daemonSet, handlerPod, kubeVirt, migration, node, nodes, vm } from '../../model/testing/fixtures.ts';
import { ago, event, type Said } from './subjects.ts';

// Causes of a node and of the cluster: a case that produces each, what its message says, and a near miss.

export interface Given extends Said {
  n1?: (node: Node) => void;
  /** virt-handler of n1; null: there is none. */
  handler?: ((pod: Pod) => void) | null;
  set?: DaemonSet;
  migrations?: Record<string, unknown>;
  more?: KubeObject[];
  /** What is asked; node/n1. */
  of?: string;
}

export function objectsOf({
  n1,
  handler = () => undefined,
  set = daemonSet(3),
  migrations = {},
  more = [],
}: Given): KubeObject[] {
  const rest = nodes(3).filter(
    ({ kind, metadata }) =>
      kind !== 'DaemonSet' && kind !== 'KubeVirt' && metadata.name !== 'n1' && metadata.name !== 'virt-handler-n1',
  );
  const pod = handlerPod('n1');
  if (handler !== null) handler(pod);
  return [
    node('n1', n1),
    ...rest,
    ...(handler === null ? [] : [pod]),
    set,
    kubeVirt(migrations),
    ...vm('web', { on: 'n1' }),
    ...more,
  ];
}

const waiting =
  (reason: string, restartCount = 0) =>
  (pod: Pod): void => {
    pod.status = {
      phase: 'Pending',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        { name: 'virt-handler', ready: false, restartCount, image: '', imageID: '', state: { waiting: { reason } } },
      ],
    };
  };
const sandbox = (message: string, of = 'virt-handler-n1'): EventRecord =>
  event(`Pod/${of}`, 'FailedCreatePodSandBox', message, { namespace: 'openshift-cnv' });
const MISSING = 'cannot find a network-attachment-definition (mignet) in namespace (openshift-cnv): not found';
const nad = (namespace: string): KubeObject => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name: 'mignet', namespace },
});
const log = (lines: string[], pod = 'virt-handler-n1', component = 'virt-handler'): LogTail => ({
  namespace: component === 'virt-handler' ? 'openshift-cnv' : 'vms',
  pod,
  container: component,
  component,
  lines,
});
const cordonedSince =
  (seconds: number, more: (node: Node) => void = () => undefined) =>
  (object: Node): void => {
    object.spec = {
      unschedulable: true,
      taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: ago(seconds) }],
    };
    more(object);
  };
const annotated =
  (annotations: Record<string, string>, labels: Record<string, string> = {}) =>
  ({ metadata }: Node): void => {
    metadata.annotations = annotations;
    metadata.labels = { ...metadata.labels, ...labels };
  };
const tainted =
  (key: string) =>
  ({ spec }: Node): void =>
    void Object.assign(spec ?? {}, { taints: [{ key, effect: 'NoSchedule' }] });
const lost = (object: Node): void => {
  if (object.status === undefined) return;
  object.status.conditions = [
    { type: 'Ready', status: 'Unknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: ago(600) },
  ];
};
const rolling = (updated: number): DaemonSet => {
  const set = daemonSet(3, 2);
  set.status = { ...set.status, updatedNumberScheduled: updated } as never;
  return set;
};
const rolled = (): DaemonSet => {
  const set = daemonSet(3);
  set.spec = {
    template: { metadata: { annotations: { 'k8s.v1.cni.cncf.io/networks': 'mignet@migration0' } } },
  } as never;
  return set;
};
const attached = ({ metadata }: Pod): void => {
  metadata.annotations = {
    'k8s.v1.cni.cncf.io/network-status': '[{"name":"openshift-cnv/mignet","interface":"migration0"}]',
  };
};
const policy = (degraded: string): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: 'mig' },
    status: {
      conditions: [
        { type: 'Degraded', status: degraded, reason: 'FailedToConfigure', message: '1/3 nodes failed to configure' },
      ],
    },
  }) as KubeObject;
const enactment = (status: string, message = 'error reconciling: no such device enp9s0'): Enactment => ({
  apiVersion: 'nmstate.io/v1beta1',
  kind: 'NodeNetworkConfigurationEnactment',
  metadata: { name: 'n1.mig' },
  status: { conditions: [{ type: 'Failing', status, message }] },
});
/** Migrations m1, m2 of VMs a, b that leave n1 with so many Mbit/s each. */
function leaving(mbps: number): Pick<Given, 'more' | 'logs'> {
  const names = ['a', 'b'];
  return {
    more: [
      ...names.flatMap((name) => [...vm(name, { on: 'n1' }), migration(`m-${name}`, name, 'Running')]),
      {
        apiVersion: 'nmstate.io/v1beta1',
        kind: 'NodeNetworkState',
        metadata: { name: 'n1' },
        status: {
          currentState: {
            interfaces: [
              { name: 'eno1', type: 'ethernet', state: 'up', controller: 'br-ex', ethernet: { speed: 10_000 } },
            ],
          },
        },
      } as KubeObject,
    ],
    logs: names.map((name) =>
      log(
        [
          `Migration info for uid-m-${name}: TimeElapsed:8000ms DataProcessed:1MiB DataRemaining:1MiB DataTotal:2MiB MemoryProcessed:1MiB MemoryBandwidth:${mbps}Mbps DirtyRate:1Mbps Iteration:1`,
        ],
        `virt-launcher-${name}`,
        'virt-launcher',
      ),
    ),
  };
}
const queued = (last: string): KubeObject[] => [
  ...vm('a', { on: 'n1' }),
  ...vm('b', { on: 'n1' }),
  ...vm('c', { on: last }),
  migration('m-a', 'a', 'Running'),
  migration('m-b', 'b', 'Running'),
  migration('m-c', 'c', 'Pending'),
];
const CONFIG = 'machineconfiguration.openshift.io/';

export const nodeRows: [id: string, message: RegExp, given: Given, miss: Given][] = [
  ['node/not-ready', /n1 has not been ready for 10 min, so that.*Its 1 VM \(vms\/web\)/, { n1: lost }, {}],
  ['node/not-ready', /its node n1 has not been ready/, { of: 'vm/web', n1: lost }, { of: 'vm/web' }],
  ['node/not-ready', /n1 is not ready: 1 VM there/, { of: 'cluster', n1: lost }, { of: 'cluster' }],
  [
    'handler/network-missing',
    /no NetworkAttachmentDefinition mignet in namespace openshift-cnv, only in default/,
    {
      migrations: { network: 'mignet' },
      handler: waiting('ContainerCreating'),
      events: [sandbox(MISSING)],
      more: [nad('default')],
    },
    // The pod has started since.
    { migrations: { network: 'mignet' }, events: [sandbox(MISSING)] },
  ],
  [
    'handler/network-missing',
    /in another namespace than virt-handler/,
    {
      of: 'cluster',
      handler: waiting('ContainerCreating'),
      events: [
        sandbox(
          'namespace isolation enabled, annotation violates permission, pod is in namespace openshift-cnv but refers to target namespace vms',
        ),
      ],
    },
    { of: 'cluster', handler: waiting('ContainerCreating') },
  ],
  [
    'handler/no-address-left',
    /has no free address/,
    {
      handler: waiting('ContainerCreating'),
      events: [sandbox('error at storage engine: Could not allocate IP in range: ip: 10.200.5.1')],
    },
    { handler: waiting('ContainerCreating'), events: [sandbox(MISSING)] },
  ],
  [
    'handler/network-fails',
    /attaching it to network mignet fails there: plugin type="macvlan" failed/,
    {
      handler: waiting('ContainerCreating'),
      events: [
        sandbox('error adding container to network "mignet": plugin type="macvlan" failed (add): Link not found'),
      ],
    },
    {
      handler: waiting('ContainerCreating'),
      events: [sandbox('error adding container to network "mignet": Could not allocate IP in range')],
    },
  ],
  [
    'handler/no-address',
    /crashes at each start/,
    { handler: waiting('CrashLoopBackOff', 3), logs: [log(['panic: no IP found on migration0'])] },
    { handler: waiting('CrashLoopBackOff', 3), logs: [log(['panic: out of luck'])] },
  ],
  [
    'handler/image-pull',
    /image cannot be pulled/,
    { handler: waiting('ImagePullBackOff'), events: [sandbox('Failed to pull image "x"')] },
    { handler: waiting('ContainerCreating') },
  ],
  [
    'handler/not-ready',
    /does not work on n1 \(CrashLoopBackOff, restarted 4 times\)/,
    { handler: waiting('CrashLoopBackOff', 4) },
    {},
  ],
  ['handler/not-ready', /there is none/, { of: 'cluster', handler: null }, { of: 'cluster', handler: null, n1: lost }],
  [
    'handler/not-ready',
    /for a moment while it is rolled out/,
    { handler: waiting('ContainerCreating'), set: rolling(1) },
    { set: rolling(1) },
  ],
  [
    'handler/silent',
    /has not reported for 10 min/,
    {
      n1: annotated({ 'kubevirt.io/heartbeat': ago(600) }),
      events: [event('Node/n1', 'NodeUnresponsive', 'virt-handler is not responsive, marking node as unresponsive')],
    },
    { n1: annotated({ 'kubevirt.io/heartbeat': ago(200) }) },
  ],
  [
    'handler/not-schedulable',
    /lacks its devices/,
    { n1: annotated({}, { 'kubevirt.io/schedulable': 'false' }) },
    { n1: annotated({}, { 'kubevirt.io/schedulable': 'false' }), handler: waiting('x') },
  ],
  [
    'handler/not-on-network',
    /virt-handler on n1 is not on it: it has not been restarted/,
    { migrations: { network: 'mignet' }, set: rolled() },
    { migrations: { network: 'mignet' }, set: rolled(), handler: attached },
  ],
  [
    'handler/not-on-network',
    /n1, n2, n3 is not on it/,
    { of: 'cluster', migrations: { network: 'mignet' } },
    { of: 'cluster' },
  ],
  [
    'network/policy-failed',
    /could not apply the policy mig on n1/,
    { enactments: [enactment('True')] },
    { enactments: [enactment('False')] },
  ],
  [
    'network/policy-failed',
    /mig was not applied \(1\/3 nodes failed to configure\); it failed on n1/,
    {
      of: 'cluster',
      more: [policy('True')],
      enactments: [enactment('True', 'rolling back: default gw ping probe failed')],
    },
    { of: 'cluster', more: [policy('False')] },
  ],
  [
    'node/machine-config',
    /updates the system of n1/,
    { n1: annotated({ [`${CONFIG}state`]: 'Working' }) },
    { n1: annotated({ [`${CONFIG}state`]: 'Done' }) },
  ],
  [
    'node/machine-config',
    /could not update the system of n1 \(Degraded\): failed to drain node/,
    { of: 'cluster', n1: annotated({ [`${CONFIG}state`]: 'Degraded', [`${CONFIG}reason`]: 'failed to drain node' }) },
    { of: 'cluster' },
  ],
  [
    'node/drain-taint',
    /has the taint kubevirt.io\/drain:NoSchedule: KubeVirt moves its 1 VM off/,
    { n1: tainted('kubevirt.io/drain') },
    { n1: tainted('maintenance') },
  ],
  [
    'node/drain-taint',
    /has the taint maintenance:NoSchedule/,
    { n1: tainted('maintenance'), migrations: { nodeDrainTaintKey: 'maintenance' } },
    { n1: tainted('kubevirt.io/drain'), migrations: { nodeDrainTaintKey: 'maintenance' } },
  ],
  [
    'node/link-full',
    /2 migrations from n1 send 8.8 Gbit\/s together, over a link of 10 Gbit\/s/,
    leaving(4400),
    leaving(2000),
  ],
  [
    'node/outbound-slots',
    /2 VMs leave n1 \(a, b\), as many as may at once, and 1 waits \(c\)/,
    { more: queued('n1') },
    { more: queued('n2') },
  ],
  [
    'node/cordoned-and-forgotten',
    /has been cordoned for 2 h.*1 VM on it goes on running/,
    { n1: cordonedSince(7200) },
    { n1: cordonedSince(600) },
  ],
  [
    'node/cordoned-and-forgotten',
    /cordoned for 2 h/,
    { n1: cordonedSince(7200) },
    { n1: cordonedSince(7200, annotated({ [`${CONFIG}state`]: 'Working' })) },
  ],
  ['handler/rollout', /1 of 3 nodes have the new one/, { of: 'cluster', set: rolling(1) }, { of: 'cluster' }],
];
