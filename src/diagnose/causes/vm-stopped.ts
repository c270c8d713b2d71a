import type { Cause } from '../cause.ts';
import { atField } from '../cause.ts';
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
    const said = eventSaying(events, GONE, 'VirtualMachineInstanceMigration');
    if (said === undefined) return undefined;
    const status =
      vm.vm === undefined ? [] : [atField(vm.vm, '.status.printableStatus', vm.vm.status?.printableStatus)];
    return { confidence: 'certain', message: MESSAGE, evidence: [said.evidence, ...status], remedies: REMEDIES };
  },
  texts: [/vmi shutdown during migration/, /Migration failed because vmi does not exist/],
  meaning: {
    message: 'The guest was stopped, restarted or shut down while it was being migrated, which ends the migration.',
    remedies: ['Start the VM if it should run; it starts on a node of its own choice.'],
  },
};

const MESSAGE = 'the VM was stopped, or its guest shut down, while it was being migrated, which ended the migration';
const REMEDIES = [
  'If it was stopped on purpose, nothing is to be done: where it starts next is decided then.',
  'If not, look at what ended it: the events of the VM, and who may stop it.',
];
