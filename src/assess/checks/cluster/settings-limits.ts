import { vmNodesOf } from '../../../model/nodes.ts';
import { settingsOf } from '../../../model/settings.ts';
import { atSetting, type Check, type Draft, info, warning } from '../../check.ts';

const SUBJECT = { kind: 'KubeVirt', name: 'migrations' };
/** KubeVirt's built-in limits (facts/kubevirt.md A8). */
const USUAL = { cluster: 5, outbound: 2 };

/** Limits that contradict each other, and limits that the network may not bear. */
export const settingsLimits: Check = {
  id: 'settings/limits',
  title: 'The limits of parallel migrations fit each other and the network',
  source:
    'mission: Configuration Parameters, Best Practices 5, Issue 2; facts/kubevirt.md A8, C1; facts/anchors.md 6 row 2',
  needs: ['kubeVirts', 'hyperConvergeds', 'nodes'],
  advise(snapshot): Draft[] {
    const {
      parallelMigrationsPerCluster: cluster,
      parallelOutboundMigrationsPerNode: outbound,
      network,
    } = settingsOf(snapshot);
    if (cluster.value === undefined || outbound.value === undefined) return [];
    const evidence = [
      atSetting(cluster, 'parallelMigrationsPerCluster'),
      atSetting(outbound, 'parallelOutboundMigrationsPerNode'),
    ];
    const drafts: Draft[] = [];
    if (cluster.value <= 0 || outbound.value <= 0) {
      return [
        warning(SUBJECT, {
          message: `a limit of parallel migrations is ${Math.min(cluster.value, outbound.value)}: every migration stays Pending, and drains wait for ever`,
          evidence,
          remedy: `Set it to at least 1; the migrations that wait then begin: ferry settings set ${cluster.value <= 0 ? 'parallelMigrationsPerCluster=5' : 'parallelOutboundMigrationsPerNode=2'} (KubeVirt's own default).`,
        }),
      ];
    }
    if (outbound.value > cluster.value) {
      drafts.push(
        warning(SUBJECT, {
          message: `parallelOutboundMigrationsPerNode (${outbound.value}) is larger than parallelMigrationsPerCluster (${cluster.value}): one node can take all slots of the cluster, and the larger number is never reached`,
          evidence,
          remedy: `Set it to ${cluster.value} or less: ferry settings set parallelOutboundMigrationsPerNode=${cluster.value}.`,
        }),
      );
    }
    const high = cluster.value > USUAL.cluster || outbound.value > USUAL.outbound;
    if (high && network.value === undefined && network.origin !== 'unknown') {
      drafts.push(
        info(SUBJECT, {
          message: `more migrations than usual run at once (${cluster.value} in the cluster, ${outbound.value} from a node; KubeVirt's own limits are ${USUAL.cluster} and ${USUAL.outbound}), on the network that applications use`,
          evidence: [...evidence, atSetting(network, 'network')],
          remedy:
            'Each of them gets a smaller share of the link: drains do not end sooner once it is full, and busy VMs converge worse. Raise limits after there is a dedicated network, or watch the links while you do.',
        }),
      );
    }
    const idle = cluster.value > outbound.value * vmNodesOf(snapshot).length;
    if (idle && snapshot.lists.nodes.known && vmNodesOf(snapshot).length > 1) {
      drafts.push(
        info(SUBJECT, {
          message: `parallelMigrationsPerCluster (${cluster.value}) is never reached: ${vmNodesOf(snapshot).length} nodes may send ${outbound.value} each`,
          evidence,
          remedy: 'Nothing is needed; the limit of the nodes is what counts.',
        }),
      );
    }
    return drafts;
  },
};
