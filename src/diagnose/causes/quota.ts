import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';
import { eventSaying, isWaiting, migrationCondition } from '../said.ts';

const EXCEEDED = /exceeded quota: ([^,\s]+), (.*)$/s;

/** The target pod would exceed a ResourceQuota: during a migration a VM has two pods (facts/kubevirt.md A6; pain 7). */
export const quota: Cause = {
  id: 'queue/quota',
  title: 'A quota leaves no room for the second pod',
  source: 'facts/kubevirt.md A6, E; facts/anchors.md 2 pain 7',
  needs: ['migrations', 'virtualMachineInstances', 'resourceQuotas'],
  reads: ['events'],
  migration(each) {
    const condition = migrationCondition(each, 'migrationRejectedByResourceQuota');
    if (!isWaiting(each) || condition === undefined) return undefined;
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
