import { type NodeView, nodesOf } from '../../../model/nodes.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';

/** Without virt-handler's label no launcher pod goes to a node (facts/kubevirt.md F1). */
export const unlabelledNodes: Check = {
  id: 'nodes/schedulable',
  title: 'Every worker has the label kubevirt.io/schedulable=true',
  source: 'mission: checklist 4; facts/kubevirt.md F1, C4',
  needs: ['nodes'],
  advise(snapshot): Draft[] {
    return [...nodesOf(snapshot).values()].flatMap((node): Draft[] => {
      const label = node.labels['kubevirt.io/schedulable'];
      const subject = { kind: 'Node', name: node.name };
      const evidence = at(node.object, '.metadata.labels["kubevirt.io/schedulable"]', label);
      if (label === undefined) {
        if (!isWorker(node)) return [];
        return [
          info(subject, {
            message: `worker ${node.name} runs no VMs: virt-handler has not labelled it`,
            evidence,
            remedy:
              "If it should: see that its hardware virtualizes (/dev/kvm), and that HyperConverged's workloads.nodePlacement and the node's taints let virt-handler on it.",
          }),
        ];
      }
      if (label === 'true') return [];
      return [
        warning(subject, {
          message: `node ${node.name} takes no VMs at the moment: virt-handler's label kubevirt.io/schedulable is ${label}`,
          evidence,
          remedy: `See why: ferry diagnose node/${node.name}. The label comes back as soon as virt-handler there is ready and heard of.`,
        }),
      ];
    });
  },
};

function isWorker({ labels, taints }: NodeView): boolean {
  const workers = labels['node-role.kubernetes.io/worker'] !== undefined;
  const controls = labels['node-role.kubernetes.io/control-plane'] !== undefined;
  return (workers || !controls) && !taints.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
}
