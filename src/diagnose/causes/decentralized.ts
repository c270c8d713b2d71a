import { at as atField } from '../../model/finding.ts';
import { isFinal } from '../../model/migrations.ts';
import type { VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';
import { migrationCondition } from '../said.ts';

/** One half of a migration between clusters or namespaces waits for the other (v1.6+; facts/kubevirt.md A6). */
export const decentralized: Cause = {
  id: 'queue/other-half',
  title: 'It waits for its other half',
  source: 'facts/kubevirt.md A6, A3 (KubeVirt 1.6 and newer)',
  needs: ['migrations', 'virtualMachineInstances', 'pods'],
  migration(each) {
    const { migration, phase, final, snapshot } = each;
    const condition = final ? undefined : migrationCondition(each, 'decentralizedMigrationBlocked');
    if (condition === undefined && phase !== 'WaitingForSync' && phase !== 'Synchronizing') return undefined;
    const sends = migration.spec.sendTo !== undefined;
    const which = `it waits: it is the ${sends ? 'sending' : 'receiving'} half of a migration between clusters or namespaces`;
    const evidence = [...(condition === undefined ? [] : [condition]), atField(migration, '.status.phase', phase)];
    const other = otherHalf(migration, snapshot);
    if (other === undefined) {
      return {
        confidence: 'certain',
        message: `${which}, and has not met the ${sends ? 'receiving' : 'sending'} one`,
        evidence,
        remedies: [
          'See that the other half exists, with the same migrationID in spec.sendTo or spec.receive.',
          'See that virt-synchronization-controller runs on both sides, and that they reach each other at connectURL.',
        ],
      };
    }
    const { namespace = '', name } = other.metadata;
    const told = `${which}, and its other half, ${namespace}/${name}, is in this cluster, too`;
    const both = [...evidence, atField(other, '.status.phase', other.status?.phase ?? '')];
    if (connected(snapshot)) {
      return {
        confidence: 'certain',
        message: `${told}; virt-synchronization-controller has not brought the two together`,
        evidence: both,
        remedies: [
          'See that spec.sendTo.connectURL of the sending half is what the receiving half has in .status.synchronizationAddresses.',
          'See what virt-synchronization-controller says: kubectl logs -A -l kubevirt.io=virt-synchronization-controller.',
        ],
      };
    }
    return {
      confidence: 'certain',
      message: `${told}, but no pod of virt-synchronization-controller is ready here, which has to bring the two together`,
      evidence: both,
      remedies: [
        'See why it does not run (kubectl get pods -A -l kubevirt.io=virt-synchronization-controller): virt-operator installs it where the feature gate DecentralizedLiveMigration is on.',
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

/** The unfinished half that names the same migration, if it is in this cluster. */
function otherHalf(
  { spec }: VirtualMachineInstanceMigration,
  { lists }: Snapshot,
): VirtualMachineInstanceMigration | undefined {
  const id = spec.sendTo?.migrationID ?? spec.receive?.migrationID;
  return itemsOf(lists.migrations).find((other) => {
    const names = spec.sendTo === undefined ? other.spec.sendTo?.migrationID : other.spec.receive?.migrationID;
    return id !== undefined && names === id && !isFinal(other);
  });
}

function connected({ lists }: Snapshot): boolean {
  return itemsOf(lists.pods).some(
    (pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-synchronization-controller' && isReadyPod(pod),
  );
}
