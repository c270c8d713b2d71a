import type { Cause } from '../cause.ts';
import { failureSaying, lineSaying } from '../said.ts';
import { LOST } from './connection-lost.ts';

const LOCK =
  /Failed to get (?:shared )?"(?:write|consistent read)" lock|Is another process using the image|Cannot access storage file '[^']*'|Could not open '[^']*': (?:No such file or directory|Permission denied)/;

/** The target cannot open a disk that the source has (facts/kubevirt.md D2, E). */
export const diskLock: Cause = {
  id: 'libvirt/disk',
  title: 'The target cannot open a disk of the VM',
  source: 'facts/kubevirt.md D2, E',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    // The source says that the connection was lost; why, only the log of the target's launcher says.
    const lost = failureSaying(each, LOST);
    const said = failureSaying(each, LOCK) ?? (lost && lineSaying(each.logs, LOCK, 'virt-launcher'));
    if (said === undefined) return undefined;
    const locked = /lock|another process/.test(said.match[0]);
    return {
      confidence: 'certain',
      message: locked
        ? `QEMU on ${each.targetNode ?? 'the target'} could not lock a disk that the source still holds: the storage does not hand locks from one node to another`
        : `QEMU on ${each.targetNode ?? 'the target'} could not open a disk of the VM: it is not there, or may not be read`,
      evidence: [said.evidence],
      remedies: locked
        ? [
            'See that nothing else has the disk open (a second VM, a backup, a clone).',
            'See whether the class is truly shared between nodes: ferry check VM; block volumes do without locks.',
          ]
        : [
            'See whether the volume is mounted on that node as it is on the source (paths, owner, SELinux labels), and whether the class is truly shared: ferry check VM.',
            'Move it to another node: ferry move VM --to NODE.',
          ],
    };
  },
  texts: [LOCK],
  meaning: {
    message: 'QEMU on the target could not open or lock a disk that the source has open.',
    remedies: ['See that the storage is truly shared, and nothing else has the disk open: ferry check VM.'],
  },
};
