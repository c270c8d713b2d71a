import { at as atField } from '../../model/finding.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { atLeast } from '../../model/version-order.ts';
import type { Cause } from '../cause.ts';
import { eventSaying, isWaiting, lineSaying } from '../said.ts';

const MISSING = /Found no PDB protecting the vmi/;

/** Up to v1.5 virt-controller makes no target pod without the VMI's PodDisruptionBudget (facts/kubevirt.md B4). */
export const disruptionBudgetMissing: Cause = {
  id: 'queue/no-disruption-budget',
  title: "The VM's PodDisruptionBudget is missing",
  source: 'facts/kubevirt.md B4',
  needs: ['migrations', 'virtualMachineInstances', 'disruptionBudgets'],
  reads: ['logs'],
  migration(each) {
    const { vmi, events, logs, snapshot } = each;
    if (!isWaiting(each) || vmi === undefined || atLeast(snapshot.versions.kubevirt, 1, 6) !== false) return undefined;
    const strategy = vmi.spec.evictionStrategy;
    if (strategy !== 'LiveMigrate' && strategy !== 'LiveMigrateIfPossible') return undefined;
    const budgets = snapshot.lists.disruptionBudgets;
    const uid = vmi.metadata.uid ?? '';
    const has = itemsOf(budgets).some(
      ({ metadata, spec }) =>
        metadata.namespace === vmi.metadata.namespace &&
        (metadata.ownerReferences?.some((owner) => owner.uid === uid) ||
          spec?.selector?.matchLabels?.['kubevirt.io/created-by'] === uid),
    );
    const said = eventSaying(events, MISSING) ?? lineSaying(logs, MISSING);
    if (has || (said === undefined && !budgets.known)) return undefined;
    return {
      confidence: said === undefined ? 'likely' : 'certain',
      message: `it waits: KubeVirt ${snapshot.versions.kubevirt ?? ''} migrates a VM that is to survive drains only while a PodDisruptionBudget protects it, and there is none for ${vmi.metadata.name}`,
      evidence: [...(said === undefined ? [] : [said.evidence]), atField(vmi, '.spec.evictionStrategy', strategy)],
      remedies: [
        'See that virt-controller runs: it makes the budget anew within seconds: kubectl get pods -A -l kubevirt.io=virt-controller.',
        'If something deletes budgets named kubevirt-disruption-budget-..., stop it.',
      ],
    };
  },
  texts: [MISSING],
  meaning: {
    message:
      'Up to KubeVirt 1.5 a VM that is to survive drains is migrated only while its PodDisruptionBudget is there; the migration waits for virt-controller to make it.',
    remedies: ['See that virt-controller runs, and that nothing deletes kubevirt-disruption-budget-....'],
  },
};
