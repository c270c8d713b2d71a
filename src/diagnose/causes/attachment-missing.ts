import { settingsOf } from '../../model/settings.ts';
import { itemsOf } from '../../model/snapshot.ts';
import type { ClusterCase } from '../case.ts';
import type { Cause, Suspicion } from '../cause.ts';
import { migrationNetworkOf } from '../migration-network.ts';
import { eventSaying } from '../said.ts';

const MISSING = /cannot find a network-attachment-definition \(([^)]+)\) in namespace \(([^)]+)\)/;

/** The migration network names a network attachment that is not where virt-handler looks for it (facts/kubevirt.md D7; pain 26). */
export const attachmentMissing: Cause = {
  id: 'network/attachment-missing',
  title: 'The migration network does not exist',
  source: 'facts/kubevirt.md D7; facts/anchors.md 2 pain 26, 6 row 20',
  needs: ['kubeVirts', 'networkAttachments', 'pods'],
  reads: ['events'],
  migration(each) {
    const found = missing(each);
    // While the old handlers run, migrations go on over the pod network.
    if (found === undefined || each.phase === 'Succeeded' || (each.final && each.state?.failureReason === undefined))
      return undefined;
    return { ...found, confidence: 'possible' };
  },
  cluster: missing,
};

function missing(cluster: ClusterCase): Suspicion | undefined {
  const { snapshot, events } = cluster;
  const network = migrationNetworkOf(cluster);
  if (network === undefined || !network.known || network.attachment !== undefined) return undefined;
  const { namespace, name, elsewhere } = network;
  const { object, field, raw } = settingsOf(snapshot).network;
  const handlers = new Set(
    itemsOf(snapshot.lists.pods)
      .filter(({ metadata }) => metadata.labels?.['kubevirt.io'] === 'virt-handler')
      .map(({ metadata }) => metadata.name),
  );
  const said = eventSaying(
    events.filter(({ about }) => handlers.has(about.name)),
    MISSING,
  );
  const there =
    elsewhere.length === 0
      ? ''
      : `; there is one of that name in ${elsewhere.join(', ')}, where KubeVirt does not look`;
  return {
    confidence: 'certain',
    message: `the migration network is set to ${network.written}, and there is no NetworkAttachmentDefinition ${name} in namespace ${namespace}${there}: the first new virt-handler pod cannot start, and the roll-out stands; the other nodes go on without the network`,
    evidence: [
      ...(object === undefined ? [] : [{ object, field: field ?? '', value: raw ?? network.written }]),
      ...(said === undefined ? [] : [said.evidence]),
    ],
    remedies: [
      `Create the NetworkAttachmentDefinition ${name} in namespace ${namespace}${elsewhere.length === 0 ? '' : ` (copy the one of ${elsewhere[0]})`}; virt-handler then starts by itself.`,
      'Or name the one you mean in the settings, as namespace/name if it is elsewhere, or remove the network: each change rolls virt-handler on every node.',
    ],
  };
}
