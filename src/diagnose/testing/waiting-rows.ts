import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { handlerPod, migration, vm } from '../../model/testing/fixtures.ts';
import { halvesRows } from './halves-rows.ts';
import { controllerLog, isTrue, ofMigration, ofPod, ofVmi, type Row, targetPod, unschedulable } from './migrations.ts';
import { ago, event } from './subjects.ts';

// Migrations that wait, before they have a target pod and while it starts.

const running = (name: string, on: string) => [...vm(name, { on }), migration(`m-${name}`, name, 'Running')];
const gaveUp = (stage: string) => [
  ofMigration('SuccessfulCreate', 'Created migration target pod virt-launcher-web-two'),
  ofMigration('SuccessfulDelete', `${stage} pod vms/virt-launcher-web-two timeout period exceeded`),
  ofMigration('FailedMigration', 'Migration target pod was removed during active migration.'),
];
const evacuation = (name: string, phase: string, seconds: number): VirtualMachineInstanceMigration =>
  migration(name, 'web', phase, (object) => {
    object.metadata.creationTimestamp = ago(seconds + 5);
    object.metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n1' };
    object.status = {
      phase: phase,
      phaseTransitionTimestamps: [{ phase: phase, phaseTransitionTimestamp: ago(seconds) }],
    };
  });
const evacuates = (object: VirtualMachineInstanceMigration): void => {
  object.metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n1' };
};
const since =
  (phase: string, seconds: number) =>
  (object: VirtualMachineInstanceMigration): void => {
    object.status = {
      phase: phase,
      phaseTransitionTimestamps: [{ phase: phase, phaseTransitionTimestamp: ago(seconds) }],
    };
  };
const secondClaim = (migration: string) =>
  controllerLog(
    `{"level":"info","msg":"reenqueuing Migration vms/${migration}","reason":"persistentvolumeclaims \\"persistent-state-for-web-x1\\" is forbidden: exceeded quota: team, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=1, limited: persistentvolumeclaims=1"}`,
  );
const waits =
  (reason: string) =>
  (pod: ReturnType<typeof targetPod>): void => {
    pod.status = { ...pod.status, containerStatuses: [{ name: 'compute', state: { waiting: { reason } } } as never] };
  };
const recent = (pod: ReturnType<typeof targetPod>): void => {
  pod.metadata.creationTimestamp = ago(10);
};
const as = (): void => undefined;
const controller = (ready: boolean) => {
  const pod = handlerPod('n3', ready);
  return {
    ...pod,
    metadata: { ...pod.metadata, name: 'virt-controller-1', labels: { 'kubevirt.io': 'virt-controller' } },
  };
};
const EXCEEDED =
  'Error creating pod: pods "virt-launcher-web-two" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1';
const QUOTA = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'small', namespace: 'vms' },
  spec: { hard: { pods: '1' } },
  status: { hard: { pods: '1' }, used: { pods: '1' } },
} as never;
const unlabelled = ({ metadata }: { metadata: { labels?: Record<string, string> } }): void => {
  for (const label of Object.keys(metadata.labels ?? {}))
    if (label.startsWith('host-model-cpu')) delete metadata.labels?.[label];
};

