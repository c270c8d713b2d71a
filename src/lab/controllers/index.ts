import type { Cluster } from '../cluster.ts';
import { componentLogs } from './component-logs.ts';
import { daemonSet } from './daemonset.ts';
import { evacuationController } from './evacuation.ts';
import { garbageCollector } from './garbage-collector.ts';
import { hcoOperator } from './hco-operator.ts';
import { heartbeat } from './heartbeat.ts';
import { kubelet } from './kubelet.ts';
import { migrationController } from './migration.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { podGarbageCollector } from './pod-gc.ts';
import { resourceQuota } from './quota.ts';
import { roleAggregation } from './role-aggregation.ts';
import { scheduler } from './scheduler.ts';
import { serviceAccounts } from './service-accounts.ts';
import { type VirtHandler, virtHandler } from './virt-handler.ts';
import { virtVm } from './virt-vm.ts';
import { virtVmi } from './virt-vmi.ts';
import { volumes } from './volumes.ts';

/** What of the running controllers others need. */
export interface Controllers {
  handler: VirtHandler;
}

/** Starts every controller. The order is the order in which they see a change. */
export function startControllers(cluster: Cluster): Controllers {
  const handler = virtHandler(cluster);
  const all = [
    scheduler(cluster),
    kubelet(cluster),
    nodeLifecycle(cluster),
    daemonSet(cluster),
    garbageCollector(cluster),
    podGarbageCollector(cluster),
    volumes(cluster),
    resourceQuota(cluster),
    hcoOperator(cluster),
    virtVm(cluster),
    virtVmi(cluster),
    handler,
    heartbeat(cluster),
    migrationController(cluster),
    evacuationController(cluster),
    componentLogs(cluster),
    roleAggregation(cluster),
    serviceAccounts(cluster),
  ];
  for (const controller of all) controller.start();
  return { handler };
}
