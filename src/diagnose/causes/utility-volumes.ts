import type { Cause } from '../cause.ts';
import { eventSaying, migrationCondition } from '../said.ts';

const PENDING = /Migration waiting for utility volumes to detach from VMI \[[^\]]*\]\. Will timeout in (\d+) seconds/;
const FAILED = /Migration timeout waiting for utility volumes to detach from VMI/;

/** A utility volume (a tool's, attached for a backup or a memory dump) keeps the VM from migrating (v1.8+; facts/kubevirt.md C1). */
export const utilityVolumes: Cause = {
  id: 'queue/utility-volumes',
  title: 'A utility volume is attached',
  source: 'facts/kubevirt.md A6, C1, G4 (KubeVirt 1.8 and newer)',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    const { events, phase, vmi } = each;
    const condition = each.final ? undefined : migrationCondition(each, 'migrationBlockedByUtilityVolumes');
    const failed = phase === 'Failed' ? eventSaying(events, FAILED) : undefined;
    if (condition === undefined && failed === undefined) return undefined;
    const said = failed ?? eventSaying(events, PENDING);
    const names = ((vmi?.spec as { utilityVolumes?: { name: string }[] } | undefined)?.utilityVolumes ?? []).map(
      ({ name }) => name,
    );
    const which = names.length === 0 ? 'utility volumes' : `the utility volume ${names.join(', ')}`;
    return {
      confidence: 'certain',
      message:
        failed === undefined
          ? `it waits for ${which} to be detached${said === undefined ? '' : `; KubeVirt gives it up ${said.match[1]} s after it was asked for`}`
          : `KubeVirt gave it up, because ${which} stayed attached`,
      evidence: [...(condition === undefined ? [] : [condition]), ...(said === undefined ? [] : [said.evidence])],
      remedies: [
        'Let the backup or memory dump that attached the volume end, or end it; the migration then starts by itself, or ask for it again: ferry move VM.',
        'To allow more time: the annotation kubevirt.io/migrationUtilityVolumesTimeoutSeconds on the migration, or utilityVolumesTimeout in the KubeVirt CR.',
      ],
    };
  },
  texts: [/[Uu]tility volumes/, /migrationBlockedByUtilityVolumes|UtilityVolumesPresent|UtilityVolumeMigrationPending/],
  meaning: {
    message:
      'A volume that a tool attached to the VM (for a backup or a memory dump) must be gone before the VM can migrate; KubeVirt waits 150 s for that.',
    remedies: ['Let what attached it end, then ask again: ferry move VM.'],
  },
};
