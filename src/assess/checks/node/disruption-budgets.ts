import { groupBy, keyOf, perSnapshot } from '../../../model/memo.ts';
import { nodesOf } from '../../../model/nodes.ts';
import type { Pod } from '../../../model/objects.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { vmsOf } from '../../../model/vm.ts';
import { budgetAgainst } from '../../budgets.ts';
import { at, type Check, type Draft, warning } from '../../check.ts';
import { evictionFate } from '../../eviction.ts';

/** A budget that allows no disruption makes a drain wait for its pods, be they VMs' or not. */
export const disruptionBudgets: Check = {
  id: 'node/disruption-budgets',
  title: 'No PodDisruptionBudget makes a drain wait',
  source: 'facts/kubevirt.md B4 (PDBs); Kubernetes: safely drain a node',
  needs: ['nodes', 'pods', 'disruptionBudgets'],
  runNode: (node, snapshot) => said(snapshot, node.name),
  advise: (snapshot) => said(snapshot),
};

const vmsByPod = perSnapshot((snapshot: Snapshot) => {
  const launchers = vmsOf(snapshot).flatMap((vm) => vm.launchers.map((pod) => ({ vm, pod })));
  return new Map(launchers.map(({ vm, pod }) => [pod, vm]));
});

/** Pods whose eviction the API server decides by budget: a drain leaves those of DaemonSets and of the node itself alone, and KubeVirt answers for VMs that move. */
function asksBudgets(pod: Pod, snapshot: Snapshot): boolean {
  if (pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet' || kind === 'Node') === true) return false;
  const vm = vmsByPod(snapshot).get(pod);
  return vm === undefined || !['moves', 'blocks', 'waits for others'].includes(evictionFate(vm, snapshot));
}

function said(snapshot: Snapshot, only?: string): Draft[] {
  const nodes = nodesOf(snapshot);
  const pods = [...nodes.values()]
    .filter(({ name }) => only === undefined || name === only)
    .flatMap((node) => node.pods);
  const held = pods.flatMap((pod) => {
    const budget = budgetAgainst(pod, snapshot);
    return budget === undefined || !asksBudgets(pod, snapshot) ? [] : [{ pod, budget }];
  });
  const byBudget = groupBy(held, ({ budget }) => keyOf(budget.metadata.namespace, budget.metadata.name));
  return [...byBudget.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, found]): Draft[] => {
      const [first] = found;
      if (first === undefined) return [];
      const { budget } = first;
      const names = found.map(({ pod }) => `${pod.metadata.name} on ${pod.spec?.nodeName}`).sort();
      const shown =
        names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
      return [
        warning(
          { kind: 'PodDisruptionBudget', namespace: budget.metadata.namespace ?? '', name: budget.metadata.name },
          {
            message: `PodDisruptionBudget ${name} allows no disruption at the moment: a drain waits for ${shown}`,
            evidence: at(budget, '.status.disruptionsAllowed', budget.status?.disruptionsAllowed),
            remedy:
              'Bring the missing pods of the application up, run one more of them, or allow one disruption; then the drain goes on.',
          },
        ),
      ];
    });
}
