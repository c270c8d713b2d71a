import { strategyOf, unmarking } from '../../model/eviction.ts';
import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import type { Vm } from '../../model/vm.ts';
import { byNodeOf } from '../by-node.ts';
import type { ClusterCase } from '../case.ts';
import { type Cause } from '../cause.ts';

function waits(vm: Vm, { snapshot }: ClusterCase): Evidence[] | undefined {
  const node = vm.vmi?.status?.evacuationNodeName;
  const strategy = strategyOf(vm, snapshot);
  if (!vm.running || vm.vmi === undefined || node === undefined || strategy.value !== 'External') return undefined;
  return [...strategy.evidence, atField(vm.vmi, '.status.evacuationNodeName', node)];
}

/** With evictionStrategy External KubeVirt only marks the VM, and leaves the rest to a controller of somebody else's (facts/kubevirt.md B4). */
export const drainExternal: Cause = {
  id: 'drain/external-strategy',
  title: 'The eviction is left to an external controller, which does not act',
  source: 'facts/kubevirt.md B4; facts/anchors.md 2 pain 28',
  needs: ['virtualMachineInstances', 'kubeVirts'],
  vm(each) {
    const { vm, snapshot } = each;
    const evidence = waits(vm, each);
    // Somebody does move it.
    if (evidence === undefined || vm.unfinished.length > 0) return undefined;
    return {
      confidence: 'certain',
      message: `its eviction from ${vm.vmi?.status?.evacuationNodeName} was asked for, and with evictionStrategy External KubeVirt does nothing about it itself`,
      evidence,
      remedies: [
        `Move it yourself: ferry move ${vm.name} -n ${vm.namespace}.`,
        'Look after the controller that should do it, such as that of Cluster API (capk).',
        'If there is none, set evictionStrategy: LiveMigrate in its template (it takes effect at its next start).',
        ...unmarking(vm, snapshot).slice(0, 1),
      ],
    };
  },
  node(node, each) {
    const held = byNodeOf(each.snapshot, node.name).flatMap((vm) => {
      const evidence = vm.unfinished.length > 0 ? undefined : waits(vm, each);
      return evidence === undefined ? [] : [{ vm, evidence }];
    });
    if (held.length === 0) return undefined;
    return {
      confidence: 'certain',
      message: `a drain of ${node.name} waits for ${held.map(({ vm }) => `${vm.namespace}/${vm.name}`).join(', ')}: with evictionStrategy External KubeVirt leaves them to an external controller, which has not moved them`,
      evidence: held.flatMap(({ evidence }) => evidence),
      remedies: held.map(({ vm }) => `Move it yourself: ferry move ${vm.name} -n ${vm.namespace}.`),
    };
  },
};
