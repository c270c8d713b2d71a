import type { KubeObject, Pod } from '../../model/objects.ts';
import { handlerPod, migration, vm } from '../../model/testing/fixtures.ts';
import { handler, launcher, ofMigration, ofPod, ofVmi, type Row, sample } from './migrations.ts';
import { ago, event } from './subjects.ts';

// Migrations that run badly or have failed.

const failed = (reason: string, more: Record<string, unknown> = {}) => ({
  phase: 'Failed',
  state: {
    failed: true,
    completed: true,
    startTimestamp: ago(95),
    endTimestamp: ago(5),
    failureReason: reason,
    ...more,
  },
});
const DIALS =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Failed to connect to remote libvirt URI qemu+unix:///session?socket=x: End of file while reading data: Input/output error')";
const LOST =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Lost connection to destination host')";
const TIMEOUT = 'Live migration is not completed after 90 seconds and has been aborted';
const STUCK = 'Live migration stuck for 150 seconds and has been aborted';
const ABORTED = 'Live migration has been aborted';
/** 4 GiB are five gigabytes: 750 s at 150. */
const running = (more: Record<string, unknown> = {}, seconds = 90) => ({
  phase: 'Running',
  state: {
    startTimestamp: ago(seconds),
    migrationConfiguration: { completionTimeoutPerGiB: 150, bandwidthPerMigration: '0' },
    ...more,
  },
});
const diverging = launcher(sample(4, 700, 800, 900, 2), sample(8, 690, 800, 900, 3));
const slow = launcher(sample(80, 4000, 40, 10, 1));
const hours = { migrationConfiguration: { completionTimeoutPerGiB: 150, bandwidthPerMigration: '4Mi' } };
const neighbour = (on: string, to: string): KubeObject[] => [
  ...vm('other', {
    on,
    change: ({ vmi }) => {
      vmi.status = {
        ...vmi.status,
        migrationState: {
          migrationUid: 'uid-m-other',
          sourceNode: on,
          targetNode: to,
          startTimestamp: ago(80),
        },
      };
    },
  }),
  migration('m-other', 'other', 'Running'),
];
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

