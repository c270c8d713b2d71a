import type { Finding } from '../model/finding.ts';
import { API_VERSION, type Snapshot } from '../model/snapshot.ts';
import { vmsOf } from '../model/vm.ts';
import { checkCluster } from './assess.ts';
import type { Check } from './check.ts';
import { checks as allChecks } from './checks/index.ts';
import { auditOf, type EvictionAudit } from './eviction.ts';

/** What `ferry check cluster` tells. */
export interface ClusterCheckReport {
  apiVersion: typeof API_VERSION;
  kind: 'ClusterCheckReport';
  takenAt: string;
  versions: Snapshot['versions'];
  findings: Finding[];
  /** What an eviction, a preemption and the loss of its node would do to each running VM, in order of namespace and name. */
  evictions: EvictionAudit[];
}

/** What every check says about the cluster, with what could be better in it. */
export function clusterReport(snapshot: Snapshot, checks: readonly Check[] = allChecks): ClusterCheckReport {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterCheckReport',
    takenAt: snapshot.takenAt,
    versions: snapshot.versions,
    findings: checkCluster(snapshot, checks),
    evictions: vmsOf(snapshot).flatMap((vm) => auditOf(vm, snapshot) ?? []),
  };
}
