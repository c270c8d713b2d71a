import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { stateAt } from '../said.ts';

const WAITS: Record<string, (status: string) => boolean> = {
  HotVCPUChange: () => true,
  HotMemoryChange: (status) => status === 'True',
  MigrationRequired: (status) => status === 'True',
};

/** The VM has moved, and its migration waits for the change it was made for (facts/kubevirt.md A3, A6). */
export const changeUnfinished: Cause = {
  id: 'migration/change-unfinished',
  title: 'It has moved, and waits for a hot-plug to finish',
  source: 'facts/kubevirt.md A3, A6',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const { vmi, state, final } = each;
    if (final || vmi === undefined || state === undefined || state.failed === true) return undefined;
    // Until 1.5 it is completed when the VM has changed hands, from 1.6 on when the target has finished it (A5).
    const moved = state.endTimestamp !== undefined && vmi.status?.nodeName === state.targetNode;
    if (state.completed !== true && !moved) return undefined;
    const waits = (vmi.status?.conditions ?? []).find(({ type, status }) => WAITS[type]?.(status) === true);
    if (waits === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `the VM runs on ${vmi.status?.nodeName ?? 'the target'} already; the migration ends once the change of ${waits.type === 'HotVCPUChange' ? 'CPUs' : waits.type === 'HotMemoryChange' ? 'memory' : 'networks'} is done`,
      evidence: [
        stateAt(each, state.completed === true ? 'completed' : 'endTimestamp'),
        atField(vmi, `.status.conditions[type=${waits.type}].status`, waits.status),
      ],
      remedies: [
        'Wait some seconds.',
        'If it stays, see whether the guest took the change (its kernel must support it), and what virt-handler of that node says.',
      ],
    };
  },
};
