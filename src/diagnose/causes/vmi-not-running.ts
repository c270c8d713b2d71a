import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { isWaiting } from '../said.ts';

/** A migration is admitted before the VM runs, and then waits (facts/kubevirt.md B1, C1). */
export const vmiNotRunning: Cause = {
  id: 'queue/vm-not-running',
  title: 'The VM does not run yet',
  source: 'facts/kubevirt.md B1, C1',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const { vmi } = each;
    const phase = vmi?.status?.phase;
    if (!isWaiting(each) || vmi === undefined || phase === 'Running') return undefined;
    return {
      confidence: 'certain',
      message: `it waits: the VM is ${phase ?? 'not started'}, and only a running VM can be migrated`,
      evidence: [atField(vmi, '.status.phase', phase)],
      remedies: [
        'Wait until the VM runs; the migration then starts by itself.',
        'If the VM does not start, cancel the migration: ferry cancel VM.',
      ],
    };
  },
};
