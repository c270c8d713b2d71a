import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { migrationCondition } from '../said.ts';

/** One half of a migration between clusters or namespaces waits for the other (v1.6+; facts/kubevirt.md A6). */
export const decentralized: Cause = {
  id: 'queue/other-half',
  title: 'It waits for its other half',
  source: 'facts/kubevirt.md A6, A3 (KubeVirt 1.6 and newer)',
  needs: ['migrations', 'virtualMachineInstances'],
  migration(each) {
    const { migration, phase, final } = each;
    const condition = final ? undefined : migrationCondition(each, 'decentralizedMigrationBlocked');
    if (condition === undefined && phase !== 'WaitingForSync' && phase !== 'Synchronizing') return undefined;
    const sends = migration.spec.sendTo !== undefined;
    return {
      confidence: 'certain',
      message: `it waits: it is the ${sends ? 'sending' : 'receiving'} half of a migration between clusters or namespaces, and has not met the ${sends ? 'receiving' : 'sending'} one`,
      evidence: [...(condition === undefined ? [] : [condition]), atField(migration, '.status.phase', phase)],
      remedies: [
        'See that the other half exists, with the same migrationID in spec.sendTo or spec.receive.',
        'See that virt-synchronization-controller runs on both sides, and that they reach each other at connectURL.',
      ],
    };
  },
  texts: [
    /DecentralizedLiveMigration feature gate is not enabled/,
    /sendTo migrationID .* does not match receive migrationID/,
    /decentralizedMigrationBlocked|DecentralizedLiveMigrationFailure/,
  ],
  meaning: {
    message:
      'A migration between clusters or namespaces has two halves that must name the same migrationID and reach each other; it needs the gate DecentralizedLiveMigration on both sides.',
    remedies: ['Compare spec.sendTo and spec.receive of the two, and the feature gates.'],
  },
};
