import { groupBy } from '../../../model/memo.ts';
import { type NodeView, vmNodesOf } from '../../../model/nodes.ts';
import { podsAreKnown } from '../../../model/placement.ts';
import { vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';
import { noPlace } from '../../drain.ts';
import { fateOf } from '../../eviction.ts';
import { HEURISTIC, type Placed, pack } from '../../packing.ts';
import { counted, some } from '../../text.ts';

/** N+1: whichever node dies, the others can run its VMs. */
export const spareNode: Check = {
  id: 'cluster/spare-node',
  title: 'Any one node can fail, and its VMs find a place (N+1)',
  source: 'mission: MUST HAVE (capacity); facts/kubevirt.md C4, F; facts/anchors.md 6 row 15',
  needs: ['nodes', 'pods', 'virtualMachines', 'virtualMachineInstances'],
  advise(snapshot): Draft[] {
    const nodes = vmNodesOf(snapshot);
    if (!podsAreKnown(snapshot) || nodes.length < 2) return [];
    const restarting = groupBy(
      vmsOf(snapshot).filter((vm) => vm.running && fateOf(vm, 'lost') === 'restarts'),
      ({ node }) => node,
    );
    const lost = nodes.flatMap((node): { node: NodeView; left: Placed[] }[] => {
      const items = (restarting.get(node.name) ?? []).map((vm) => ({ vm, live: false }));
      const left = pack(snapshot, items, node.name).filter(({ to }) => to === undefined);
      return left.length === 0 ? [] : [{ node, left }];
    });
    const subject = { kind: 'KubeVirt', name: 'workloads' };
    const [worst] = lost.toSorted((a, b) => b.left.length - a.left.length);
    const example = worst?.left[0];
    if (worst === undefined || example === undefined) {
      const [any] = nodes;
      if (any === undefined || restarting.size === 0) return [];
      return [
        info(subject, {
          message: `whichever of the ${nodes.length} nodes fails, the others have room for its VMs`,
          evidence: at(any.object, '.status.allocatable', any.object.status?.allocatable),
          remedy: `Nothing is needed. (Looked for ${HEURISTIC}.)`,
        }),
      ];
    }
    const { namespace, name } = example.vm;
    return [
      warning(subject, {
        message: `if ${lost.length === 1 ? '' : 'one of '}${some(lost.map(({ node }) => node.name))} failed, not all of its VMs would find a place: of ${worst.node.name}'s, ${counted(worst.left.length, 'VM')} would stay down, among them ${namespace}/${name}; ${noPlace(example)}`,
        evidence:
          example.nearest === undefined
            ? at(worst.node.object, '.status.allocatable', worst.node.object.status?.allocatable)
            : at(example.nearest.node.object, example.nearest.objection.field, example.nearest.objection.value),
        remedy: `Keep a node's worth of room free, or add a node. The same room is needed to drain a node for maintenance. (Looked for ${HEURISTIC}; ferry check node/${worst.node.name} tells all.)`,
      }),
    ];
  },
};
