import type { OwnPath } from '../api/extension.ts';
import { MASTERS } from '../api/rbac/rights.ts';
import { forbidden } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import type { FaultInjector } from '../faults/injector.ts';
import type { Sources } from '../metrics/targets.ts';
import { labFaults } from './faults.ts';
import { labPrometheus } from './prometheus.ts';
import { labTime } from './time.ts';
import { labUpgrade } from './upgrade.ts';
import { type Access, labUsers } from './users.ts';

/** Where the lab is steered from outside, beside its Kubernetes API. Only the lab's admin may. */
export const CONTROL = '/lab/v1';

/** What steers the running lab over HTTP; what it serves there is one file each. */
export function labControl(cluster: Cluster, injector: FaultInjector, access: Access, metrics: Sources): OwnPath[] {
  const all = [
    labTime(cluster),
    labUpgrade(cluster),
    labFaults(injector),
    labUsers(cluster, access),
    labPrometheus(metrics, `${CONTROL}/prometheus`),
  ];
  return all.map((each) => adminsOnly({ ...each, path: `${CONTROL}/${each.path}` }));
}

/** Whatever a role says about paths: who steers the lab is above it. */
function adminsOnly(own: OwnPath): OwnPath {
  return {
    ...own,
    handle: (request) => {
      const { user, method, rest } = request;
      if (user.groups.includes(MASTERS)) return own.handle(request);
      const path = rest === '' ? own.path : `${own.path}/${rest}`;
      throw forbidden(`forbidden: User "${user.name}" cannot ${method.toLowerCase()} path "${path}"`);
    },
  };
}
