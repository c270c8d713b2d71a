import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { eventSaying } from '../said.ts';

const SAYS_NOTHING = /source node reported migration failed/;

/** Failed, and nothing that says why is left (facts/kubevirt.md G4; pain 4, 21). */
export const sourceReported: Cause = {
  id: 'migration/no-reason-left',
  title: 'It failed, and nothing says why any more',
  source: 'facts/kubevirt.md C1, G4; facts/anchors.md 2 pains 4, 21',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['events', 'logs'],
  yieldsTo: ['admission', 'migration', 'node', 'target', 'vm'],
  migration(each) {
    if (each.phase !== 'Failed' || each.state?.failureReason !== undefined) return undefined;
    const said = eventSaying(each.events, /./, 'VirtualMachineInstanceMigration');
    if (said !== undefined && !SAYS_NOTHING.test(said.match.input)) return undefined;
    const { migration } = each;
    return {
      confidence: 'possible',
      message:
        'it failed, and neither the migration, nor its VM, nor events or logs say why any more: OpenShift keeps events for three hours (other Kubernetes for one), and pods take their logs with them',
      evidence: [atField(migration, '.status.phase', each.phase)],
      remedies: [
        'Where .status.migrationState.failureReason of the migration is empty, it failed before the copying began: most often no node took its target pod. See what stands in the way now: ferry check VM.',
        'Ask again, and diagnose at once: ferry move VM.',
      ],
    };
  },
  texts: [SAYS_NOTHING],
  meaning: {
    message:
      'The migration failed while it copied or before; this event does not say why. The reason stands in .status.migrationState.failureReason of the migration.',
    remedies: ['Find the cause: ferry diagnose VM.'],
  },
};
