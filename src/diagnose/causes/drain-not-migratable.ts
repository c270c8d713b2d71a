import { emptyingOf, strategyOf } from '../../model/eviction.ts';
import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import { conditionOf, type Vm } from '../../model/vm.ts';
import { byNodeOf } from '../by-node.ts';
import type { ClusterCase } from '../case.ts';
import { type Cause } from '../cause.ts';

/** What shows that an eviction of a VM is refused for ever; undefined if it is not. */
function refused(vm: Vm, { snapshot }: ClusterCase): { why: string; evidence: Evidence[] } | undefined {
  const strategy = strategyOf(vm, snapshot);
  const condition = conditionOf(vm, 'LiveMigratable');
  if (!vm.running || vm.vmi === undefined || strategy.value !== 'LiveMigrate' || condition?.status === 'True') {
    return undefined;
  }
  const field = '.status.conditions[type=LiveMigratable]';
  return {
    why: condition?.message ?? condition?.reason ?? 'KubeVirt has not said yet whether it can be migrated',
    evidence: [
      ...strategy.evidence,
      condition === undefined
        ? atField(vm.vmi, field, null)
        : atField(
            vm.vmi,
            `${field}.${condition.message === undefined ? 'status' : 'message'}`,
            condition.message ?? condition.status,
          ),
    ],
  };
}

/** A drain asks for the eviction of every pod again and again; of a VM that may only leave by a migration, and can't, KubeVirt refuses it each time (facts/kubevirt.md B4). */
export const drainNotMigratable: Cause = {
  id: 'drain/not-migratable',
  title: 'A drain waits for a VM that cannot be migrated',
  source: 'facts/kubevirt.md B4, C2; facts/anchors.md 2 pain 1',
  needs: ['nodes', 'virtualMachineInstances', 'kubeVirts'],
  vm(each) {
    const { vm, snapshot } = each;
    const found = refused(vm, each);
    const emptying = emptyingOf(nodesOf(snapshot).get(vm.node ?? ''), snapshot);
    if (found === undefined || emptying === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `node ${vm.node} is to be emptied, and a drain of it waits for this VM for ever: it must not be shut down (evictionStrategy LiveMigrate) and cannot be migrated (${found.why})`,
      evidence: [emptying, ...found.evidence],
      remedies: [
        `See every reason, and what to do about it: ferry check ${vm.name} -n ${vm.namespace}.`,
        `Move it cold (a restart), when its users can bear it: virtctl restart ${vm.name} -n ${vm.namespace}.`,
        'Or set evictionStrategy: LiveMigrateIfPossible in its template: from the next start on, a drain shuts it down, and it starts elsewhere.',
      ],
    };
  },
  node(node, each) {
    const emptying = emptyingOf(node, each.snapshot);
    const held = byNodeOf(each.snapshot, node.name).flatMap((vm) => {
      const found = refused(vm, each);
      return found === undefined ? [] : [{ vm, ...found }];
    });
    const [first] = held;
    if (emptying === undefined || first === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `a drain of ${node.name} waits for ever for ${held.map(({ vm, why }) => `${vm.namespace}/${vm.name} (${why})`).join('; ')}: evictionStrategy LiveMigrate forbids to shut them down, and they cannot be migrated`,
      evidence: [emptying, ...held.flatMap(({ evidence }) => evidence)],
      remedies: [
        ...held.map(({ vm }) => `Move it cold (a restart): virtctl restart ${vm.name} -n ${vm.namespace}.`),
        `See what keeps each of them: ferry check node/${node.name}.`,
      ],
    };
  },
  texts: [
    /is configured with an eviction strategy but is not live-migratable/,
    /EvictionStrategy is set but vmi is not migratable/,
    /VirtualMachineInstance is not migrateable/,
    /VMCannotBeEvicted/,
  ],
  meaning: {
    message:
      'Somebody tried to evict a VM that may only leave its node by a live migration, and that cannot be live-migrated. A drain repeats this until the VM is gone.',
    remedies: ['See why it cannot be migrated: ferry check VM.', 'Move it cold (a restart): virtctl restart VM.'],
  },
};
