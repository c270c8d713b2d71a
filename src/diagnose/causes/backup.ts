import type { Cause } from '../cause.ts';
import { eventSaying, failureSaying, migrationCondition } from '../said.ts';

const REASON = /cannot migrate VMI until backup (\S+) is completed/;
const WAITING = /(?:Waiting for|Aborting) backup (\S+)/;

/** A backup of the VM is under way (v1.8+; facts/kubevirt.md D2, A6). */
export const backup: Cause = {
  id: 'queue/backup',
  title: 'A backup of the VM is under way',
  source: 'facts/kubevirt.md A6, D2, E (KubeVirt 1.8 and newer)',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const condition = each.final ? undefined : migrationCondition(each, 'migrationBlockedByBackup');
    const failed = failureSaying(each, REASON);
    if (condition === undefined && failed === undefined) return undefined;
    const text = (each.migration.status?.conditions ?? []).find(
      ({ type }) => type === 'migrationBlockedByBackup',
    )?.message;
    const name = failed?.match[1] ?? WAITING.exec(text ?? '')?.[1];
    const said = failed ?? eventSaying(each.events, WAITING);
    return {
      confidence: 'certain',
      message: `${failed === undefined ? 'it waits for' : 'it failed, because of'} a backup of the VM that is not complete${name === undefined ? '' : `: ${name}`}`,
      evidence: [...(condition === undefined ? [] : [condition]), ...(said === undefined ? [] : [said.evidence])],
      remedies: [
        'Wait until the backup has ended; then it starts by itself, or ask again: ferry move VM.',
        'If the move is more urgent, cancel the backup. A drain does so by itself.',
      ],
    };
  },
  texts: [REASON, WAITING, /migrationBlockedByBackup|BackupInProgress|BackupAbort/],
  meaning: {
    message:
      'A backup of the VM is under way; a migration waits for it, and one that KubeVirt must make at once (a drain) ends the backup.',
    remedies: ['Wait until the backup has ended, or cancel it.'],
  },
};
