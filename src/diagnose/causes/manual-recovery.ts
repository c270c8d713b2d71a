import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const REQUIRED =
  /VM recovery required: Volume migration failed|volumes pointing to non-consistent targets|ManualRecoveryRequired/;

/** A volume migration failed, and the VM points to copies that are not whole (v1.4+; facts/kubevirt.md E; pain 30). */
export const manualRecovery: Cause = {
  id: 'storage/manual-recovery',
  title: 'The VM points to volumes that are not whole',
  source: 'facts/kubevirt.md E; facts/anchors.md 2 pain 30 (KubeVirt 1.4 and newer)',
  needs: ['virtualMachines', 'virtualMachineInstances'],
  vm({ vm, vmi, events }) {
    const object = vm.vm;
    const condition = object?.status?.conditions?.find(({ type }) => type === 'ManualRecoveryRequired');
    if (object === undefined || condition?.status !== 'True') return undefined;
    const state = object.status;
    const changes = state?.volumeUpdateState?.volumeMigrationState?.migratedVolumes ?? [];
    const arrived =
      vmi?.status?.migrationState?.targetNodeDomainReadyTimestamp !== undefined &&
      vmi.status.migrationState.failed !== true;
    const back = changes.map(
      ({ volumeName, sourcePVCInfo, destinationPVCInfo }) =>
        `${volumeName}: ${destinationPVCInfo?.claimName ?? '?'} back to ${sourcePVCInfo?.claimName ?? '?'}`,
    );
    const names = changes.map(({ volumeName }) => volumeName).join(', ');
    const said = eventSaying(events, REQUIRED);
    return {
      confidence: 'certain',
      message: arrived
        ? 'a volume migration ended while the guest was already up on the new volumes: the new ones are the right side'
        : `a volume migration failed half-way: the VM points to the new claims, which do not hold its data, or not all of it${names === '' ? '' : ` (${names})`}; the old ones are the right side, for the guest never ran on the new ones. KubeVirt does not start the VM like this`,
      evidence: [
        atField(object, '.status.conditions[type=ManualRecoveryRequired].status', condition.status),
        ...(changes.length === 0
          ? []
          : [atField(object, '.status.volumeUpdateState.volumeMigrationState.migratedVolumes', changes)]),
        ...(said === undefined ? [] : [said.evidence]),
      ],
      remedies: arrived
        ? [
            'Remove the old claims only once you have seen the guest run on the new ones.',
            'Write the claims the VM runs with into its spec, where they are not.',
          ]
        : [
            `Point the volumes of the VM back to the old claims${back.length === 0 ? '' : ` (${back.join('; ')})`}: then the condition goes, and the VM starts.`,
            'Keep the new claims until the VM runs, then remove them and begin anew.',
          ],
    };
  },
  texts: [REQUIRED],
  meaning: {
    message:
      'A volume migration failed and left the VM pointing to new volumes that hold only part of the data; KubeVirt does not start it like this. The old volumes are the right side unless the guest already ran on the new ones.',
    remedies: [
      'Let Ferry name the claims: ferry diagnose VM.',
      'Point the volumes of the VM back to the old claims, then start it.',
    ],
  },
};
