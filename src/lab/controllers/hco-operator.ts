import type { HyperConverged, KubeVirt, LiveMigrationConfig } from '../../model/objects.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { kubeVirtOf } from './config.ts';
import { workqueue } from './workqueue.ts';

/** HCO copies exactly these into the KubeVirt CR, and resets whatever else is there (facts/kubevirt.md A10). */
const COPIED: (keyof LiveMigrationConfig)[] = [
  'bandwidthPerMigration',
  'completionTimeoutPerGiB',
  'parallelMigrationsPerCluster',
  'parallelOutboundMigrationsPerNode',
  'progressTimeout',
  'network',
  'allowAutoConverge',
  'allowPostCopy',
];

/** hyperconverged-cluster-operator, as far as live migration goes: HyperConverged's settings become KubeVirt's; direct edits there are undone. */
export function hcoOperator(cluster: Cluster): Controller {
  const queue = workqueue(cluster, 'hco-operator', { from: 200, to: 800 }, () => {
    const config = cluster.store.get<HyperConverged>(
      resources.hyperConvergeds,
      CNV_NAMESPACE,
      'kubevirt-hyperconverged',
    )?.spec;
    const kubeVirt = kubeVirtOf(cluster);
    if (config === undefined || kubeVirt === undefined) return undefined;
    const wanted = config.liveMigrationConfig ?? config.virtualization?.liveMigrationConfig ?? {};
    const migrations = Object.fromEntries(
      COPIED.flatMap((field) => (wanted[field] == null || wanted[field] === '' ? [] : [[field, wanted[field]]])),
    );
    modify<KubeVirt>(cluster, resources.kubeVirts, kubeVirt, (draft) => {
      const { evictionStrategy } = config;
      draft.spec = {
        ...draft.spec,
        configuration: {
          ...draft.spec?.configuration,
          migrations,
          ...(typeof evictionStrategy === 'string' ? { evictionStrategy } : {}),
        },
      };
    });
    return undefined;
  });
  return {
    start: () => {
      cluster.store.subscribe(({ resource }) => {
        if (resource === resources.hyperConvergeds || resource === resources.kubeVirts)
          queue.add('kubevirt-hyperconverged');
      });
    },
  };
}
