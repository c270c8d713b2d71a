import { abortOf } from '../abort.ts';
import type { Cause } from '../cause.ts';
import { sampleLine } from '../load.ts';

/** Nothing arrived for progressTimeout (facts/kubevirt.md D1; anchors 6 row 5). */
export const stuck: Cause = {
  id: 'migration/stuck',
  title: 'Nothing was transferred any more',
  source: 'facts/kubevirt.md D1, D2; facts/anchors.md 6 row 5',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const abort = abortOf(each);
    if (abort?.why !== 'stuck') return undefined;
    const way = `${each.sourceNode ?? 'the source'} and ${each.targetNode ?? 'the target'}`;
    return {
      confidence: abort.confidence,
      message: `for ${abort.seconds} s nothing at all was transferred (progressTimeout): the connection between ${way} was dead, or the other side hung; a busy guest is not the reason, for that one still transfers`,
      evidence: [...abort.evidence, ...sampleLine(each)],
      remedies: [
        `Test the path between ${way} with full-size packets (ping -M do -s MTU-28): a smaller MTU on the way swallows them.`,
        `See whether the target node is well: ferry diagnose node/${each.targetNode ?? 'NODE'}.`,
        'Ask for another node: ferry move VM --to NODE.',
      ],
    };
  },
  texts: [/(?:migration stuck|Aborting migration: stuck) for \d+ seconds/],
  meaning: {
    message:
      'For progressTimeout (150 s by default) nothing at all was transferred, and KubeVirt gave the migration up. That is a dead connection or a hanging target, not a guest that writes too fast.',
    remedies: [
      'Test the path between the two nodes, with full-size packets.',
      'Look at the migration: ferry diagnose VM.',
    ],
  },
};
