import { describe, expect, test } from 'vitest';
import { causes } from './causes/index.ts';
import { schedulerWords } from './scheduling.ts';
import { meaningsOf } from './text.ts';

// What users paste, as KubeVirt writes it (facts/kubevirt.md B1, C1, D2, G4), and what they quote though nobody writes it.
const said: [text: string, cause: string][] = [
  // D2
  ['Live migration stuck for 150 seconds and has been aborted', 'migration/stuck'],
  ['Live migration is not completed after 300 seconds and has been aborted', 'migration/completion-timeout'],
  ['Live migration aborted ', 'migration/cancelled'],
  ['Live migration has been aborted', 'migration/aborted'],
  ['Aborting migration: stuck for 150 seconds', 'migration/stuck'],
  ['Aborting migration: not completed after 40 seconds', 'migration/completion-timeout'],
  ['Live migration failed unknown error', 'libvirt/error'],
  ["virError(Code=1, Domain=10, Message='operation failed: x')", 'libvirt/error'],
  ['error encountered during MigrateToURI3 libvirt api call: x', 'libvirt/error'],
  [
    'Volume migration cannot be performed because the destination volume is smaller then the source volume: x',
    'volume/destination-smaller',
  ],
  [
    'Volume migration cannot be performed because the destination volume is smaller than the source volume: x',
    'volume/destination-smaller',
  ],
  ['Target pod is down', 'target/pod-lost'],
  ['Failed migration to satisfy functional test condition', 'migration/test-annotation'],
  ['migration monitor failed to look up domain: x', 'libvirt/error'],
  ['migration job 1234 already executed, finished at 10:00, failed: true, abortStatus: ', 'migration/another-one'],
  ['cannot migrate VMI until backup nightly is completed', 'queue/backup'],
  ['failed to cancel migration - vmi is not migrating', 'migration/abort-failed'],
  // C1
  [
    'unable to locate host cpu model, does not contain label "host-model-cpu.node.kubevirt.io/" with information',
    'queue/host-model-unknown',
  ],
  [
    'node does not contain labal "host-model-cpu.node.kubevirt.io/" with information about host cpu model',
    'queue/host-model-unknown',
  ],
  ['SELinux context not set on VMI status', 'queue/selinux-unknown'],
  [
    'failed to render launch manifest: cannot proceed with the migration when no reproducible image digest can be detected: x',
    'queue/container-disk-digest',
  ],
  ['failed to create target pod for vmi a/b, it needs a privileged namespace to run: x', 'queue/pod-security'],
  ['Error creating pod: admission webhook "x" denied the request', 'queue/target-pod-refused'],
  ['Error creating pod: pods "x" is forbidden: exceeded quota: q, requested: pods=1', 'queue/quota'],
  ['backoff migrating vmi a/b', 'queue/backoff'],
  ['Found no PDB protecting the vmi b', 'queue/no-disruption-budget'],
  ['unschedulable pod a/b timeout period exceeded', 'target/unschedulable'],
  ['pending pod a/b timeout period exceeded', 'target/not-starting'],
  ['Migration target pod for VMI [a/b] is currently unschedulable.', 'target/unschedulable'],
  // G4
  ['Migration is ready to be canceled by virt-handler.', 'migration/cancelled'],
  ['migration canceled and pod a/b is deleted', 'migration/cancelled'],
  ['Migration failed because vmi does not exist.', 'vm/stopped-meanwhile'],
  ['Migration failed vmi shutdown during migration.', 'vm/stopped-meanwhile'],
  ['Migration failed due to being canceled', 'migration/cancelled'],
  ['Migration failed because target pod shutdown during migration', 'target/pod-lost'],
  ['Migration target pod was removed during active migration.', 'target/pod-lost'],
  ["VMI's migration state was cleared during the active migration.", 'migration/another-one'],
  ["VMI's migration state was taken over by another migration job during active migration.", 'migration/another-one'],
  ['source node reported migration failed', 'migration/no-reason-left'],
  ['Migration failed because target attachment pod shutdown during migration', 'target/attachment-pod'],
  ['VMI is not eligible for migration because another migration job is in progress.', 'migration/another-one'],
  ['vmi is ineligible for migration because another migration job is running', 'migration/another-one'],
  [
    'Migration timeout waiting for utility volumes to detach from VMI [a/b]. Utility volumes still present after 150 seconds.',
    'queue/utility-volumes',
  ],
  [
    'Migration waiting for utility volumes to detach from VMI [a/b]. Will timeout in 150 seconds.',
    'queue/utility-volumes',
  ],
  ['VirtualMachineInstance is aborting migration.', 'migration/cancelled'],
  ['The VirtualMachineInstance migrated to unknown host.', 'migration/guest-not-seen'],
  [
    "The VirtualMachineInstance's domain was never observed on the target after the migration completed within the timeout period.",
    'migration/guest-not-seen',
  ],
  ['EvictionStrategy is set but vmi is not migratable; x', 'admission/not-migratable'],
  ['VirtualMachineInstance migration uid 1 failed. reason: Target pod is down', 'target/pod-lost'],
  [
    'Migration cannot proceed since no node is suitable to run the required CPU model / required features: map[x:y]',
    'target/cpu-nowhere',
  ],
  ['Aborted change for vmi: b', 'migration/cancelled'],
  ['virt-handler is not responsive, marking node as unresponsive', 'node/lost'],
  // B1
  ['the VMI "a/b" does not exist', 'admission/refused'],
  ['Cannot migrate VMI in finalized state.', 'admission/refused'],
  ['Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: x', 'admission/not-migratable'],
  [
    'in-flight migration detected. Active migration job (1) is currently already in progress for VMI b.',
    'migration/another-one',
  ],
  ['Migration priority queue, only virt-controller is allowed to set priority field', 'queue/low-priority'],
  ['DecentralizedLiveMigration feature gate is not enabled in kubevirt resource', 'queue/other-half'],
  // D6, D7
  ['dial tcp 10.1.1.1:3333: connect: connection refused', 'network/unreachable'],
  ['unable to process new migration connections during virt-handler shutdown', 'node/virt-handler-not-ready'],
  ['no IP found on migration0', 'network/fallback'],
  [
    'VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets',
    'storage/manual-recovery',
  ],
  // What the mission and the console say, and KubeVirt does not (facts/anchors.md 0, 6).
  ['Migration exceeded timeout: 150 seconds per GiB', 'migration/completion-timeout'],
  ['Migration rejected: cluster migration limit reached (5 concurrent)', 'queue/cluster-limit'],
  ['The selected Node is unavailable', 'console/selected-node-unavailable'],
];

