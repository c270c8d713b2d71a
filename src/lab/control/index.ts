import type { OwnPath } from '../api/extension.ts';
import type { Cluster } from '../cluster.ts';
import type { FaultInjector } from '../faults/injector.ts';
import { labFaults } from './faults.ts';
import { labTime } from './time.ts';

/** Where the lab is steered from outside, beside its Kubernetes API. Only the lab's admin may. */
export const CONTROL = '/lab/v1';

/** What steers the running lab over HTTP; what it serves there is one file each. */
export function labControl(cluster: Cluster, injector: FaultInjector): OwnPath[] {
  return [labTime(cluster), labFaults(injector)].map((each) => ({ ...each, path: `${CONTROL}/${each.path}` }));
}
