import { vmNodesOf } from '../../model/nodes.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { conditionOf, type Vm } from '../../model/vm.ts';
import { at, atVm, type Check, type Draft, info, warning } from '../check.ts';
import { startsAgain } from './sudden-end.ts';

/** What a drain of its node would do to a running VM, where that is not a live migration. */
export const evictionStrategy: Check = {
  id: 'vm/eviction-strategy',
  title: 'A drain of its node would move the VM live',
  source:
    'mission: Known Issues (Single Node OpenShift); facts/kubevirt.md A3, B4, G3 (VMCannotBeEvicted); facts/anchors.md 2 (pain 28)',
  needs: ['nodes', 'kubeVirts', 'virtualMachineInstances'],
  run(vm, snapshot): Draft[] {
    if (!vm.running || vm.phase !== 'Running') return [];
    const { strategy, evidence } = effective(vm, snapshot);
    const refused = conditionOf(vm, 'LiveMigratable')?.status === 'False';
    if (strategy === 'LiveMigrate' && snapshot.lists.nodes.known && vmNodesOf(snapshot).length === 1) {
      return [
        warning(vm, {
          message:
            'its eviction strategy is LiveMigrate, but the cluster has one node only: the alert VMCannotBeEvicted fires, and a drain waits for ever',
          evidence,
          remedy: 'Set evictionStrategy: None on single-node clusters.',
        }),
      ];
    }
    const said = outcome(strategy, refused, vm);
    if (said === undefined) return [];
    const shown = refused
      ? [evidence, atVm(vm, '.status.conditions[type=LiveMigratable].status', 'False')]
      : [evidence];
    return [(said.grave ? warning : info)(vm, { message: said.message, evidence: shown, remedy: said.remedy })];
  },
};

/** The VMI's own strategy, else the cluster's, else KubeVirt's default: None. */
function effective(vm: Vm, { lists }: Snapshot) {
  const own = vm.spec.evictionStrategy;
  const [kubeVirt] = itemsOf(lists.kubeVirts);
  const field = '.spec.configuration.evictionStrategy';
  const cluster = kubeVirt?.spec?.configuration?.evictionStrategy;
  if (own !== undefined) return { strategy: own, evidence: atVm(vm, '.spec.evictionStrategy', own) };
  // Where KubeVirt's CR can't be read, nobody knows what applies.
  if (!lists.kubeVirts.known) return { strategy: undefined, evidence: atVm(vm, '.spec.evictionStrategy', own) };
  if (kubeVirt === undefined) return { strategy: 'None', evidence: atVm(vm, '.spec.evictionStrategy', own) };
  return { strategy: cluster ?? 'None', evidence: at(kubeVirt, field, cluster) };
}

function outcome(
  strategy: string | undefined,
  refused: boolean,
  vm: Vm,
): { grave: boolean; message: string; remedy: string } | undefined {
  const after = startsAgain(vm);
  if (strategy === 'None') {
    return {
      grave: false,
      message: `a drain of its node does not migrate it (eviction strategy None): it is shut down, and ${after}`,
      remedy:
        'Set evictionStrategy: LiveMigrate in the VM if a drain should move it without stopping it; that needs a restart.',
    };
  }
  if (strategy === 'External') {
    return {
      grave: true,
      message:
        'a drain of its node waits until somebody else moves it (eviction strategy External): KubeVirt marks it and does nothing',
      remedy:
        'Make sure that the controller that is to do it runs (Cluster API, for one); otherwise move the VM yourself before a drain.',
    };
  }
  if (strategy === 'LiveMigrate' && refused) {
    return {
      grave: true,
      message:
        'a drain of its node waits for it for ever: its eviction strategy is LiveMigrate, and it cannot live-migrate',
      remedy:
        'Before a drain (or an upgrade, which drains every node) stop it or move it cold; or set evictionStrategy: LiveMigrateIfPossible, with which a drain restarts it.',
    };
  }
  if (strategy === 'LiveMigrateIfPossible' && refused) {
    return {
      grave: false,
      message: `a drain of its node shuts it down (eviction strategy LiveMigrateIfPossible, and it cannot live-migrate): ${after}`,
      remedy: 'Nothing is needed if it may be restarted. Otherwise remove what keeps it from live-migrating.',
    };
  }
  return undefined;
}
