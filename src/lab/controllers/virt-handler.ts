import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { byKey, type Cluster, type Controller, keyOf, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { put } from './conditions.ts';
import { guestStatus, migratable } from './guest-status.ts';
import { handlerSource, handlerWorks } from './handler-pods.ts';
import { hotplugGuest } from './hotplug-guest.ts';
import { DOWN } from './kubelet.ts';
import { logTo } from './launcher-log.ts';
import { endGuestOf } from './launcher-shutdown.ts';
import { migrationMethod } from './live-migratable.ts';
import { type ActiveMigration, type MigrationJobs, migrationJobs } from './migration-jobs.ts';
import { openReadinessGate } from './readiness-gate.ts';
import type { Traffic } from './traffic.ts';
import { currentPod, enterPhase } from './virt-vmi.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** The virt-handlers, and what of their migrations is seen from outside. */
export interface VirtHandler extends Controller {
  active(): ActiveMigration[];
  /** Breaks the connections of some. */
  lose: MigrationJobs['lose'];
  /** Bytes of migrations that a node has sent and received so far. */
  traffic(node: string): Traffic;
}

/** The virt-handlers and virt-launchers of all nodes: guests start, say whether they can migrate, and migrate. */
export function virtHandler(cluster: Cluster): VirtHandler {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('virt-handler');
  const queue = workqueue(cluster, 'virt-handler', { from: 10, to: 40 }, reconcile, [cluster.virtApi]);
  const jobs = migrationJobs(cluster, random);
  const hotplug = hotplugGuest(cluster);
  const booting = new Set<string>();

  function reconcile(key: string): Requeue | undefined {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, key);
    if (vmi === undefined || vmi.metadata.deletionTimestamp !== undefined) {
      jobs.forget(key);
      return undefined;
    }
    const node = vmi.status?.nodeName;
    if (vmi.status?.phase === 'Scheduled' && handlerWorks(cluster, node)) boot(vmi);
    if (vmi.status?.phase !== 'Running') return undefined;
    if (handlerWorks(cluster, node)) {
      describe(vmi);
      hotplug.advance(vmi);
    }
    jobs.advance(vmi);
    return undefined;
  }

  function boot(vmi: VirtualMachineInstance): void {
    const uid = vmi.metadata.uid ?? '';
    if (booting.has(uid)) return;
    booting.add(uid);
    clock.after(random.between(400, 1200), () => cluster.virtApi.whenWorks(() => started(vmi)));
  }

  function started({ metadata }: VirtualMachineInstance): void {
    const uid = metadata.uid ?? '';
    booting.delete(uid);
    const fresh = byKey<VirtualMachineInstance>(
      cluster,
      resources.vmis,
      `${metadata.namespace ?? ''}/${metadata.name}`,
    );
    if (fresh?.metadata.uid !== uid || fresh.status?.phase !== 'Scheduled') return;
    const pod = currentPod(cluster, fresh);
    if (pod === undefined || !handlerWorks(cluster, fresh.status.nodeName)) return;
    const running = modify<VirtualMachineInstance>(cluster, resources.vmis, fresh, (draft) => {
      enterPhase(cluster, draft, 'Running');
      draft.status = { ...draft.status, ...guestStatus(cluster, draft, pod) };
    });
    if (running === undefined) return;
    openReadinessGate(cluster, pod);
    events.normal(running, handlerSource(running.status?.nodeName), 'Started', 'VirtualMachineInstance started.');
    logTo(cluster, pod, 'virt-launcher', `Domain started.`);
  }

  /** Keeps the two conditions about migration, and the method, true to the VMI. */
  function describe(vmi: VirtualMachineInstance): void {
    const wanted = migratable(cluster, vmi);
    const method = migrationMethod(vmi);
    const had = JSON.stringify(
      vmi.status?.conditions?.filter(({ type }) => type === 'LiveMigratable' || type === 'StorageLiveMigratable'),
    );
    if (had === JSON.stringify(wanted) && vmi.status?.migrationMethod === method) return;
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      let conditions = draft.status?.conditions;
      for (const condition of wanted) conditions = put(conditions, condition);
      draft.status = { ...draft.status, conditions: conditions ?? [], migrationMethod: method };
    });
    const first = wanted[0];
    if (first?.status === 'False' && vmi.spec.evictionStrategy === 'LiveMigrate') {
      events.warning(
        vmi,
        handlerSource(vmi.status?.nodeName),
        'Migrated',
        `EvictionStrategy is set but vmi is not migratable; ${first.message ?? ''}`,
      );
    }
  }

  return {
    active: () => jobs.active(),
    lose: (match, how) => jobs.lose(match, how),
    traffic: (node) => jobs.traffic(node),
    start: () => {
      for (const vmi of store.values<VirtualMachineInstance>(resources.vmis)) {
        const migrating = vmi.status?.migrationState !== undefined && vmi.status.migrationState.completed !== true;
        if (vmi.status?.phase === 'Scheduled' || migrating || vmi.status?.migrationMethod === undefined)
          queue.add(keyOf(vmi));
      }
      store.subscribe((event) => {
        const { resource, object } = event;
        if (resource === resources.vmis) queue.add(keyOf(object));
        else if (resource === resources.nodes) {
          const node = object as Node;
          if (node.metadata.annotations?.[DOWN] === 'true') {
            jobs.lose((job) => job.source === node.metadata.name || job.target === node.metadata.name);
          } else if (event.previous?.metadata.annotations?.[DOWN] === 'true') wakeNode(node.metadata.name);
        } else if (resource === resources.pods) {
          endGuestOf(cluster, event);
          const pod = object as Pod;
          const labels = pod.metadata.labels ?? {};
          if (labels['kubevirt.io'] === 'virt-handler') wakeNode(pod.spec?.nodeName);
          const uid = labels['kubevirt.io'] === 'virt-launcher' ? labels['kubevirt.io/migrationJobUID'] : undefined;
          const leaving =
            event.type === 'DELETED' || pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed';
          if (uid !== undefined && leaving) jobs.lose((job) => job.uid === uid);
        }
      });
    },
  };

  /** A virt-handler came up: what waited for it goes on. */
  function wakeNode(node: string | undefined): void {
    if (!handlerWorks(cluster, node)) return;
    for (const vmi of jobs.on(node ?? '')) queue.add(vmi);
    for (const vmi of cluster.vmisOn.get(node ?? '')) if (vmi.status?.phase === 'Scheduled') queue.add(keyOf(vmi));
  }
}