describe('a pasted message', () => {
  test.each(said)('%s', (text, cause) => {
    expect(meaningsOf(text)[0]?.cause).toBe(cause);
  });

  test('in the middle of what else was pasted is found, too', () => {
    const text = `Events:\n  Warning  FailedMigration  3s  virtualmachine-controller  Migration failed due to being canceled\n`;
    expect(meaningsOf(text)[0]?.cause).toBe('migration/cancelled');
  });

  test('that nobody prints means nothing', () => {
    expect(meaningsOf('everything is fine')).toEqual([]);
    expect(meaningsOf('')).toEqual([]);
  });

  test('has a meaning wherever a cause knows texts, and no cause is there twice', () => {
    for (const { id, texts, meaning } of causes) expect([id, texts === undefined]).toEqual([id, meaning === undefined]);
    expect(new Set(causes.map(({ id }) => id)).size).toBe(causes.length);
  });
});

test.each([
  [
    "0/7 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector, 3 node(s) had untolerated taint {node-role.kubernetes.io/master: }. preemption: 0/7 nodes are available: 7 Preemption is not helpful for scheduling.",
    'of 7 nodes: 1 without enough cpu left, 1 without enough memory left, 2 without a label that the VM or KubeVirt asks for (node selector, CPU model, machine type), 3 with the taint node-role.kubernetes.io/master that the VM does not tolerate',
  ],
  [
    '0/2 nodes are available: 1 node(s) had volume node affinity conflict, 1 something new.',
    'of 2 nodes: 1 that a volume of the VM cannot be attached to, 1 something new',
  ],
  ['Successfully assigned', undefined],
])('kube-scheduler says %s', (message, words) => {
  expect(schedulerWords(message)).toBe(words);
});
