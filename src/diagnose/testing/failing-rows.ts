import type { KubeObject } from '../../model/objects.ts';
import { migration, vm } from '../../model/testing/fixtures.ts';
import { failed, LOST, running, STUCK, TIMEOUT } from './failing-objects.ts';
import { launcher, ofMigration, ofVmi, type Row, sample } from './migrations.ts';
import { ago } from './subjects.ts';

const ABORTED = 'Live migration has been aborted';

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
    /writes 107 MiB\/s of its memory anew and 95\.4 MiB\/s are sent: .*round 3, with 690 MiB left of it.*KubeVirt gives it up in 11 min/,
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
  ['migration/no-reason-left', /neither the migration, nor its VM/, { phase: 'Failed' }, failed(STUCK)],
];
