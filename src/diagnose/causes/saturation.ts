import type { Cause } from '../cause.ts';
import { bandwidthLimit, neighboursOf, rateText, struggleOf } from '../load.ts';

/** Several migrations share a link, and none gets enough of it (mission Issue 2). */
export const saturation: Cause = {
  id: 'migration/saturation',
  title: 'Several migrations share the link',
  source: 'mission: Issue 2; facts/kubevirt.md C1; facts/anchors.md 2 pain 16',
  needs: ['migrations', 'virtualMachineInstances'],
  reads: ['logs'],
  migration(each) {
    const struggle = struggleOf(each);
    if (struggle === undefined) return undefined;
    const others = neighboursOf(each);
    const { last, over } = struggle;
    const limit = bandwidthLimit(each);
    if (others.length === 0 || (limit !== undefined && last !== undefined && last.bandwidth >= 0.8 * limit.bytes))
      return undefined;
    const alone = last === undefined ? undefined : last.bandwidth * (others.length + 1);
    // Alone it would not have converged either.
    if (last !== undefined && alone !== undefined && last.dirtyRate >= 0.9 * alone) return undefined;
    const names = others.map(({ name }) => name);
    return {
      confidence: last === undefined ? 'possible' : 'likely',
      message: `${over ? 'it shared' : 'it shares'} a link with ${names.length} other ${names.length === 1 ? 'migration' : 'migrations'} (${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''})${last === undefined ? '' : `: ${rateText(last.bandwidth)} were sent, and the guest wrote ${rateText(last.dirtyRate)}; alone it could have about ${rateText(alone ?? 0)}`}`,
      evidence: [...struggle.evidence, ...others.slice(0, 5).map(({ evidence }) => evidence)],
      remedies: [
        'Move it alone, or fewer at a time: ferry move VM, or ferry settings set parallelOutboundMigrationsPerNode=1 (KubeVirt limits what leaves a node, not what arrives).',
        'Give migrations a network of their own.',
        'bandwidthPerMigration does not help here: it makes each one slower.',
      ],
    };
  },
  texts: [/network saturat/i],
  meaning: {
    message: 'Migrations that leave or enter the same node share its link; too many at a time, and none converges.',
    remedies: [
      'Migrate fewer at a time (parallelOutboundMigrationsPerNode), or on a network of their own.',
      'See who shares the link: ferry diagnose VM.',
    ],
  },
};
