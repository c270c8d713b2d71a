import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { inWords } from '../said.ts';

/** Seconds: preparing takes one or two; no time-out of KubeVirt covers it (facts/kubevirt.md C1). */
const USUAL = 60;

/** Handed over to virt-handler, and nothing happens. */
export const preparing: Cause = {
  id: 'target/not-prepared',
  title: 'virt-handler does not prepare the move',
  source: 'facts/kubevirt.md A6, C1',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const { migration, phase, now, sourceNode, targetNode } = each;
    if (phase !== 'Scheduled' && phase !== 'PreparingTarget' && phase !== 'TargetReady') return undefined;
    const entry = (migration.status?.phaseTransitionTimestamps ?? []).find((one) => one.phase === phase);
    const since = (now - Date.parse(entry?.phaseTransitionTimestamp ?? '')) / 1000;
    if (!(since >= USUAL)) return undefined;
    const node = phase === 'TargetReady' ? sourceNode : targetNode;
    return {
      confidence: 'likely',
      message: `it is ${phase} for ${inWords(since)}: virt-handler of ${node ?? 'the node'} has not ${phase === 'TargetReady' ? 'started the copying' : 'prepared the target'}, and no time-out of KubeVirt ends that`,
      evidence: [atField(migration, '.status.phase', phase)],
      remedies: [
        `See whether virt-handler of ${node ?? 'the node'} is healthy: ferry diagnose node/${node ?? 'NODE'}.`,
        'Once it is back, the migration goes on. To give it up instead: ferry cancel VM; it takes effect once the migration runs.',
      ],
    };
  },
};
