import { at as atField } from '../../model/finding.ts';
import type { Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const TAKEN =
  /VMI's migration state was (taken over by another migration job|cleared) during the active migration\.|VMI's migration state was taken over by another migration job during active migration\./;
const INELIGIBLE =
  /VMI is not eligible for migration because another migration job is in progress|vmi is ineligible for migration because another migration job is running/;

/** Two migrations of one VM met; one of them lost (facts/kubevirt.md B1, G4). */
export const takenOver: Cause = {
  id: 'migration/another-one',
  title: 'Another migration of the VM came in its way',
  source: 'facts/kubevirt.md B1, C1, G4',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events'],
  migration(each) {
    if (each.phase !== 'Failed') return undefined;
    const taken = eventSaying(each.events, TAKEN);
    const said = taken ?? eventSaying(each.events, INELIGIBLE);
    if (said === undefined) return undefined;
    const owner = each.vmi?.status?.migrationState?.migrationUid;
    const cleared = /cleared/.test(said.match[0]);
    return {
      confidence: 'certain',
      message: cleared
        ? "it failed, because somebody cleared the VM's migration state while it ran"
        : `it failed, because another migration of the same VM ${taken === undefined ? 'was under way' : 'took over'}: a VM can have one at a time`,
      evidence: [
        said.evidence,
        ...(each.vmi === undefined || owner === undefined
          ? []
          : [atField(each.vmi, '.status.migrationState.migrationUid', owner)]),
      ],
      remedies: [
        'Ask for one at a time; see what else moves VMs here (a drain, the descheduler, an update, scripts): ferry diagnose cluster.',
        'See how the other one went: ferry diagnose VM.',
      ],
    };
  },
  texts: [TAKEN, INELIGIBLE, /in-flight migration detected/, /migration job \S+ already executed/],
  meaning: {
    message: 'A VM can have one migration at a time, and there was another one.',
    remedies: ['See how the other one goes: ferry diagnose VM.', 'Wait for it, or cancel it: ferry cancel VM.'],
  },
};
