import { nodesOf, vmNodesOf } from '../../model/nodes.ts';
import { isHandlerReady } from '../../model/objections.ts';
import { podsAreKnown } from '../../model/placement.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { at, blocker, type Check, type Draft, warning } from '../check.ts';

/** virt-handler on both nodes carries a migration out; targets are looked at where a target is looked for. */
export const virtHandler: Check = {
  id: 'health/virt-handler',
  title: "virt-handler runs on the VM's node and on all others",
  source: 'mission: checklist 4, Issue 3; facts/kubevirt.md C4, D7; facts/anchors.md 6 row 21',
  needs: ['nodes', 'pods', 'daemonSets'],
  run(vm, snapshot): Draft[] {
    if (vm.node === undefined || !podsAreKnown(snapshot)) return [];
    const node = nodesOf(snapshot).get(vm.node);
    if (node === undefined || (node.handler !== undefined && isHandlerReady(node))) return [];
    const { handler } = node;
    const readyStatus = handler?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    return [
      blocker(vm, {
        message:
          handler === undefined
            ? `no virt-handler runs on its node ${node.name}`
            : `virt-handler on its node ${node.name} (pod ${handler.metadata.name}) is not ready`,
        evidence:
          handler === undefined
            ? at(node.object, '.metadata.labels["kubevirt.io/schedulable"]', node.labels['kubevirt.io/schedulable'])
            : at(handler, '.status.conditions[type=Ready].status', readyStatus),
        remedy: `virt-handler is KubeVirt's agent on each node; it carries migrations out. Wait if a roll-out of it is under way; otherwise ${
          handler === undefined
            ? 'see why its DaemonSet makes no pod there: kubectl get daemonset -A -l kubevirt.io=virt-handler'
            : `look at its log and events: kubectl logs -n ${handler.metadata.namespace ?? ''} ${handler.metadata.name}`
        }. Afterwards the VM can live-migrate.`,
        allows: 'cold',
      }),
    ];
  },
  runCluster(snapshot): Draft[] {
    const bad = podsAreKnown(snapshot)
      ? vmNodesOf(snapshot).filter((node) => node.handler === undefined || !isHandlerReady(node))
      : [];
    return itemsOf(snapshot.lists.daemonSets).flatMap((daemonSet) => {
      const { status } = daemonSet;
      const wanted = status?.desiredNumberScheduled ?? 0;
      const ready = status?.numberReady ?? 0;
      const updated = status?.updatedNumberScheduled ?? wanted;
      if (ready >= wanted && updated >= wanted && bad.length === 0) return [];
      const where = bad.length === 0 ? '' : `; not ready on ${bad.map(({ name }) => name).join(', ')}`;
      const rollout = updated < wanted ? `, ${updated} up to date` : '';
      return warning(
        { kind: 'DaemonSet', namespace: daemonSet.metadata.namespace ?? '', name: daemonSet.metadata.name },
        {
          message: `virt-handler is ready on ${ready} of ${wanted} nodes${rollout}${where}`,
          evidence: [
            at(daemonSet, '.status.numberReady', status?.numberReady),
            at(daemonSet, '.status.desiredNumberScheduled', status?.desiredNumberScheduled),
            at(daemonSet, '.status.updatedNumberScheduled', status?.updatedNumberScheduled),
          ],
          remedy: 'Wait until the rollout is done: VMs can neither leave nor reach nodes without a ready virt-handler.',
        },
      );
    });
  },
};
