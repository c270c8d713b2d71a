import { itemsOf } from '../../model/snapshot.ts';
import { atEvent, type Cause } from '../cause.ts';

/** The HyperConverged writes KubeVirt's settings, and puts back what anybody else writes (facts/kubevirt.md A10). */
export const settingsReverted: Cause = {
  id: 'settings/reverted',
  title: 'A change of the KubeVirt object was put back',
  source: 'facts/kubevirt.md A10; facts/anchors.md 6 row 8',
  needs: ['hyperConvergeds', 'kubeVirts'],
  reads: ['events'],
  cluster({ snapshot, events }) {
    const said = events.findLast(
      ({ about, reason, message }) =>
        about.kind === 'HyperConverged' && reason === 'Overwritten' && message.includes('KubeVirt'),
    );
    if (said === undefined) return undefined;
    const [hyperConverged] = itemsOf(snapshot.lists.hyperConvergeds);
    return {
      confidence: 'certain',
      message: `somebody changed the KubeVirt object itself, and the HyperConverged put it back at ${said.last}${said.count > 1 ? ` (${said.count} times)` : ''}: what was changed is not in force`,
      evidence: [atEvent(said)],
      remedies: [
        `Change it in the HyperConverged: ferry settings set KEY=VALUE for migrations; for all else kubectl edit hyperconverged ${hyperConverged?.metadata.name ?? 'kubevirt-hyperconverged'} -n ${hyperConverged?.metadata.namespace ?? 'openshift-cnv'}.`,
        'For one or some VMs, use a MigrationPolicy instead.',
      ],
    };
  },
  texts: [/Overwritten KubeVirt/, /KubeVirtCRModified/],
  meaning: {
    message: 'The KubeVirt object was changed directly. The HyperConverged owns it, and has put it back.',
    remedies: [
      'Change the HyperConverged instead (for migrations: ferry settings set KEY=VALUE), or use a MigrationPolicy.',
    ],
  },
};
