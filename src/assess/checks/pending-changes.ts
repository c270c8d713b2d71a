import { itemsOf } from '../../model/snapshot.ts';
import { conditionOf } from '../../model/vm.ts';
import { at, atVm, type Check, type Draft, info } from '../check.ts';

/** Changes that only a migration brings to the guest (facts/kubevirt.md A3, C3): condition and what changes. */
const byMigration: [type: string, what: string][] = [
  ['HotVCPUChange', 'its number of CPUs'],
  ['HotMemoryChange', 'the size of its memory'],
  ['VolumesChange', 'the claims of its volumes'],
  ['MigrationRequired', 'its networks'],
];

/** Some changes of a VM reach the guest while it runs, some with its next migration, others with a restart only. */
export const pendingChanges: Check = {
  id: 'vm/pending-changes',
  title: 'No change of the VM is still to be carried out',
  source: 'facts/kubevirt.md A2, A3, C3, K (live-updatable fields)',
  needs: ['virtualMachines', 'virtualMachineInstances'],
  run(vm, snapshot): Draft[] {
    if (!vm.running) return [];
    const found: Draft[] = [];
    const restart = vm.vm?.status?.conditions?.find(({ type }) => type === 'RestartRequired');
    if (vm.vm !== undefined && restart?.status === 'True') {
      found.push(
        info(vm, {
          message: `a change of the VM waits for a restart (${restart.message ?? 'RestartRequired'}); a live migration does not carry it out, and until then no other change reaches it either, node selectors included`,
          evidence: at(vm.vm, '.status.conditions[type=RestartRequired].message', restart.message),
          remedy:
            'Restart it when it suits, or move it cold, which carries the change out as well. From KubeVirt 1.6 on, taking the change back also helps.',
        }),
      );
    }
    for (const [type, what] of byMigration) {
      const condition = conditionOf(vm, type);
      if (condition?.status !== 'True') continue;
      const methods = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.workloadUpdateStrategy?.workloadUpdateMethods ?? [];
      const itself = methods.includes('LiveMigrate');
      found.push(
        info(vm, {
          message: `a change of ${what} takes effect with its next migration${itself ? ', which KubeVirt starts by itself' : '; KubeVirt is not set to start one'}`,
          evidence: atVm(vm, `.status.conditions[type=${type}].status`, condition.status),
          remedy: itself
            ? 'Nothing is needed: KubeVirt (its workload updater) migrates the VM as soon as there is a slot, to a node that it chooses.'
            : 'Move it live; or let KubeVirt do so: workloadUpdateMethods: [LiveMigrate].',
        }),
      );
    }
    return found;
  },
};
