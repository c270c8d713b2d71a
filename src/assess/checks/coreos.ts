import { nodesOf, vmNodesOf } from '../../model/nodes.ts';
import { isCoreOs } from '../../model/objections.ts';
import { at, blocker, type Check, type Draft, warning } from '../check.ts';

/** On OpenShift, VMs migrate between CoreOS nodes only. Elsewhere any Linux will do (facts/anchors.md 6, row 22). */
export const coreos: Check = {
  id: 'nodes/coreos',
  title: 'On OpenShift, nodes run CoreOS',
  source: 'mission: Hardware and Network Requirements; MUST HAVE (RHCOS)',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    if (!snapshot.versions.openshift || vm.node === undefined) return [];
    const node = nodesOf(snapshot).get(vm.node);
    const osImage = node?.object.status?.nodeInfo?.osImage ?? '';
    if (node === undefined || osImage === '' || isCoreOs(osImage)) return [];
    return [
      blocker(vm, {
        message: `its node ${node.name} runs ${osImage}; OpenShift Virtualization migrates between CoreOS nodes only`,
        evidence: at(node.object, '.status.nodeInfo.osImage', osImage),
        remedy: 'Move it cold to a node with Red Hat Enterprise Linux CoreOS.',
        allows: 'cold',
      }),
    ];
  },
  runCluster(snapshot): Draft[] {
    if (!snapshot.versions.openshift) return [];
    return vmNodesOf(snapshot).flatMap((node) => {
      const osImage = node.object.status?.nodeInfo?.osImage ?? '';
      if (osImage === '' || isCoreOs(osImage)) return [];
      return warning(
        { kind: 'Node', name: node.name },
        {
          message: `node ${node.name} runs ${osImage}; it is no target for live migrations on OpenShift`,
          evidence: at(node.object, '.status.nodeInfo.osImage', osImage),
          remedy: 'Keep VMs off it, or replace it by a CoreOS node.',
        },
      );
    });
  },
};
