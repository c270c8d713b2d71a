import { keyOf } from '../../../model/memo.ts';
import { podsAreKnown } from '../../../model/placement.ts';
import { vmsByName } from '../../../model/vm.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';
import { noPlace } from '../../drain.ts';
import { fateOf } from '../../eviction.ts';
import { HEURISTIC, pack } from '../../packing.ts';
import { counted } from '../../text.ts';

/** Whether the rest of the cluster can take over what runs on the node, should it die. */
export const loss: Check = {
  id: 'node/loss',
  title: 'The other nodes could run what runs on this one, should it die',
  source: 'mission: checklist 3, MUST HAVE (capacity); facts/kubevirt.md C4, F; facts/anchors.md 6 row 15',
  needs: ['nodes', 'pods', 'virtualMachines', 'virtualMachineInstances'],
  runNode(node, snapshot, items): Draft[] {
    if (!podsAreKnown(snapshot)) return [];
    const vms = vmsByName(snapshot);
    const own = items.flatMap((item) => {
      const vm = vms.get(keyOf(item.vm.namespace, item.vm.name));
      return vm === undefined
        ? []
        : [{ vm, stuck: item.findings.find(({ check }) => check === 'storage/local-volumes') }];
    });
    if (own.length === 0) return [];
    const subject = { kind: 'Node', name: node.name };
    const restarting = own.filter(({ vm }) => fateOf(vm, 'lost') === 'restarts');
    const tied = restarting.filter(({ stuck }) => stuck?.severity === 'blocker');
    const placed = pack(
      snapshot,
      restarting.filter((each) => !tied.includes(each)).map(({ vm }) => ({ vm, live: false })),
      node.name,
    );
    const left = placed.filter(({ to }) => to === undefined);
    const off = own.length - restarting.length;
    const drafts: Draft[] = [];
    for (const place of left) {
      const { namespace, name } = place.vm;
      drafts.push(
        warning(subject, {
          message: `if ${node.name} died, VM ${namespace}/${name} would find no place: ${noPlace(place)}`,
          evidence:
            place.nearest === undefined
              ? at(node.object, '.metadata.name', node.name)
              : at(place.nearest.node.object, place.nearest.objection.field, place.nearest.objection.value),
          remedy: `Free room on other nodes, add a node, or let a VM that matters less be preempted. (Looked for ${HEURISTIC}.)`,
        }),
      );
    }
    for (const { vm, stuck } of tied) {
      drafts.push(
        warning(subject, {
          message: `if ${node.name} died, VM ${vm.namespace}/${vm.name} would be down until it is back: ${stuck?.summary ?? 'its disk is there'}`,
          evidence: stuck?.evidence ?? at(node.object, '.metadata.name', node.name),
          remedy: 'Copy its disks to shared storage, and keep backups elsewhere.',
        }),
      );
    }
    if (left.length === 0 && tied.length === 0 && restarting.length > 0) {
      const rest = off === 0 ? '' : `; ${counted(off, 'VM')} would stay off, by run strategy`;
      drafts.push(
        info(subject, {
          message: `if ${node.name} died, the other nodes have room for ${restarting.length === 1 ? 'the VM' : `all ${restarting.length} VMs`} that would start again${rest}`,
          evidence: at(node.object, '.metadata.name', node.name),
          remedy:
            'Kubernetes starts them elsewhere only once the node is known to be gone: have fencing, or a NodeHealthCheck, that makes sure of that.',
        }),
      );
    }
    return drafts;
  },
};