export const failingRows: Row[] = [
  ['migration/cancelled', /somebody deleted the migration/, failed('Live migration aborted '), failed(STUCK)],
  [
    'migration/cancelled',
    /somebody deleted the migration/,
    { version: 'v1.9.0', ...failed(ABORTED, { abortRequested: true }) },
    { version: 'v1.9.0', ...failed(ABORTED) },
  ],
  [
    'migration/cancelled',
    /the change that needed it was taken back/,
    {
      phase: 'Failed',
      events: [
        ofMigration('FailedMigration', 'Migration failed due to being canceled'),
        ofVmi('SuccessfulChangeAbortion', 'Aborted change for vmi: web'),
      ],
    },
    { phase: 'Failed' },
  ],
  [
    'migration/cancelled',
    /it is being cancelled/,
    {
      ...running(),
      m: (object) => {
        object.metadata.deletionTimestamp = ago(1);
      },
    },
    running(),
  ],
  [
    'migration/abort-failed',
    /in post-copy the guest runs on the target already/,
    running({ abortStatus: 'Failed', mode: 'PostCopy' }),
    running({ mode: 'PostCopy' }),
  ],
  ['migration/post-copy-failed', /such a guest cannot go on/, failed(LOST, { mode: 'PostCopy' }), failed(LOST)],
  ['migration/guest-paused', /KubeVirt has paused the guest/, running({ mode: 'Paused' }), running()],
  [
    'migration/another-one',
    /another migration of the same VM took over/,
    {
      phase: 'Failed',
      events: [
        ofMigration(
          'FailedMigration',
          "VMI's migration state was taken over by another migration job during active migration.",
        ),
      ],
    },
    { phase: 'Failed' },
  ],
  [
    'migration/another-one',
    /another migration of the same VM was under way/,
    {
      phase: 'Failed',
      events: [
        ofMigration(
          'FailedMigration',
          'VMI is not eligible for migration because another migration job is in progress.',
        ),
      ],
    },
    {
      phase: 'Pending',
      events: [
        ofMigration(
          'FailedMigration',
          'VMI is not eligible for migration because another migration job is in progress.',
        ),
      ],
    },
  ],
  [
    'migration/test-annotation',
    /KubeVirt's own tests/,
    failed('Failed migration to satisfy functional test condition'),
    failed(STUCK),
  ],
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
    'migration/bandwidth-limit',
    /allows 4 MiB\/s: to send the 4 GiB of the guest once takes up to 17 min, and KubeVirt allows 13 min/,
    { ...failed(TIMEOUT, hours) },
    failed(STUCK, hours),
  ],
  [
    'migration/bandwidth-limit',
    /the guest writes 107 MiB\/s anew: it cannot end/,
    {
      ...running({ migrationConfiguration: { completionTimeoutPerGiB: 150, bandwidthPerMigration: '96Mi' } }),
      logs: [diverging],
    },
    { ...running(), logs: [diverging] },
  ],
  [
    'migration/completion-timeout',
    /given up after 90 s.*150 s for each started gigabyte.*wrote 107 MiB\/s and 95\.4 MiB\/s could be sent/,
    { ...failed(TIMEOUT), logs: [diverging] },
    failed(STUCK),
  ],
  [
    'migration/completion-timeout',
    /given up after 90 s/,
    {
      version: 'v1.9.0',
      ...failed(ABORTED),
      logs: [launcher('{"msg":"Aborting migration: not completed after 90 seconds"}')],
    },
    { version: 'v1.9.0', ...failed(ABORTED) },
  ],
  [
    'migration/completion-timeout',
    /given up after 90 s/,
    { version: 'v1.9.0', ...failed(ABORTED, { migrationConfiguration: { completionTimeoutPerGiB: 18 } }) },
    { version: 'v1.9.0', ...failed(ABORTED, { migrationConfiguration: { completionTimeoutPerGiB: 30 } }) },
  ],
  ['migration/stuck', /for 150 s nothing at all was transferred/, failed(STUCK), failed(TIMEOUT)],
  [
    'migration/stalled',
    /stall detector/,
    {
      version: 'v1.9.0',
      ...failed(ABORTED),
      change: (snapshot) => {
        const [object] = snapshot.lists.kubeVirts.known ? snapshot.lists.kubeVirts.items : [];
        Object.assign(object?.spec?.configuration ?? {}, {
          developerConfiguration: { featureGates: ['MigrationStallDetection'] },
        });
      },
    },
    { version: 'v1.9.0', ...failed(ABORTED) },
  ],
  [
    'migration/aborted',
    /the same whether it was cancelled, timed out or stood still/,
    { version: 'v1.9.0', ...failed(ABORTED) },
    { version: 'v1.9.0', ...failed(ABORTED, { abortRequested: true }) },
  ],
  [
    'migration/saturation',
    /shares a link with 1 other migration \(vms\/other\): 95\.4 MiB\/s were sent.*alone it could have about 191 MiB\/s/,
    { ...running(), logs: [diverging], more: neighbour('n1', 'n3') },
    { ...running(), logs: [diverging], more: neighbour('n3', 'n1') },
  ],
  [
    'migration/not-converging',
    /writes 107 MiB\/s of its memory anew and 95\.4 MiB\/s are sent; after 3 rounds 690 MiB are left.*KubeVirt gives it up in 11 min/,
    { ...running(), logs: [diverging] },
    { ...running(), logs: [slow] },
  ],
  [
    'migration/deadline-too-short',
    /needs about 19 min more, and KubeVirt gives it up in 11 min/,
    { ...running(), logs: [slow] },
    { ...running({ migrationConfiguration: { completionTimeoutPerGiB: 800 } }), logs: [slow] },
  ],
  [
    'migration/change-unfinished',
    /runs on n1 already; the migration ends once the change of memory/,
    {
      ...running({ completed: true }),
      vmi: (object) => {
        object.status = { ...object.status, conditions: [{ type: 'HotMemoryChange', status: 'True' }] };
      },
    },
    {
      ...running({ completed: true }),
      vmi: (object) => {
        object.status = { ...object.status, conditions: [{ type: 'HotMemoryChange', status: 'False' }] };
      },
    },
  ],
  [
    'migration/guest-not-seen',
    /virt-handler of n2 did not see the guest/,
    {
      ...failed(''),
      events: [
        ofVmi(
          'Migrated',
          "The VirtualMachineInstance's domain was never observed on the target after the migration completed within the timeout period.",
        ),
      ],
    },
    failed(''),
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
  ['migration/no-reason-left', /neither the migration, nor its VM/, { phase: 'Failed' }, failed(STUCK)],
];
