import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import type { MigrationCase } from '../case.ts';
import { type Cause, type Suspicion } from '../cause.ts';
import { eventSaying, isWaiting, migrationCondition, noTargetBecause } from '../said.ts';

const EXCEEDED = /exceeded quota: ([^,\s]+), (.*)$/s;

/** The claim that keeps the state of a TPM or of UEFI; a migration needs a second one where nodes cannot share it (KubeVirt v1.4 and newer). */
const CLAIM =
  /persistentvolumeclaims \\*"persistent-state-for-[^"]*" is forbidden: exceeded quota: ([^,\s]+), ([^"\\]*)/;

/** The target pod would exceed a ResourceQuota: during a migration a VM has two pods (facts/kubevirt.md A6; pain 7). */
export const quota: Cause = {
  id: 'queue/quota',
  title: 'A quota leaves no room for the second pod',
  source: 'facts/kubevirt.md A6, E; facts/anchors.md 2 pain 7',
  needs: ['migrations', 'virtualMachineInstances', 'resourceQuotas'],
  reads: ['events', 'logs'],
  migration(each) {
    if (!isWaiting(each)) return undefined;
    const condition = migrationCondition(each, 'migrationRejectedByResourceQuota');
    if (condition === undefined) return ofStateClaim(each);
    const { migration, events, snapshot } = each;
    const said = eventSaying(events, EXCEEDED);
    const named = said?.match[1] ?? '';
    const held = itemsOf(snapshot.lists.resourceQuotas).find(
      ({ metadata }) => metadata.namespace === migration.metadata.namespace && metadata.name === named,
    );
    const which = named === '' ? 'a ResourceQuota' : `ResourceQuota ${named} (${said?.match[2]?.trim() ?? ''})`;
    return {
      confidence: 'certain',
      message: `it waits: while a VM migrates it has two pods, and ${which} has no room for the second`,
      evidence: [
        condition,
        ...(said === undefined ? [] : [said.evidence]),
        ...(held === undefined
          ? []
          : [atField(held, '.status.hard', held.status?.hard), atField(held, '.status.used', held.status?.used)]),
      ],
      remedies: [
        'Raise the quota by what one more launcher pod of this VM needs (ferry check VM --explain says how much); the migration then starts by itself within seconds.',
        'Or make room: stop or move something else in the namespace.',
        'Where quotas are meant for guests, the Application Aware Quota operator counts VMs without the second pod.',
      ],
    };
  },
  texts: [/migrationRejectedByResourceQuota/, /exceeded quota/i],
  meaning: {
    message:
      'A ResourceQuota of the namespace has no room for the second pod that a VM has while it migrates. The migration stays Pending and starts by itself once there is room.',
    remedies: ['Raise the quota, or make room in the namespace.', 'See how much is missing: ferry check VM.'],
  },
};

/** KubeVirt does not set its condition for a claim: all there is stands in virt-controller's log. */
function ofStateClaim(each: MigrationCase): Suspicion | undefined {
  const said = noTargetBecause(each, CLAIM);
  if (said === undefined) return undefined;
  const [, name = '', numbers = ''] = said.match;
  return {
    confidence: 'certain',
    message: `it waits: its TPM or UEFI state is on a claim that two nodes cannot share, the target needs a second one, and ResourceQuota ${name} (${numbers.trim()}) has no room for it`,
    evidence: [said.evidence],
    remedies: [
      'Raise the quota by one claim of 10Mi; the migration then starts by itself. The first claim is deleted at its end.',
      'Or let the state be on storage that nodes share (ReadWriteMany): vmStateStorageClass in HyperConverged; it counts for VMs whose claim is made from then on.',
    ],
  };
}
