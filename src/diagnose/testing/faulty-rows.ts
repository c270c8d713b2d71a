import type { KubeObject, Pod } from '../../model/objects.ts';
import { handlerPod } from '../../model/testing/fixtures.ts';
import { failed, LOST, running, STUCK, TIMEOUT } from './failing-objects.ts';
import { handler, ofMigration, ofPod, type Row } from './migrations.ts';
import { ago, event } from './subjects.ts';

const DIALS =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Failed to connect to remote libvirt URI qemu+unix:///session?socket=x: End of file while reading data: Input/output error')";

const volumes = [
  {
    volumeName: 'root',
    sourcePVCInfo: { claimName: 'old', capacity: { storage: '10Gi' } },
    destinationPVCInfo: { claimName: 'new', capacity: { storage: '5Gi' } },
  },
] as never;

const dataSheet =
  (networks: object[]) =>
  (pod: Pod): Pod => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { 'k8s.v1.cni.cncf.io/network-status': JSON.stringify(networks) } },
  });

const ON = dataSheet([{ name: 'openshift-cnv/lm', interface: 'migration0', ips: ['10.9.0.1'] }]);

const OFF = dataSheet([{ name: 'ovn', interface: 'eth0' }]);

/** virt-handlers of n1 and n2 in place of the plain ones, by a second pod that is ready. */
const handlers = (one: Pod, two: Pod) =>
  [one, two].map((pod) => ({ ...pod, metadata: { ...pod.metadata, name: `a-${pod.metadata.name}` } }));

const nad = (namespace: string): KubeObject =>
  ({
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'lm', namespace },
    spec: { config: JSON.stringify({ type: 'macvlan', master: 'ens5' }) },
  }) as never;

const nns = (name: string, value: number): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    metadata: { name },
    status: { currentState: { interfaces: [{ name: 'ens5', mtu: value }] } },
  }) as never;

const notReady =
  (wanted: number) =>
  (object: { status?: object }, index: number): void => {
    if (index === wanted)
      object.status = {
        ...object.status,
        conditions: [
          {
            type: 'Ready',
            status: 'Unknown',
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
          },
        ],
      };
  };