export const waitingRows: Row[] = [
  [
    'queue/cluster-limit',
    /1 of the cluster's 1 migration slots are taken, by vms\/other/,
    { settings: { parallelMigrationsPerCluster: 1 }, more: running('other', 'n2') },
    { settings: { parallelMigrationsPerCluster: 2 }, more: running('other', 'n2') },
  ],
  [
    'queue/outbound-limit',
    /1 of the 1 migrations that may leave node n1.*vms\/other/,
    { settings: { parallelOutboundMigrationsPerNode: 1 }, more: running('other', 'n1') },
    { settings: { parallelOutboundMigrationsPerNode: 1 }, more: running('other', 'n2') },
  ],
  [
    'queue/low-priority',
    /1 migration that waits goes first/,
    {
      version: 'v1.9.0',
      more: [
        ...vm('other', { on: 'n2' }),
        migration('m-other', 'other', 'Pending', (object) => {
          object.spec.priority = 'system-critical' as never;
        }),
      ],
    },
    {
      version: 'v1.6.6',
      more: [
        ...vm('other', { on: 'n2' }),
        migration('m-other', 'other', 'Pending', (object) => {
          object.spec.priority = 'system-critical' as never;
        }),
      ],
    },
  ],
  [
    'queue/previous-pod',
    /still has virt-launcher-web-two on n2/,
    {
      more: [
        targetPod((pod) => {
          pod.metadata.labels = { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': 'uid-vms-web' };
          pod.status = { phase: 'Running' };
        }),
      ],
    },
    {
      more: [
        targetPod((pod) => {
          pod.metadata.labels = { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': 'uid-vms-web' };
          pod.status = { phase: 'Succeeded' };
        }),
      ],
    },
  ],
  [
    'queue/quota',
    /ResourceQuota small \(requested: pods=1, used: pods=1, limited: pods=1\) has no room/,
    { m: isTrue('migrationRejectedByResourceQuota'), events: [ofVmi('FailedCreate', EXCEEDED)], more: [QUOTA] },
    { events: [ofVmi('FailedCreate', EXCEEDED)], more: [QUOTA], phase: 'Scheduling', pod: as },
  ],
  [
    'queue/quota',
    /TPM or UEFI state is on a claim that two nodes cannot share.*ResourceQuota team \(requested: persistentvolumeclaims=1/,
    { logs: [secondClaim('m')] },
    { logs: [secondClaim('m-other')] },
  ],
  [
    'queue/utility-volumes',
    /waits for utility volumes to be detached; KubeVirt gives it up 150 s after/,
    {
      m: isTrue('migrationBlockedByUtilityVolumes'),
      events: [
        ofMigration(
          'UtilityVolumeMigrationPending',
          'Migration waiting for utility volumes to detach from VMI [vms/web]. Will timeout in 150 seconds.',
        ),
      ],
    },
    {
      events: [
        ofMigration(
          'UtilityVolumeMigrationPending',
          'Migration waiting for utility volumes to detach from VMI [vms/web]. Will timeout in 150 seconds.',
        ),
      ],
    },
  ],
  [
    'queue/utility-volumes',
    /gave it up, because utility volumes stayed attached/,
    {
      phase: 'Failed',
      events: [
        ofMigration(
          'FailedMigration',
          'Migration timeout waiting for utility volumes to detach from VMI [vms/web]. Utility volumes still present after 150 seconds.',
        ),
      ],
    },
    { phase: 'Failed' },
  ],
  [
    'queue/backup',
    /waits for a backup .*: nightly/,
    { m: isTrue('migrationBlockedByBackup', 'Waiting for backup nightly to complete') },
    { m: isTrue('migrationRejectedByResourceQuota') },
  ],
  [
    'queue/backup',
    /failed, because of a backup .*: nightly/,
    { phase: 'Failed', state: { failed: true, failureReason: 'cannot migrate VMI until backup nightly is completed' } },
    { phase: 'Failed', state: { failed: true, failureReason: 'Target pod is down' } },
  ],
  ...halvesRows,
  [
    'queue/other-half',
    /sending half/,
    {
      phase: 'Synchronizing',
      m: (object) => {
        object.spec.sendTo = { migrationID: 'x' } as never;
      },
    },
    { phase: 'Pending' },
  ],
  [
    'queue/vm-not-running',
    /the VM is Scheduling/,
    {
      vmi: (object) => {
        object.status = { ...object.status, phase: 'Scheduling' };
      },
    },
    {},
  ],
  [
    'queue/host-model-unknown',
    /node n1 has no label host-model-cpu/,
    {
      node: (object, index) => (index === 0 ? unlabelled(object) : undefined),
      events: [
        ofVmi(
          'FailedCreate',
          'Error creating pod: unable to locate host cpu model, does not contain label "host-model-cpu.node.kubevirt.io/" with information',
        ),
      ],
    },
    {
      events: [
        ofVmi(
          'FailedCreate',
          'Error creating pod: unable to locate host cpu model, does not contain label "host-model-cpu.node.kubevirt.io/" with information',
        ),
      ],
    },
  ],
  [
    'queue/selinux-unknown',
    /SELinux level of the source/,
    { events: [ofVmi('FailedCreate', 'Error creating pod: SELinux context not set on VMI status')] },
    {
      vmi: (object) => {
        object.status = { ...object.status, selinuxContext: 'none' };
      },
      events: [ofVmi('FailedCreate', 'Error creating pod: SELinux context not set on VMI status')],
    },
  ],
  [
    'queue/container-disk-digest',
    /does not say its digest/,
    {
      events: [
        ofVmi(
          'FailedCreate',
          'Error creating pod: failed to render launch manifest: cannot proceed with the migration when no reproducible image digest can be detected: x',
        ),
      ],
    },
    {
      events: [
        event(
          'VirtualMachineInstance/web',
          'FailedCreate',
          'Error creating pod: failed to render launch manifest: cannot proceed with the migration when no reproducible image digest can be detected: x',
          { secondsAgo: 600 },
        ),
      ],
    },
  ],
  [
    'queue/pod-security',
    /namespace vms refuses/,
    {
      events: [
        ofVmi(
          'FailedCreate',
          'failed to create target pod for vmi vms/web, it needs a privileged namespace to run: pods "x" is forbidden: violates PodSecurity "restricted:latest"',
        ),
      ],
    },
    { phase: 'Scheduling', pod: as, events: [ofVmi('FailedCreate', 'it needs a privileged namespace to run: x')] },
  ],
  [
    'queue/target-pod-refused',
    /refuses its target pod: admission webhook "x" denied/,
    { events: [ofVmi('FailedCreate', 'Error creating pod: admission webhook "x" denied the request: no')] },
    { events: [ofVmi('FailedCreate', EXCEEDED)] },
  ],
  [
    'queue/no-disruption-budget',
    /KubeVirt v1\.5\.3 migrates .* only while a PodDisruptionBudget/,
    { version: 'v1.5.3' },
    { version: 'v1.6.6' },
  ],
  [
    'queue/backoff',
    /2 attempts in a row have failed, so KubeVirt tries again in 30 s/,
    {
      m: evacuates,
      more: [evacuation('old', 'Failed', 200), evacuation('older', 'Failed', 10)],
      events: [ofVmi('MigrationBackoff', 'backoff migrating vmi vms/web')],
    },
    { more: [evacuation('old', 'Failed', 200), evacuation('older', 'Failed', 10)] },
  ],
  [
    'queue/virt-controller',
    /no pod of virt-controller is ready/,
    { more: [controller(false)] },
    { more: [controller(true)] },
  ],
  [
    'target/cpu-nowhere',
    /no other node offers the CPU/,
    {
      phase: 'Scheduling',
      events: [
        ofVmi(
          'NoSuitableNodesForHostModelMigration',
          'Migration cannot proceed since no node is suitable to run the required CPU model / required features: x',
        ),
      ],
    },
    {
      phase: 'Succeeded',
      events: [
        ofVmi(
          'NoSuitableNodesForHostModelMigration',
          'Migration cannot proceed since no node is suitable to run the required CPU model / required features: x',
        ),
      ],
    },
  ],
  [
    'target/unschedulable',
    /n2 is cordoned; n3 is cordoned; it waits for 90 s, and KubeVirt gives it up in 4 min/,
    {
      phase: 'Scheduling',
      node: (object) => {
        object.spec = { unschedulable: true };
      },
      pod: unschedulable(
        '0/3 nodes are available: 3 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
      ),
    },
    { phase: 'Scheduling', pod: as },
  ],
  [
    'target/unschedulable',
    /n2 has no room: .*; 1 other node was not asked for.*asked to go to kubernetes.io\/hostname=n2 only/,
    {
      phase: 'Scheduling',
      m: (object) => {
        object.spec.addedNodeSelector = { 'kubernetes.io/hostname': 'n2' };
      },
      node: (object, index) => {
        if (index === 1) object.status = { ...object.status, allocatable: { cpu: '1', memory: '1Gi', pods: '10' } };
      },
      pod: unschedulable('0/3 nodes are available: 1 Insufficient memory.'),
    },
    { phase: 'Pending' },
  ],
  [
    'target/unschedulable',
    /KubeVirt gave it up after 300 s.*Now n2, n3 could take it/,
    { phase: 'Failed', events: gaveUp('unschedulable') },
    { phase: 'Failed', events: gaveUp('pending') },
  ],
  [
    'target/image-pull',
    /node n2 cannot pull image quay\.io\/x:1; it waits for 90 s, and KubeVirt gives it up in 14 min/,
    {
      phase: 'Scheduling',
      pod: waits('ImagePullBackOff'),
      events: [ofPod('Failed', 'Failed to pull image "quay.io/x:1": not found')],
    },
    { phase: 'Scheduling', pod: waits('ContainerCreating') },
  ],
  [
    'target/volume-attach',
    /volume pvc-1 cannot be used on node n2 while the source still uses it/,
    {
      phase: 'Scheduling',
      pod: as,
      events: [
        ofPod(
          'FailedAttachVolume',
          'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) virt-launcher-web',
        ),
      ],
    },
    {
      phase: 'Running',
      pod: as,
      events: [
        event('Pod/other', 'FailedAttachVolume', 'Multi-Attach error for volume "pvc-1" Volume is already used'),
      ],
    },
  ],
  [
    'target/volume-attach',
    /volume pvc-1 cannot be attached or mounted on node n2/,
    {
      phase: 'Scheduling',
      pod: as,
      events: [
        ofPod('FailedAttachVolume', 'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal'),
      ],
    },
    { phase: 'Scheduling', pod: as },
  ],
  [
    'target/pod-network',
    /network attachment vms\/blue does not exist/,
    {
      phase: 'Scheduling',
      pod: as,
      events: [
        ofPod(
          'FailedCreatePodSandBox',
          'Failed to create pod sandbox: rpc error: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot find a network-attachment-definition (blue) in namespace (vms): not found',
        ),
      ],
    },
    { phase: 'Scheduling', pod: as },
  ],
  [
    'target/pod-network',
    /KubeVirt gave it up after 900 s/,
    {
      phase: 'Failed',
      events: [
        ...gaveUp('pending'),
        ofPod('FailedCreatePodSandBox', 'Failed to create pod sandbox: rpc error: code = DeadlineExceeded'),
      ],
    },
    { phase: 'Failed', events: gaveUp('pending') },
  ],
  [
    'target/not-starting',
    /virt-launcher-web-two does not start on node n2 \(ContainerCreating\); it waits for 90 s/,
    { phase: 'Scheduling', pod: waits('ContainerCreating') },
    { phase: 'Scheduling', pod: recent },
  ],
  [
    'target/not-prepared',
    /PreparingTarget for 90 s: virt-handler of n2 has not prepared/,
    { phase: 'PreparingTarget', state: {}, m: since('PreparingTarget', 90) },
    { phase: 'PreparingTarget', state: {}, m: since('PreparingTarget', 5) },
  ],
];
