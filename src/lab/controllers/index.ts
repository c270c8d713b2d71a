import type { Cluster } from '../cluster.ts';
import { backupController } from './backup.ts';
import { cdi } from './cdi.ts';
import { storageProfiles } from './cdi-profiles.ts';
import { componentLogs } from './component-logs.ts';
import { controlPlane } from './control-plane.ts';
import { daemonSet } from './daemonset.ts';
import { deployment } from './deployment.ts';
import { descheduler } from './descheduler.ts';
import { evictionInProgress } from './descheduler-annotation.ts';
import { disruption } from './disruption.ts';
import { disruptionBudgets } from './disruption-budgets.ts';
import { evacuationController } from './evacuation.ts';
import { garbageCollector } from './garbage-collector.ts';
import { hcoOperator } from './hco-operator.ts';
import { heartbeat } from './heartbeat.ts';
import { kubelet } from './kubelet.ts';
import { migrationController } from './migration.ts';
import { multus } from './multus.ts';
import { nmstate } from './nmstate.ts';
import { nodeLabeller } from './node-labeller.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { podGarbageCollector } from './pod-gc.ts';
import { resourceQuota } from './quota.ts';
import { roleAggregation } from './role-aggregation.ts';
import { scheduler } from './scheduler.ts';
import { serviceAccounts } from './service-accounts.ts';
import { type VirtHandler, virtHandler } from './virt-handler.ts';
import { virtHandlerStart } from './virt-handler-start.ts';
import { virtOperator } from './virt-operator.ts';
import { virtVm } from './virt-vm.ts';
import { virtVmi } from './virt-vmi.ts';
import { volumes } from './volumes.ts';
import { workloadUpdater } from './workload-updater.ts';

/** What of the running controllers others need. */
export interface Controllers {
  handler: VirtHandler;
}

/** Starts every controller. The order is the order in which they see a change. */
export function startControllers(cluster: Cluster): Controllers {
  const handler = virtHandler(cluster);
  const all = [
    controlPlane(cluster),
    scheduler(cluster),
    kubelet(cluster),
    multus(cluster),
    nmstate(cluster),
    nodeLifecycle(cluster),
    daemonSet(cluster),
    deployment(cluster),
    garbageCollector(cluster),
    podGarbageCollector(cluster),
    volumes(cluster),
    storageProfiles(cluster),
    cdi(cluster),
    resourceQuota(cluster),
    hcoOperator(cluster),
    virtOperator(cluster),
    virtHandlerStart(cluster),
    nodeLabeller(cluster),
    virtVm(cluster),
    virtVmi(cluster),
    handler,
    heartbeat(cluster),
    migrationController(cluster),
    evacuationController(cluster),
    backupController(cluster),
    evictionInProgress(cluster),
    descheduler(cluster),
    disruption(cluster),
    disruptionBudgets(cluster),
    workloadUpdater(cluster),
    componentLogs(cluster),
    roleAggregation(cluster),
    serviceAccounts(cluster),
  ];
  for (const controller of all) controller.start();
  return { handler };
}
