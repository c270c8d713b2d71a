import type { HyperConverged, KubeObject, KubeVirt } from '../../model/objects.ts';
import { same } from '../api/fields/compare.ts';
import { recordUpdate } from '../api/fields/managed-fields.ts';
import { kinds } from '../api/kinds/index.ts';
import { type Cluster, type Controller, modify, now } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { conditionOf } from './conditions.ts';
import { hyperConvergedConditions, systemHealth } from './hco-conditions.ts';
import { asV1beta1, KUBEVIRT_NAME, kubeVirtSpecOf } from './hco-kubevirt.ts';
import { workqueue } from './workqueue.ts';

/** The operator's name as field manager. */
const HCO = 'hyperconverged-cluster-operator';
const SOURCE = { component: HCO };
const KUBEVIRT_SCHEMA = kinds.find(({ kind }) => kind === 'KubeVirt')?.schema ?? {};

/** Who owns the KubeVirt CR's fields after the operator has written it. */
export function ownedByOperator(before: KubeVirt | undefined, after: KubeVirt, time: number): KubeVirt {
  const by = { manager: HCO, operation: 'Update', apiVersion: 'kubevirt.io/v1' } as const;
  return recordUpdate(before, after, by, KUBEVIRT_SCHEMA, time);
}

/**
 * hyperconverged-cluster-operator: makes the KubeVirt CR what HyperConverged asks for, undoes what others change there
 * (event Overwritten), and says in HyperConverged's status how KubeVirt is.
 */
export function hcoOperator(cluster: Cluster): Controller {
  const { store, events } = cluster;
  const queue = workqueue(cluster, 'hco-operator', { from: 200, to: 800 }, reconcile);

  function reconcile(trigger: string): undefined {
    const stored = store.get<KubeObject>(resources.hyperConvergeds, CNV_NAMESPACE, 'kubevirt-hyperconverged');
    const kubeVirt = store.get<KubeVirt>(resources.kubeVirts, CNV_NAMESPACE, KUBEVIRT_NAME);
    if (stored === undefined || kubeVirt === undefined) return;
    let written = false;
    let failure: string | undefined;
    try {
      const spec = kubeVirtSpecOf(cluster.version, stored);
      written = !same(kubeVirt.spec, spec);
      if (written) write(kubeVirt, spec, stored, trigger);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    status(stored, written ? undefined : kubeVirt, failure);
  }

  function write(kubeVirt: KubeVirt, spec: NonNullable<KubeVirt['spec']>, about: KubeObject, trigger: string): void {
    modify<KubeVirt>(cluster, resources.kubeVirts, kubeVirt, (draft) => {
      Object.assign(draft, ownedByOperator(kubeVirt, { ...kubeVirt, spec }, cluster.clock.now()));
    });
    if (trigger === resources.hyperConvergeds) {
      events.normal(about, SOURCE, 'Updated', `Updated KubeVirt ${KUBEVIRT_NAME}`);
    } else {
      events.warning(about, SOURCE, 'Overwritten', `Overwritten KubeVirt ${KUBEVIRT_NAME}`);
    }
  }

  function status(stored: KubeObject, kubeVirt: KubeVirt | undefined, failure: string | undefined): void {
    const hyperConverged = asV1beta1(cluster.version, stored);
    const conditions = hyperConvergedConditions({
      hyperConverged,
      ...(kubeVirt === undefined ? {} : { kubeVirt }),
      ...(failure === undefined ? {} : { failure }),
      now: now(cluster),
    });
    const is = (type: string, list: readonly unknown[] | undefined): boolean =>
      conditionOf(list, type)?.status === 'True';
    const before = hyperConverged.status?.['conditions'] as unknown[] | undefined;
    const ready = (list: readonly unknown[] | undefined): boolean => is('Available', list) && !is('Progressing', list);
    modify<HyperConverged>(cluster, resources.hyperConvergeds, stored, (draft) => {
      draft.status = {
        ...draft.status,
        conditions,
        observedGeneration: draft.metadata.generation ?? 1,
        systemHealthStatus: systemHealth(conditions),
      };
    });
    if (failure !== undefined || ready(before) === ready(conditions)) return;
    if (ready(conditions)) events.normal(stored, SOURCE, 'ReconcileHCO', 'HCO Reconcile completed successfully');
    else events.warning(stored, SOURCE, 'ReconcileHCO', 'Not all the operators are ready');
  }

  return {
    start: () => {
      store.subscribe(({ resource }) => {
        if (resource === resources.hyperConvergeds || resource === resources.kubeVirts) queue.add(resource);
      });
    },
  };
}