export const faultyRows: Row[] = [
  [
    'vm/stopped-meanwhile',
    /stopped, or its guest shut down/,
    {
      of: 'vm/web',
      web: { on: undefined },
      events: [
        ofMigration('FailedMigration', 'Migration target pod was removed during active migration.'),
        event(
          'VirtualMachine/web',
          'SuccessfulDelete',
          'Stopped the virtual machine by deleting the virtual machine instance 1',
        ),
      ],
    },
    {
      of: 'vm/web',
      web: { on: undefined },
      events: [
        event(
          'VirtualMachineInstanceMigration/m',
          'FailedMigration',
          'Migration target pod was removed during active migration.',
          { secondsAgo: 900 },
        ),
        event(
          'VirtualMachine/web',
          'SuccessfulDelete',
          'Stopped the virtual machine by deleting the virtual machine instance 1',
        ),
      ],
    },
  ],
  [
    'vm/stopped-meanwhile',
    /stopped, or its guest shut down/,
    { phase: 'Failed', events: [ofMigration('FailedMigration', 'Migration failed vmi shutdown during migration.')] },
    {
      phase: 'Failed',
      events: [
        event(
          'VirtualMachineInstanceMigration/other',
          'FailedMigration',
          'Migration failed vmi shutdown during migration.',
        ),
      ],
    },
  ],
  [
    'node/lost',
    /source node n1 does not answer: it is NotReady: Kubelet stopped/,
    { ...running(), node: notReady(0) },
    { ...running(), node: notReady(2) },
  ],
  [
    'node/lost',
    /target node n2.*virt-handler has been silent/,
    {
      ...running(),
      node: ({ metadata }, index) => {
        if (index === 1) metadata.annotations = { 'kubevirt.io/heartbeat': ago(400) };
      },
    },
    {
      ...running(),
      node: ({ metadata }, index) => {
        if (index === 1) metadata.annotations = { 'kubevirt.io/heartbeat': ago(60) };
      },
    },
  ],
  [
    'node/virt-handler-not-ready',
    /virt-handler was being restarted/,
    {
      ...failed(LOST),
      logs: [handler('{"msg":"unable to process new migration connections during virt-handler shutdown"}')],
    },
    failed(LOST),
  ],
  [
    'target/attachment-pod',
    /hot-plugged volumes on n2 ended/,
    {
      ...failed(''),
      events: [
        ofMigration('FailedMigration', 'Migration failed because target attachment pod shutdown during migration'),
      ],
    },
    failed(''),
  ],
  [
    'target/pod-lost',
    /was deleted while the VM was being moved/,
    {
      phase: 'Failed',
      state: { failed: true, failureReason: 'Target pod is down' },
      events: [
        ofMigration('SuccessfulCreate', 'Created migration target pod virt-launcher-web-two'),
        ofPod('TaintManagerEviction', 'Marking for deletion Pod vms/virt-launcher-web-two'),
      ],
    },
    {
      phase: 'Failed',
      events: [
        ofMigration('SuccessfulDelete', 'pending pod vms/x timeout period exceeded'),
        ofMigration('FailedMigration', 'Migration target pod was removed during active migration.'),
      ],
    },
  ],
  [
    'target/pod-lost',
    /ended while the VM was being moved/,
    {
      phase: 'Failed',
      events: [ofMigration('FailedMigration', 'Migration failed because target pod shutdown during migration')],
    },
    {
      ...failed(STUCK),
      events: [ofMigration('FailedMigration', 'Migration failed because target pod shutdown during migration')],
    },
  ],
  [
    'network/half-migration-network',
    /virt-handler of node n2 has no interface migration0 on network lm/,
    {
      ...failed(DIALS, { targetNodeAddress: '10.1.1.1' }),
      settings: { network: 'lm' },
      more: handlers(ON(handlerPod('n1')), OFF(handlerPod('n2'))),
    },
    {
      ...failed(DIALS, { targetNodeAddress: '10.1.1.1' }),
      settings: { network: 'lm' },
      more: handlers(ON(handlerPod('n1')), ON(handlerPod('n2'))),
    },
  ],
  [
    'network/tls',
    /x509: certificate has expired/,
    {
      ...failed(LOST),
      logs: [
        handler(
          '{"msg":"unable to create outbound leg of proxy to host","reason":"x509: certificate has expired or is not yet valid"}',
        ),
      ],
    },
    failed(LOST),
  ],
  [
    'network/unreachable',
    /could not reach virt-handler of node n2 at 10\.1\.1\.1: nobody listened/,
    {
      ...failed(DIALS, { targetNodeAddress: '10.1.1.1' }),
      logs: [
        handler(
          '{"msg":"unable to create outbound leg of proxy to host","reason":"dial tcp 10.1.1.1:3333: connect: connection refused"}',
        ),
      ],
    },
    failed(LOST),
  ],
  ['network/connection-lost', /from n1 to n2 broke while memory was copied/, failed(LOST), failed(DIALS)],
  [
    'network/attachment-missing',
    /no NetworkAttachmentDefinition lm in namespace openshift-cnv; there is one of that name in default/,
    { of: 'cluster', settings: { network: 'lm' }, more: [nad('default')] },
    { of: 'cluster', settings: { network: 'lm' }, more: [nad('openshift-cnv')] },
  ],
  [
    'network/fallback',
    /virt-handler of 1 of 3 nodes has no interface on it \(n3\)/,
    { of: 'cluster', settings: { network: 'lm' }, more: handlers(ON(handlerPod('n1')), ON(handlerPod('n2'))) },
    { of: 'cluster' },
  ],
  [
    'network/mtu',
    /ens5 under the migration network has MTU 9000 on n1 and 1500 on n2/,
    { ...failed(STUCK), settings: { network: 'lm' }, more: [nad('openshift-cnv'), nns('n1', 9000), nns('n2', 1500)] },
    { ...failed(STUCK), settings: { network: 'lm' }, more: [nad('openshift-cnv'), nns('n1', 9000), nns('n2', 9000)] },
  ],
  [
    'volume/destination-smaller',
    /old \(10Gi\) to new \(5Gi\)/,
    {
      ...failed(
        'Volume migration cannot be performed because the destination volume is smaller then the source volume: x',
      ),
      vmi: (object) => {
        object.status = { ...object.status, migratedVolumes: volumes };
      },
    },
    failed(STUCK),
  ],
  [
    'volume/deadline',
    /10 GiB of volumes are copied along.*40 min/,
    {
      ...failed(TIMEOUT, { migrationConfiguration: { completionTimeoutPerGiB: 150 } }),
      vmi: (object) => {
        object.status = { ...object.status, migratedVolumes: volumes };
      },
    },
    failed(TIMEOUT),
  ],
  [
    'libvirt/cpu',
    /node n2 has another CPU.*host-passthrough KubeVirt does not look/,
    {
      ...failed(
        "virError(Code=91, Domain=31, Message='operation failed: guest CPU doesn't match specification: missing features: vmx')",
      ),
      vmi: (object) => {
        object.spec = { ...object.spec, domain: { ...object.spec.domain, cpu: { model: 'host-passthrough' } } };
      },
    },
    failed(LOST),
  ],
  [
    'libvirt/disk',
    /could not lock a disk/,
    failed(
      'virError(Code=1, Domain=10, Message=\'internal error: qemu unexpectedly closed the monitor: Failed to get shared "write" lock\')',
    ),
    failed(LOST),
  ],
  [
    'libvirt/error',
    /libvirt ended it: something new/,
    failed("virError(Code=1, Domain=10, Message='something new')"),
    failed(STUCK),
  ],
  [
    'admission/not-migratable',
    /DisksNotLiveMigratable\): cannot migrate VMI: PVC root is not shared/,
    {
      of: 'vm/web',
      phase: 'Failed',
      vmi: (object) => {
        object.status = {
          ...object.status,
          conditions: [
            {
              type: 'LiveMigratable',
              status: 'False',
              reason: 'DisksNotLiveMigratable',
              message: 'cannot migrate VMI: PVC root is not shared',
            },
          ],
        };
      },
    },
    { of: 'vm/web', phase: 'Failed' },
  ],
];
