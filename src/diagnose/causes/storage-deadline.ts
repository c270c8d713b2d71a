import { at as atField } from '../../model/finding.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { type Cause } from '../cause.ts';
import { deadlineOf } from '../course.ts';
import { struggleOf } from '../load.ts';
import { inWords } from '../said.ts';

/** A volume migration gets time by its gigabytes of disk as if they were memory, and is tried for ever (facts/kubevirt.md D1; pain 10). */
export const storageDeadline: Cause = {
  id: 'volume/deadline',
  title: 'Copying the volumes needs more time than it is allowed',
  source: 'facts/kubevirt.md D1, E; facts/anchors.md 2 pain 10',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const struggle = struggleOf(each);
    const volumes = each.vmi?.status?.migratedVolumes ?? [];
    if (struggle === undefined || each.vmi === undefined || volumes.length === 0) return undefined;
    const size = volumes.reduce(
      (sum, { sourcePVCInfo }) => sum + bytesOf(sourcePVCInfo?.capacity?.['storage'] ?? '0'),
      0,
    );
    return {
      confidence: struggle.over ? 'certain' : 'likely',
      message: `${formatBytes(size)} of volumes are copied along, and memory and volumes together get ${inWords(deadlineOf(each) ?? 0)}; what is written to the disks meanwhile is copied, too${struggle.over ? '; KubeVirt gave it up and tries again, with the same time' : ''}`,
      evidence: [atField(each.vmi, '.status.migratedVolumes', volumes), ...struggle.evidence],
      remedies: [
        'Give this VM, and only this one, a MigrationPolicy with a longer completionTimeoutPerGiB until its volumes are copied; 0 means no limit.',
        'Copy one volume at a time, and when little is written to it.',
        'To call it off, point the volumes of the VM back to the old claims.',
      ],
    };
  },
};
