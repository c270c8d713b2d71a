import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import type { MigrationOutcome, MigrationProgress, RunningMigration } from '../hypervisor/hypervisor.ts';
import { resources } from '../resources.ts';
import { put } from './conditions.ts';
import { kubeVirtOf } from './config.ts';
import { hasGuestAgent } from './guest.ts';
import { handlerWorks, migrationAddress } from './handler-pods.ts';
import { DOWN, endPod, openReadinessGate } from './kubelet.ts';
import { logMigration, logTo } from './launcher-log.ts';
import { migratableConditions, migrationMethod } from './live-migratable.ts';
import { migrationOrder } from './migration-order.ts';
import { currentPod, enterPhase } from './virt-vmi.ts';
import { type Requeue, workqueue } from './workqueue.ts';

/** libvirt's words when the other side of a migration vanishes. */
const LOST =
  "Live migration failed error encountered during MigrateToURI3 libvirt api call: virError(Code=9, Domain=10, Message='operation failed: Lost connection to destination host')";

interface Job {
  vmi: string;
  uid: string;
  source: string;
  target: string;
  preparing: boolean;
  starting: boolean;
  running?: RunningMigration;
  aborting: boolean;
}

/** A migration that copies right now, for the metrics. */
export interface ActiveMigration {
  vmi: string;
  source: string;
  target: string;
  progress: MigrationProgress;
}

export interface VirtHandler extends Controller {
  active(): ActiveMigration[];
  /** Bytes of migrations that a node has sent and received so far. */
  traffic(node: string): { sent: number; received: number };
}

