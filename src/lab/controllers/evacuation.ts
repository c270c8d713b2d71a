import type { Node, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, type Controller, keyOf } from '../cluster.ts';
import { resources } from '../resources.ts';
import { isTrue } from './conditions.ts';
import { kubeVirtOf, migrationSettings, usesPriorities } from './config.ts';
import { leadingController } from './control-plane.ts';
import { logTo } from './launcher-log.ts';
import { EVACUATION } from './migration-backoff.ts';
import { freeSlots, isFinalMigration } from './migration-slots.ts';
import { newMigration } from './new-migration.ts';
import { isFinalVmi } from './printable-status.ts';
import { virtApiFailure } from './virt-api-service.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** On a VMI: who asked for its eviction (v1.7 and later). */
export const EVICTION_SOURCE = 'kubevirt.io/eviction-source';

const EVACUATION_CONTROLLER = { component: 'evacuation-controller' };
/** ms (facts/kubevirt.md C2). */
const COMPLAINT_PERIOD = 60_000;

/** evictionStrategy of a VMI, or the cluster's; KubeVirt's own default is None (facts/kubevirt.md A3). */
export function evictionStrategyOf(cluster: Cluster, vmi: VirtualMachineInstance): string {
  return vmi.spec.evictionStrategy ?? kubeVirtOf(cluster)?.spec?.configuration?.evictionStrategy ?? 'None';
}

/** virt-controller's evacuation controller: migrations for VMIs that an eviction has marked, and for nodes with the drain taint. Cordon alone does nothing (C2). */
export function evacuationController(cluster: Cluster): Controller {
  const { store, events } = cluster;
  const queue = workqueue(cluster, 'evacuation', { from: 20, to: 80 }, evacuate, [cluster.virtController]);
  /** How often in a row a node's migrations could not be created. */
  const failures = new Map<string, number>();
  /** When a VMI that cannot migrate was complained about last, by uid. */
  const complained = new Map<string, number>();

  function evacuate(name: string): Requeue | undefined {
    const node = store.get<Node>(resources.nodes, undefined, name);
    if (node === undefined) return undefined;
    const key = migrationSettings(cluster).nodeDrainTaintKey;
    const tainted = node.spec?.taints?.some((taint) => taint.key === key && taint.effect === 'NoSchedule') ?? false;
    const wanted = cluster.vmisOn.get(name).filter((vmi) => {
      if (isFinalVmi(vmi) || vmi.metadata.deletionTimestamp !== undefined) return false;
      return tainted || vmi.status?.evacuationNodeName === name;
    });
    if (wanted.length === 0) return undefined;
    const free = freeSlots(cluster, name);
    // With priorities all are created at once, and wait in the queue (C2).
    let left = usesPriorities(cluster) ? Infinity : Math.min(free.cluster, free.outbound);
    for (const vmi of wanted) {
      if (!usesPriorities(cluster)) complain(vmi);
      if (!canEvacuate(vmi)) continue;
      if (left <= 0) break;
      const refused = virtApiFailure(cluster, 'migrations-mutator.kubevirt.io');
      if (refused !== undefined) return failed(name, vmi, `Internal error occurred: ${refused}`);
      left--;
      const migration = newMigration(cluster, vmi, {
        generateName: 'kubevirt-evacuation-',
        annotations: { [EVACUATION]: name },
        priority:
          vmi.metadata.annotations?.[EVICTION_SOURCE] === 'descheduler' ? 'system-maintenance' : 'system-critical',
      });
      events.normal(vmi, EVACUATION_CONTROLLER, 'SuccessfulCreate', `Created Migration ${migration.metadata.name}`);
    }
    failures.delete(name);
    return { afterMs: 5000, background: true };
  }

  /** What cannot be created is tried again, with back-off (KubeVirt pkg/virt-controller/watch/drain/evacuation). */
  function failed(node: string, vmi: VirtualMachineInstance, reason: string): Requeue {
    events.warning(vmi, EVACUATION_CONTROLLER, 'FailedCreate', `Error creating a Migration: ${reason}`);
    const leader = leadingController(cluster);
    if (leader !== undefined) logTo(cluster, leader, 'virt-controller', `reenqueuing Node ${node}`, 'info', { reason });
    const count = (failures.get(node) ?? 0) + 1;
    failures.set(node, count);
    return { afterMs: Math.min(500 * 2 ** count, 300_000), background: true };
  }

  /** Once a minute, of a VMI that has to go and cannot. */
  function complain(vmi: VirtualMachineInstance): void {
    const uid = vmi.metadata.uid ?? '';
    const stuck =
      evictionStrategyOf(cluster, vmi) === 'LiveMigrate' && !isTrue(vmi.status?.conditions, 'LiveMigratable');
    const last = complained.get(uid);
    if (!stuck) complained.delete(uid);
    else if (last === undefined || last + COMPLAINT_PERIOD <= cluster.clock.now()) {
      complained.set(uid, cluster.clock.now());
      events.normal(vmi, EVACUATION_CONTROLLER, 'FailedCreate', 'VirtualMachineInstance is not migrateable');
    }
  }

  function canEvacuate(vmi: VirtualMachineInstance): boolean {
    const strategy = evictionStrategyOf(cluster, vmi);
    if (strategy !== 'LiveMigrate' && strategy !== 'LiveMigrateIfPossible') return false;
    if (!isTrue(vmi.status?.conditions, 'LiveMigratable')) return false;
    if (cluster.migrationsOf.get(keyOf(vmi)).some((migration) => !isFinalMigration(migration))) return false;
    const alive = cluster.podsOf.get(vmi.metadata.uid ?? '').filter((pod) => !isFinishedPod(pod));
    return alive.length <= 1;
  }

  return {
    start: () => {
      for (const vmi of store.values<VirtualMachineInstance>(resources.vmis)) {
        if (vmi.status?.evacuationNodeName !== undefined) queue.add(vmi.status.evacuationNodeName);
      }
      for (const node of store.values<Node>(resources.nodes)) {
        if ((node.spec?.taints ?? []).length > 0) queue.add(node.metadata.name);
      }
      store.subscribe((event) => {
        if (event.resource === resources.vmis && event.type === 'DELETED') {
          complained.delete(event.object.metadata.uid ?? '');
        }
        if (event.resource === resources.vmis) {
          const node = (event.object as VirtualMachineInstance).status?.evacuationNodeName;
          if (node !== undefined) queue.add(node);
        } else if (event.resource === resources.nodes) {
          const before: Node | undefined = event.previous;
          const after = event.object as Node;
          if (JSON.stringify(before?.spec?.taints) !== JSON.stringify(after.spec?.taints))
            queue.add(after.metadata.name);
        } else if (
          event.resource === resources.migrations &&
          isFinalMigration(event.object as VirtualMachineInstanceMigration)
        ) {
          const node = event.object.metadata.annotations?.[EVACUATION];
          if (node !== undefined) queue.add(node);
        }
      });
    },
  };
}
