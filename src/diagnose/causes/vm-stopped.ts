import { at as atField } from '../../model/finding.ts';
import { atEvent, type Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const GONE = /Migration failed (?:vmi shutdown during migration|because vmi does not exist)\./;

/** The VM was stopped, or ended, while it migrated (facts/kubevirt.md C4, G4). */
export const vmStopped: Cause = {
  id: 'vm/stopped-meanwhile',
  title: 'The VM ended meanwhile',
  source: 'facts/kubevirt.md C4, G4',
  needs: ['migrations', 'virtualMachineInstances', 'virtualMachines'],
  reads: ['events'],
  migration(each) {
    const said = each.phase === 'Failed' ? eventSaying(each.events, GONE) : undefined;
    return said === undefined
      ? undefined
      : { confidence: 'certain', message: MESSAGE, evidence: [said.evidence], remedies: REMEDIES };
  },
  vm({ vm, vmi, events }) {
    // With the VMI, its migrations are gone; only events are left.
    if (vmi !== undefined && vm.running) return undefined;
    const object = vm.vm;
    const status =
      object === undefined ? [] : [atField(object, '.status.printableStatus', object.status?.printableStatus)];
    const said = eventSaying(events, GONE, 'VirtualMachineInstanceMigration');
    if (said !== undefined) {
      return { confidence: 'certain', message: MESSAGE, evidence: [said.evidence, ...status], remedies: REMEDIES };
    }
    const stopped = events.findLast(({ message }) => STOPPED.test(message));
    const failed = events.findLast(
      ({ about, reason }) => about.kind === 'VirtualMachineInstanceMigration' && reason === 'FailedMigration',
    );
    if (stopped === undefined || failed === undefined) return undefined;
    // What ends first, the target pod or the VMI, decides which words KubeVirt has for it.
    if (Math.abs(Date.parse(failed.last) - Date.parse(stopped.last)) > TOGETHER) return undefined;
    return {
      confidence: 'likely',
      message: MESSAGE,
      evidence: [atEvent(stopped), atEvent(failed), ...status],
      remedies: REMEDIES,
    };
  },
  texts: [/vmi shutdown during migration/, /Migration failed because vmi does not exist/],
  meaning: {
    message: 'The guest was stopped, restarted or shut down while it was being migrated, which ends the migration.',
    remedies: ['Start the VM if it should run; it starts on a node of its own choice.'],
  },
};

const STOPPED =
  /^Stopped the virtual machine by deleting the virtual machine instance|^The VirtualMachineInstance was shut down\.$/;
/** Ms: a guest that shuts down takes its grace period, 180 s where templates make the VM (facts/kubevirt.md K). */
const TOGETHER = 200_000;
const MESSAGE = 'the VM was stopped, or its guest shut down, while it was being migrated, which ended the migration';
const REMEDIES = [
  'If it was stopped on purpose, nothing is to be done: where it starts next is decided then.',
  'If not, look at what ended it: the events of the VM, and who may stop it.',
];