/** The virt-handlers and virt-launchers of all nodes: guests start, say whether they can migrate, and migrate. */
export function virtHandler(cluster: Cluster): VirtHandler {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('virt-handler');
  const queue = workqueue(cluster, 'virt-handler', { from: 10, to: 40 }, reconcile);
  const jobs = new Map<string, Job>();
  const booting = new Set<string>();
  const carried = new Map<string, { sent: number; received: number }>();

  function count(job: Job, bytes: number): void {
    for (const [node, way] of [
      [job.source, 'sent'],
      [job.target, 'received'],
    ] as const) {
      const total = carried.get(node) ?? { sent: 0, received: 0 };
      total[way] += bytes;
      carried.set(node, total);
    }
  }

  function reconcile(key: string): Requeue | undefined {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, key);
    if (vmi === undefined || vmi.metadata.deletionTimestamp !== undefined) {
      for (const job of jobs.values()) if (job.vmi === key) drop(job);
      return undefined;
    }
    const node = vmi.status?.nodeName;
    if (vmi.status?.phase === 'Scheduled' && handlerWorks(cluster, node)) boot(vmi);
    if (vmi.status?.phase !== 'Running') return undefined;
    if (handlerWorks(cluster, node)) describe(vmi);
    const state = vmi.status.migrationState;
    if (state?.migrationUid === undefined || state.completed === true) return undefined;
    migrate(vmi, jobOf(vmi));
    return undefined;
  }

  function jobOf(vmi: VirtualMachineInstance): Job {
    const state = vmi.status?.migrationState;
    const uid = state?.migrationUid ?? '';
    let job = jobs.get(uid);
    if (job === undefined) {
      job = {
        vmi: keyOf(vmi),
        uid,
        source: state?.sourceNode ?? '',
        target: state?.targetNode ?? '',
        preparing: false,
        starting: false,
        aborting: false,
      };
      jobs.set(uid, job);
    }
    return job;
  }

  /** The VMI of a job, as long as the job still owns its migrationState. */
  function owned(job: Job): VirtualMachineInstance | undefined {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, job.vmi);
    const state = vmi?.status?.migrationState;
    return state?.migrationUid === job.uid && state.completed !== true ? vmi : undefined;
  }

  function change(
    job: Job,
    edit: (
      draft: VirtualMachineInstance,
      state: NonNullable<NonNullable<VirtualMachineInstance['status']>['migrationState']>,
    ) => void,
  ): VirtualMachineInstance | undefined {
    const vmi = owned(job);
    if (vmi === undefined) return undefined;
    return modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const state = draft.status?.migrationState;
      if (state !== undefined) edit(draft, state);
    });
  }

  function drop(job: Job): void {
    jobs.delete(job.uid);
    job.running?.fail(LOST);
  }

  function boot(vmi: VirtualMachineInstance): void {
    const uid = vmi.metadata.uid ?? '';
    if (booting.has(uid)) return;
    booting.add(uid);
    clock.after(random.between(400, 1200), () => {
      booting.delete(uid);
      const fresh = byKey<VirtualMachineInstance>(cluster, resources.vmis, keyOf(vmi));
      if (fresh?.metadata.uid !== uid || fresh.status?.phase !== 'Scheduled') return;
      const pod = currentPod(cluster, fresh);
      if (pod === undefined || !handlerWorks(cluster, fresh.status.nodeName)) return;
      const started = modify<VirtualMachineInstance>(cluster, resources.vmis, fresh, (draft) => {
        enterPhase(cluster, draft, 'Running');
        draft.status = { ...draft.status, ...guestStatus(cluster, draft, pod) };
      });
      if (started === undefined) return;
      openReadinessGate(cluster, pod);
      events.normal(started, source(started.status?.nodeName), 'Started', 'VirtualMachineInstance started.');
      logTo(cluster, pod, 'virt-launcher', `Domain started.`);
    });
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
        source(vmi.status?.nodeName),
        'Migrated',
        `EvictionStrategy is set but vmi is not migratable; ${first.message ?? ''}`,
      );
    }
  }

  function migrate(vmi: VirtualMachineInstance, job: Job): void {
    const state = vmi.status?.migrationState;
    if (state === undefined) return;
    if (state.targetNodeAddress === undefined) {
      if (!job.preparing && handlerWorks(cluster, job.target)) prepare(vmi, job);
    } else if (state.startTimestamp === undefined) {
      if (!job.starting && handlerWorks(cluster, job.source)) startSoon(job);
    } else if (state.abortRequested === true && state.abortStatus === undefined && !job.aborting) abort(vmi, job);
  }

  /** Target: proxies listen, and the address is published. */
  function prepare(vmi: VirtualMachineInstance, job: Job): void {
    job.preparing = true;
    clock.after(random.between(300, 600), () => {
      job.preparing = false;
      if (owned(job) === undefined || !handlerWorks(cluster, job.target)) return;
      const address = migrationAddress(cluster, job.target);
      const ports: Record<string, number> = {
        [String(random.int(32768, 45000))]: 0,
        [String(random.int(45001, 60999))]: 49152,
      };
      if (vmi.status?.migrationMethod === 'BlockMigration') ports[String(random.int(32768, 60999))] = 49153;
      const target = source(job.target);
      events.normal(vmi, target, 'PreparingTarget', 'VirtualMachineInstance Migration Target Prepared.');
      events.normal(
        vmi,
        target,
        'PreparingTarget',
        `Migration Target is listening at ${address}, on ports: ${Object.keys(ports).join(',')}`,
      );
      change(job, (_, state) => {
        state.targetNodeAddress = address;
        state.targetDirectMigrationNodePorts = ports;
      });
    });
  }

  function startSoon(job: Job): void {
    job.starting = true;
    clock.after(random.between(100, 250), () => {
      const vmi = owned(job);
      const target = targetPodOf(job);
      const leaving = target === undefined || target.metadata.deletionTimestamp !== undefined;
      if (vmi === undefined || leaving || !handlerWorks(cluster, job.source)) {
        job.starting = false;
        return;
      }
      events.normal(vmi, source(job.source), 'Migrating', 'VirtualMachineInstance is migrating.');
      const started = change(job, (_, state) => {
        state.startTimestamp = now(cluster);
        state.mode = 'PreCopy' as typeof state.mode;
      });
      if (started === undefined) return;
      const pod = currentPod(cluster, started);
      const running = cluster.hypervisor.migrate(migrationOrder(cluster, started), {
        mode: (mode) => {
          change(job, (_, state) => {
            state.mode = mode as typeof state.mode;
          });
        },
        done: (outcome) => {
          monitor.cancel();
          count(job, outcome.result === 'succeeded' ? outcome.bytes : running.progress().processedBytes);
          delete job.running;
          finish(job, outcome);
        },
      });
      const monitor = clock.every(4000, () => logMigration(cluster, pod, job.uid, running.progress()));
      job.running = running;
      clock.after(random.between(100, 400), () => {
        change(job, (_, state) => {
          state.targetNodeDomainDetected = true;
        });
      });
    });
  }

  function abort(vmi: VirtualMachineInstance, job: Job): void {
    const { running } = job;
    if (running === undefined) return;
    job.aborting = true;
    events.normal(vmi, source(job.source), 'Migrating', 'VirtualMachineInstance is aborting migration.');
    if (running.abort(cluster.version.texts.aborted)) return;
    change(job, (_, state) => {
      state.abortStatus = 'Failed' as typeof state.abortStatus;
    });
  }

  function finish(job: Job, outcome: MigrationOutcome): void {
    if (outcome.result === 'failed') {
      fail(job, outcome);
      return;
    }
    const ready = change(job, (_, state) => {
      state.targetNodeDomainDetected = true;
      state.targetNodeDomainReadyTimestamp = now(cluster);
    });
    const pod = targetPodOf(job);
    if (ready === undefined || pod === undefined) {
      jobs.delete(job.uid);
      return;
    }
    modify<Pod>(cluster, resources.pods, pod, (draft) => {
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        'kubevirt.io/migration-target-ready-timestamp': new Date(clock.now()).toISOString(),
      };
    });
    openReadinessGate(cluster, pod);
    clock.after(random.between(80, 250), () => handOver(job));
  }

  /** The target's virt-handler takes the VMI over (v1.6: ackMigrationCompletion), then says so. */
  function handOver(job: Job): void {
    const before = owned(job);
    const pod = targetPodOf(job);
    if (before === undefined) return;
    const left = currentPod(cluster, before);
    const moved = change(job, (draft, state) => {
      state.endTimestamp = now(cluster);
      const { evacuationNodeName: _evacuated, launcherContainerImageVersion: _image, ...status } = draft.status ?? {};
      draft.status = { ...status, nodeName: job.target };
      const ip = pod?.status?.podIP;
      if (ip !== undefined && draft.status.interfaces?.[0] !== undefined) {
        draft.status.interfaces = [
          { ...draft.status.interfaces[0], ipAddress: ip, ipAddresses: [ip] },
          ...draft.status.interfaces.slice(1),
        ];
      }
      draft.metadata.labels = { ...draft.metadata.labels, 'kubevirt.io/nodeName': job.target };
    });
    if (moved !== undefined) {
      events.normal(
        moved,
        source(job.target),
        'Migrated',
        `The VirtualMachineInstance migrated to node ${job.target}.`,
      );
    }
    clock.after(random.between(100, 400), () => {
      change(job, (_, state) => {
        state.completed = true;
      });
      jobs.delete(job.uid);
    });
    if (left !== undefined) clock.after(random.between(300, 1200), () => endPod(cluster, left, 'Succeeded'));
  }

  function fail(job: Job, outcome: Extract<MigrationOutcome, { result: 'failed' }>): void {
    jobs.delete(job.uid);
    const failed = change(job, (_, state) => {
      state.endTimestamp = now(cluster);
      state.completed = true;
      state.failed = true;
      state.failureReason = outcome.reason;
      if (outcome.abortStatus !== undefined) state.abortStatus = outcome.abortStatus as typeof state.abortStatus;
    });
    if (failed === undefined) return;
    events.warning(
      failed,
      source(job.source),
      'Migrated',
      `VirtualMachineInstance migration uid ${job.uid} failed. reason:${outcome.reason}`,
    );
    const launcher = currentPod(cluster, failed);
    if (launcher !== undefined) logTo(cluster, launcher, 'virt-launcher', outcome.reason, 'error');
    const pod = targetPodOf(job);
    if (pod !== undefined) clock.after(random.between(300, 1000), () => endPod(cluster, pod, 'Succeeded'));
  }

  function targetPodOf(job: Job): Pod | undefined {
    return cluster.targetPods.get(job.uid)[0];
  }

  /** A node that went dark, or a target pod that was taken away, breaks the connection. */
  function breakJobs(broken: (job: Job) => boolean): void {
    for (const job of jobs.values()) if (broken(job)) job.running?.fail(LOST);
  }

  return {
    active: () =>
      [...jobs.values()].flatMap((job) =>
        job.running === undefined
          ? []
          : [{ vmi: job.vmi, source: job.source, target: job.target, progress: job.running.progress() }],
      ),
    traffic: (node) => {
      const total = { ...(carried.get(node) ?? { sent: 0, received: 0 }) };
      for (const { source, target, running } of jobs.values()) {
        if (running === undefined) continue;
        if (source === node) total.sent += running.progress().processedBytes;
        if (target === node) total.received += running.progress().processedBytes;
      }
      return total;
    },
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
            breakJobs((job) => job.source === node.metadata.name || job.target === node.metadata.name);
          }
        } else if (resource === resources.pods) {
          const pod = object as Pod;
          const labels = pod.metadata.labels ?? {};
          if (labels['kubevirt.io'] === 'virt-handler') wakeNode(pod.spec?.nodeName);
          const uid = labels['kubevirt.io/migrationJobUID'];
          const leaving = event.type === 'DELETED' || pod.metadata.deletionTimestamp !== undefined;
          if (uid !== undefined && leaving) breakJobs((job) => job.uid === uid);
        }
      });
    },
  };

  /** A virt-handler came up: what waited for it goes on. */
  function wakeNode(node: string | undefined): void {
    if (!handlerWorks(cluster, node)) return;
    for (const job of jobs.values()) if (job.source === node || job.target === node) queue.add(job.vmi);
    for (const vmi of cluster.vmisOn.get(node ?? '')) if (vmi.status?.phase === 'Scheduled') queue.add(keyOf(vmi));
  }
}

