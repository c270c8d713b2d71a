import type { HyperConverged, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { isTrue } from '../controllers/conditions.ts';
import { kubeVirtOf } from '../controllers/config.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { Batch } from './exposition.ts';
import { leaderOf } from './virt-controller-page.ts';

/** virt-operator's metrics. */
export function virtOperatorPage(cluster: Cluster, pod: Pod): Batch[] {
  return [
    (page) => {
      const leads = leaderOf(cluster, 'virt-operator')?.metadata.uid === pod.metadata.uid;
      const developer = kubeVirtOf(cluster)?.spec?.configuration?.developerConfiguration;
      page.add('kubevirt_virt_operator_leading_status', '', leads ? 1 : 0);
      page.add('kubevirt_virt_operator_ready_status', '', isReadyPod(pod) ? 1 : 0);
      page.add('kubevirt_configuration_emulation_enabled', '', developer?.useEmulation === true ? 1 : 0);
    },
  ];
}

/** virt-api's metrics. */
export function virtApiPage(pod: Pod): Batch[] {
  return [(page) => page.add('kubevirt_virt_api_ready_status', '', isReadyPod(pod) ? 1 : 0)];
}

const UNSAFE = ['kubevirt.kubevirt.io/jsonpatch', 'containerizeddataimporter.kubevirt.io/jsonpatch'];

/** How often HCO has undone what others changed, by component. */
export interface Overwrites {
  counts(): ReadonlyMap<string, number>;
}

interface EventObject {
  reason?: string;
  count?: number;
  message?: string;
  source?: { component?: string };
}

/** Counts HCO's events about what it has overwritten: `Overwritten KubeVirt NAME`. */
export function overwrites({ store }: Cluster): Overwrites {
  const counts = new Map<string, number>();
  store.subscribe(({ type, resource, object }) => {
    if (resource !== resources.events || type === 'DELETED') return;
    const { reason, message = '' } = object as EventObject;
    const [, kind, name] = /^Overwritten (\S+) (\S+)/.exec(message) ?? [];
    if (reason !== 'Overwritten' || kind === undefined || name === undefined) return;
    const component = `${kind.toLowerCase()}/${name}`;
    counts.set(component, (counts.get(component) ?? 0) + 1);
  });
  return { counts: () => counts };
}

/** hyperconverged-cluster-operator's metrics. */
export function hcoPage(cluster: Cluster, overwritten: Overwrites): Batch[] {
  return [
    (page) => {
      const hco = cluster.store.list<HyperConverged>(resources.hyperConvergeds, CNV_NAMESPACE)[0];
      const conditions = (hco?.status as { conditions?: unknown[] } | undefined)?.conditions;
      const health = isTrue(conditions, 'Degraded') ? 2 : isTrue(conditions, 'Progressing') ? 1 : 0;
      page.add('kubevirt_hco_hyperconverged_cr_exists', '', hco === undefined ? 0 : 1);
      page.add('kubevirt_hco_system_health_status', '', health);
      for (const annotation of UNSAFE) {
        const patch = hco?.metadata.annotations?.[annotation];
        const labels = page.labels({ annotation_name: annotation });
        page.add('kubevirt_hco_unsafe_modifications', labels, patch === undefined ? 0 : operations(patch));
      }
      for (const [component, count] of overwritten.counts()) {
        page.add('kubevirt_hco_out_of_band_modifications_total', page.labels({ component_name: component }), count);
      }
    },
  ];
}

/** How many operations a JSON patch has; none if it is none. */
function operations(patch: string): number {
  try {
    const parsed: unknown = JSON.parse(patch);
    return Array.isArray(parsed) ? parsed.length : 0;
  } catch {
    return 0;
  }
}
