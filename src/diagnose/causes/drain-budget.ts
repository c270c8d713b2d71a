import { emptyingOf, strategyOf } from '../../model/eviction.ts';
import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import type { PodDisruptionBudget } from '../../model/objects.ts';
import { matchesSelector } from '../../model/selectors.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { conditionOf, type Vm } from '../../model/vm.ts';
import { byNodeOf } from '../by-node.ts';
import type { ClusterCase } from '../case.ts';
import { type Cause } from '../cause.ts';

/** The budgets that forbid the eviction of a VM's pod. KubeVirt's own (v1.3 to v1.5) always do, and give way in a migration. */
function forbidding(vm: Vm, { snapshot }: ClusterCase): PodDisruptionBudget[] {
  const strategy = strategyOf(vm, snapshot).value;
  const migratable = conditionOf(vm, 'LiveMigratable')?.status === 'True';
  // KubeVirt migrates it: what leaves is not evicted.
  if (vm.launcher === undefined || strategy === undefined || strategy === 'LiveMigrate' || strategy === 'External')
    return [];
  if (strategy === 'LiveMigrateIfPossible' && migratable) return [];
  const labels = vm.launcher.metadata.labels ?? {};
  return itemsOf(snapshot.lists.disruptionBudgets).filter(
    ({ metadata, spec, status }) =>
      metadata.namespace === vm.namespace &&
      !(metadata.ownerReferences ?? []).some(({ kind }) => kind === 'VirtualMachineInstance') &&
      status?.disruptionsAllowed === 0 &&
      matchesSelector(labels, spec?.selector as never),
  );
}

/** A VM that a drain would shut down is a pod as any other: a PodDisruptionBudget can forbid it (facts/kubevirt.md B4). */
export const drainBudget: Cause = {
  id: 'drain/disruption-budget',
  title: 'A PodDisruptionBudget forbids the eviction',
  source: 'facts/kubevirt.md B4; facts/anchors.md 2 pains 1, 28',
  needs: ['nodes', 'pods', 'virtualMachineInstances', 'kubeVirts', 'disruptionBudgets'],
  vm(each) {
    const { vm, snapshot } = each;
    const emptying = emptyingOf(nodesOf(snapshot).get(vm.node ?? ''), snapshot);
    const [budget] = forbidding(vm, each);
    if (emptying === undefined || budget === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `a drain of ${vm.node} would shut it down, and PodDisruptionBudget ${budget.metadata.name} allows no disruption of its pod`,
      evidence: [emptying, ...strategyOf(vm, snapshot).evidence, atField(budget, '.status.disruptionsAllowed', 0)],
      remedies: [
        `Move it first: ferry move ${vm.name} -n ${vm.namespace}.`,
        'Set evictionStrategy: LiveMigrate in its template, so that a drain migrates it (from its next start on).',
        'Or let the budget allow one disruption, if the VM may be shut down.',
      ],
    };
  },
  node(node, each) {
    const emptying = emptyingOf(node, each.snapshot);
    const held = byNodeOf(each.snapshot, node.name).flatMap((vm) => {
      const [budget] = forbidding(vm, each);
      return budget === undefined ? [] : [{ vm, budget }];
    });
    if (emptying === undefined || held.length === 0) return undefined;
    return {
      confidence: 'certain',
      message: `a drain of ${node.name} waits for ${held.map(({ vm, budget }) => `${vm.namespace}/${vm.name} (PodDisruptionBudget ${budget.metadata.name})`).join(', ')}: their budgets allow no disruption`,
      evidence: [emptying, ...held.map(({ budget }) => atField(budget, '.status.disruptionsAllowed', 0))],
      remedies: held.map(({ vm }) => `Move it first: ferry move ${vm.name} -n ${vm.namespace}.`),
    };
  },
  texts: [/would violate the pod's disruption budget/, /more than one PodDisruptionBudget/],
  meaning: {
    message:
      'Kubernetes may not evict the pod: a PodDisruptionBudget covers it. Up to KubeVirt 1.5 this is how KubeVirt itself protects a VM while it migrates, and goes by.',
    remedies: ['See whose budget it is, and whether the VM is migrating: ferry diagnose VM.'],
  },
};
