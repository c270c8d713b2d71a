import type {
  PodDisruptionBudget,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import type { Store } from '../api/store.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, remove } from '../cluster.ts';
import { type Index, indexBy } from '../index-by.ts';
import { resources } from '../resources.ts';
import { isTrue } from './conditions.ts';
import { evictionStrategyOf } from './evacuation.ts';
import { VIRT_CONTROLLER } from './launcher-pod.ts';
import { isFinalMigration } from './migration-slots.ts';
import { isFinalVmi } from './printable-status.ts';
import { workqueue } from './workqueue.ts';

const MIGRATION_NAME = 'kubevirt.io/migrationName';
const SOURCE = { component: 'disruptionbudget-controller' };

/** An IntOrString, which the published types call a string. */
const pods = (count: number): string => count as unknown as string;

const indexes = new WeakMap<Store, Index<PodDisruptionBudget>>();

/** The budgets of a VMI, which own them. */
function budgetsOf({ store }: Cluster, vmi: VirtualMachineInstance): PodDisruptionBudget[] {
  let index = indexes.get(store);
  if (index === undefined) {
    index = indexBy<PodDisruptionBudget>(store, resources.disruptionBudgets, (budget) => ownerOf(budget)?.uid);
    indexes.set(store, index);
  }
  return index.get(vmi.metadata.uid ?? '');
}

function ownerOf({ metadata }: PodDisruptionBudget): { uid: string; name: string } | undefined {
  return metadata.ownerReferences?.find(
    ({ kind, controller }) => kind === 'VirtualMachineInstance' && controller === true,
  );
}

/** A VMI's budget as KubeVirt until 1.5 creates it; its name is still to be generated. */
export function budgetOf(vmi: VirtualMachineInstance): PodDisruptionBudget {
  const uid = vmi.metadata.uid ?? '';
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {
      name: '',
      generateName: 'kubevirt-disruption-budget-',
      namespace: vmi.metadata.namespace,
      ownerReferences: [
        {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachineInstance',
          name: vmi.metadata.name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { minAvailable: pods(1), selector: { matchLabels: { 'kubevirt.io/created-by': uid } } },
  };
}

/** Whether a VMI wants to be migrated, or looked after by somebody else, rather than evicted. */
export function needsBudget(cluster: Cluster, vmi: VirtualMachineInstance): boolean {
  if (vmi.metadata.deletionTimestamp !== undefined || isFinalVmi(vmi)) return false;
  const strategy = evictionStrategyOf(cluster, vmi);
  if (strategy === 'LiveMigrateIfPossible') return isTrue(vmi.status?.conditions, 'LiveMigratable');
  return strategy === 'LiveMigrate' || strategy === 'External';
}

/**
 * Until 1.5 a migration raises its VMI's budget before it makes the target pod (facts/kubevirt.md B4): whether it may
 * go on, or how long, in ms, it has to wait for the budget.
 */
export function raiseBudget(
  cluster: Cluster,
  migration: VirtualMachineInstanceMigration,
  vmi: VirtualMachineInstance,
): number {
  if (!cluster.version.disruptionBudgets) return 0;
  if (evictionStrategyOf(cluster, vmi) === 'External' || !needsBudget(cluster, vmi)) return 0;
  const [budget] = budgetsOf(cluster, vmi);
  if (budget === undefined) return 1000;
  if (budget.metadata.labels?.[MIGRATION_NAME] === migration.metadata.name) return 0;
  modify<PodDisruptionBudget>(cluster, resources.disruptionBudgets, budget, (draft) => {
    draft.metadata.labels = { ...draft.metadata.labels, [MIGRATION_NAME]: migration.metadata.name };
    draft.spec = { ...draft.spec, minAvailable: pods(2) };
  });
  const text = `Expanded PodDisruptionBudget ${budget.metadata.name}`;
  cluster.events.normal(vmi, VIRT_CONTROLLER, 'SuccessfulUpdatePodDisruptionBudget', text);
  // Until Kubernetes's controller has seen it.
  return 100;
}

/** virt-controller's disruption budget controller: until 1.5 it keeps one for each VMI, from 1.6 on it deletes what is left of them. */
export function disruptionBudgets(cluster: Cluster): Controller {
  const { store, events } = cluster;
  const random = cluster.random.fork('disruption-budgets');
  const sync = (key: string): undefined => {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, key);
    if (vmi === undefined) return undefined;
    const budgets = budgetsOf(cluster, vmi);
    if (!cluster.version.disruptionBudgets || !needsBudget(cluster, vmi)) {
      for (const budget of budgets) drop(vmi, budget);
    } else if (budgets.length === 0) create(vmi);
    else for (const budget of budgets) shrink(vmi, budget);
    return undefined;
  };
  const queue = workqueue(cluster, 'disruption-budgets', { from: 10, to: 40 }, sync, [cluster.virtController]);

  function create(vmi: VirtualMachineInstance): void {
    const budget = budgetOf(vmi);
    const prefix = budget.metadata.generateName ?? '';
    budget.metadata.name = store.generatedName(
      resources.disruptionBudgets,
      vmi.metadata.namespace ?? '',
      prefix,
      random,
    );
    store.create(resources.disruptionBudgets, budget);
    const text = `Created PodDisruptionBudget ${budget.metadata.name}`;
    events.normal(vmi, SOURCE, 'SuccessfulCreate', text);
  }

  function drop(vmi: VirtualMachineInstance, budget: PodDisruptionBudget): void {
    remove(cluster, resources.disruptionBudgets, budget);
    events.normal(vmi, SOURCE, 'SuccessfulDelete', `Deleted PodDisruptionBudget ${budget.metadata.name}`);
  }

  /** After its migration, once only one pod is left. */
  function shrink(vmi: VirtualMachineInstance, budget: PodDisruptionBudget): void {
    const name = budget.metadata.labels?.[MIGRATION_NAME];
    if (name === undefined) return;
    const migration = store.get<VirtualMachineInstanceMigration>(resources.migrations, vmi.metadata.namespace, name);
    const alive = cluster.podsOf.get(vmi.metadata.uid ?? '').filter((pod) => !isFinishedPod(pod));
    if (migration !== undefined && (!isFinalMigration(migration) || alive.length !== 1)) return;
    modify<PodDisruptionBudget>(cluster, resources.disruptionBudgets, budget, (draft) => {
      const { [MIGRATION_NAME]: _migration, ...labels } = draft.metadata.labels ?? {};
      draft.metadata.labels = labels;
      draft.spec = { ...draft.spec, minAvailable: pods(1) };
    });
    events.normal(vmi, SOURCE, 'SuccessfulUpdate', `shrank PodDisruptionBudget ${budget.metadata.name}`);
  }

  return {
    start: () => {
      const leftovers = !cluster.version.disruptionBudgets;
      for (const budget of store.values<PodDisruptionBudget>(resources.disruptionBudgets)) {
        const owner = ownerOf(budget);
        if (owner !== undefined) queue.add(`${budget.metadata.namespace ?? ''}/${owner.name}`);
      }
      if (!leftovers) {
        for (const vmi of store.values<VirtualMachineInstance>(resources.vmis)) {
          if (budgetsOf(cluster, vmi).length === 0) queue.add(keyOf(vmi));
        }
      }
      store.subscribe(({ resource, object }) => {
        const namespace = object.metadata.namespace ?? '';
        if (resource === resources.disruptionBudgets) {
          const owner = ownerOf(object);
          if (owner !== undefined) queue.add(`${namespace}/${owner.name}`);
        } else if (leftovers) return;
        else if (resource === resources.vmis) queue.add(keyOf(object));
        else if (resource === resources.migrations) {
          queue.add(`${namespace}/${(object as VirtualMachineInstanceMigration).spec.vmiName ?? ''}`);
        } else if (resource === resources.pods) {
          const name = object.metadata.annotations?.['kubevirt.io/domain'];
          if (name !== undefined) queue.add(`${namespace}/${name}`);
        }
      });
    },
  };
}
