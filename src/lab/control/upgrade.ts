import type { HyperConverged } from '../../model/objects.ts';
import { versionOf, versions } from '../../model/versions/index.ts';
import type { OwnPath } from '../api/extension.ts';
import { badRequest } from '../api/status.ts';
import { type Cluster, modify } from '../cluster.ts';
import { kubeVirtOf } from '../controllers/config.ts';
import { resources } from '../resources.ts';
import { updateRoles } from '../scenarios/build-roles.ts';

/**
 * POST upgrade {"cnv": "4.21"}: OpenShift Virtualization is upgraded to a later version. virt-operator brings
 * the new roles and rolls virt-handler out, then the workload updater brings the new virt-launcher to running VMs. What the
 * API server serves (fields of CRDs, API versions) stays that of the version the lab was started with.
 */
export function labUpgrade(cluster: Cluster): OwnPath {
  return {
    path: 'upgrade',
    methods: ['POST'],
    handle: ({ body }) => {
      const cnv = typeof body === 'object' && body !== null && 'cnv' in body ? body.cnv : undefined;
      const next = typeof cnv === 'string' ? versionOf(cnv) : undefined;
      const later = versions.filter(({ minor }) => minor > cluster.version.minor);
      if (next === undefined || !later.includes(next)) {
        const names = later.length === 0 ? 'none' : later.map((version) => version.cnv).join(', ');
        throw badRequest(`cnv must be a version after ${cluster.version.cnv}: ${names}`);
      }
      cluster.version = next;
      updateRoles(cluster);
      for (const hyperConverged of cluster.store.list<HyperConverged>(resources.hyperConvergeds)) {
        modify<HyperConverged>(cluster, resources.hyperConvergeds, hyperConverged, (draft) => {
          const installed = [{ name: 'operator', version: next.openshiftVirtualization }];
          draft.status = { ...draft.status, versions: installed };
        });
      }
      const kubeVirt = kubeVirtOf(cluster);
      if (kubeVirt !== undefined) {
        // The operator's new image; it finds out by itself what else there is to do.
        modify(cluster, resources.kubeVirts, kubeVirt, (draft: typeof kubeVirt) => {
          draft.status = { ...draft.status, operatorVersion: next.kubevirt };
        });
      }
      return { status: 202, body: { cnv: next.cnv, kubevirt: next.kubevirt } };
    },
  };
}