function source(node: string | undefined): { component: string; host: string } {
  return { component: 'virt-handler', host: node ?? '' };
}

/** LiveMigratable and StorageLiveMigratable of a VMI as its node's virt-handler sees it. */
function migratable(cluster: Cluster, vmi: VirtualMachineInstance): ReturnType<typeof migratableConditions> {
  const bindings = kubeVirtOf(cluster)?.spec?.configuration?.network?.binding ?? {};
  return migratableConditions({
    vmi,
    node: cluster.store.get<Node>(resources.nodes, undefined, vmi.status?.nodeName ?? ''),
    version: cluster.version,
    migratableBindings: new Set(
      Object.entries(bindings).flatMap(([name, plugin]) => (plugin.migration === undefined ? [] : [name])),
    ),
  });
}

/** What virt-handler fills in when a guest runs; also how the lab starts with guests that run already. */
export function guestStatus(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  pod: Pod,
): Partial<NonNullable<VirtualMachineInstance['status']>> {
  let conditions = vmi.status?.conditions;
  for (const condition of migratable(cluster, vmi)) conditions = put(conditions, condition);
  const agent = hasGuestAgent(vmi);
  if (agent) {
    conditions = put(conditions, {
      type: 'AgentConnected',
      status: 'True',
      lastProbeTime: now(cluster),
      lastTransitionTime: null,
    });
  }
  const ip = pod.status?.podIP ?? '';
  const mac = macOf(vmi.metadata.uid ?? '');
  return {
    conditions: conditions ?? [],
    migrationMethod: migrationMethod(vmi),
    migrationTransport: 'Unix',
    machine: { type: vmi.spec.domain.machine?.type ?? 'pc-q35-rhel9.6.0' },
    selinuxContext: 'system_u:object_r:container_file_t:s0:c1,c2',
    interfaces: (vmi.spec.domain.devices.interfaces ?? []).slice(0, 1).map(({ name }) => ({
      name,
      podInterfaceName: 'eth0',
      interfaceName: 'eth0',
      ipAddress: ip,
      ipAddresses: [ip],
      mac,
      linkState: 'up',
      queueCount: 1,
      infoSource: agent ? 'domain, guest-agent' : 'domain',
    })),
    ...(agent ? { guestOSInfo: guestOs(vmi) } : {}),
  };
}

function guestOs(
  vmi: VirtualMachineInstance,
): NonNullable<NonNullable<VirtualMachineInstance['status']>['guestOSInfo']> {
  const os = vmi.metadata.annotations?.['vm.kubevirt.io/os'] ?? 'rhel9';
  if (os.startsWith('windows')) {
    return {
      id: 'mswindows',
      name: 'Microsoft Windows',
      prettyName: 'Windows Server 2022 Standard',
      version: '2022',
      versionId: '2022',
      machine: 'x86_64',
      kernelRelease: '20348',
    };
  }
  return {
    id: 'rhel',
    name: 'Red Hat Enterprise Linux',
    prettyName: 'Red Hat Enterprise Linux 9.6 (Plow)',
    version: '9.6',
    versionId: '9.6',
    machine: 'x86_64',
    kernelRelease: '5.14.0-570.12.1.el9_6.x86_64',
  };
}

/** KubeVirt's locally administered prefix, then something of the VMI's own. */
function macOf(uid: string): string {
  const hex = uid.replaceAll('-', '').padEnd(8, '0');
  return ['02', ...[0, 2, 4, 6].map((at) => hex.slice(at, at + 2)), '01'].join(':');
}
