import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { isTrue } from '../controllers/conditions.ts';
import { resourceSettings } from '../controllers/config.ts';
import { leadingController } from '../controllers/control-plane.ts';
import { evictionStrategyOf } from '../controllers/evacuation.ts';
import { memoryOverhead } from '../controllers/launcher-resources.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { minorOf } from './edition.ts';
import { type Batch, type Page, parts } from './exposition.ts';
import type { PhaseTimes } from './phase-times.ts';
import { vmMetrics } from './vm-metrics.ts';

/** The pod of several that leads: the first one that is ready. */
export function leaderOf(cluster: Cluster, component: string): Pod | undefined {
  return cluster.store
    .list<Pod>(resources.pods, CNV_NAMESPACE)
    .find((pod) => pod.metadata.labels?.['kubevirt.io'] === component && isReadyPod(pod));
}

/**
 * virt-controller's metrics of VMs, VMIs and migrations (facts/kubevirt.md G1). Only the leader has seen any: the other's
 * informers wait until it leads.
 */
export function* virtControllerPage(
  cluster: Cluster,
  { pod, phases }: { pod: Pod; phases: PhaseTimes },
): Generator<Batch> {
  const leads = leadingController(cluster)?.metadata.uid === pod.metadata.uid;
  yield (page) => {
    page.add('kubevirt_virt_controller_leading_status', '', leads ? 1 : 0);
    page.add('kubevirt_virt_controller_ready_status', '', isReadyPod(pod) ? 1 : 0);
  };
  const { store } = cluster;
  const vmis = leads ? store.list<VirtualMachineInstance>(resources.vmis) : [];
  const migrations = leads ? store.list<VirtualMachineInstanceMigration>(resources.migrations) : [];
  yield (page) => {
    page.add('kubevirt_vmi_number_of_outdated', '', vmis.filter(isOutdated).length);
    migrationCounts(page, migrations);
    if (leads) phases.tell(page);
  };
  yield* parts(migrations, migrationResult);
  const names = new Map(migrations.map(({ metadata }) => [metadata.uid ?? '', metadata.name]));
  const { overheadRatio } = resourceSettings(cluster);
  yield* parts(vmis, (page, vmi) => vmiMetrics(cluster, page, vmi, names, overheadRatio));
  if (leads) yield* vmMetrics(cluster);
}

const isOutdated = (vmi: VirtualMachineInstance): boolean =>
  vmi.metadata.labels?.['kubevirt.io/outdatedLauncherImage'] !== undefined;

function migrationCounts(page: Page, migrations: VirtualMachineInstanceMigration[]): void {
  const counts = { pending: 0, scheduling: 0, unset: 0, running: 0 };
  for (const { status } of migrations) {
    const phase = status?.phase ?? '';
    if (phase === 'Succeeded' || phase === 'Failed') continue;
    if (phase === '') counts.unset++;
    else if (phase === 'Pending') counts.pending++;
    else if (phase === 'Scheduling') counts.scheduling++;
    else counts.running++;
  }
  for (const [phase, count] of Object.entries(counts)) page.add(`kubevirt_vmi_migrations_in_${phase}_phase`, '', count);
}

function migrationResult(page: Page, { metadata, spec, status }: VirtualMachineInstanceMigration): void {
  if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') return;
  const labels = page.labels({ vmi: spec.vmiName, vmim: metadata.name, namespace: metadata.namespace });
  page.add(`kubevirt_vmi_migration_${status.phase === 'Succeeded' ? 'succeeded' : 'failed'}`, labels, 1);
}

function vmiMetrics(
  cluster: Cluster,
  page: Page,
  vmi: VirtualMachineInstance,
  migrations: Map<string, string>,
  overheadRatio: number,
): void {
  const where = { node: vmi.status?.nodeName, namespace: vmi.metadata.namespace, name: vmi.metadata.name };
  const evictable = isEvictable(cluster, vmi);
  page.add('kubevirt_vmi_info', page.labels({ ...where, ...infoLabels(cluster, vmi, evictable) }), 1);
  page.add('kubevirt_vmi_non_evictable', page.labels(where), evictable ? 0 : 1);
  page.add(
    'kubevirt_vmi_launcher_memory_overhead_bytes',
    page.labels({ namespace: where.namespace, name: where.name }),
    memoryOverhead(vmi.spec, cluster.version, overheadRatio),
  );
  for (const { name, interfaceName, ipAddress } of vmi.status?.interfaces ?? []) {
    if (!ipAddress && !name && !interfaceName) continue;
    const type = ipAddress ? 'ExternalInterface' : 'SystemInterface';
    const labels = { ...where, vnic_name: name, interface_name: interfaceName, address: ipAddress, type };
    page.add('kubevirt_vmi_status_addresses', page.labels(labels), 1);
  }
  nicMetrics(page, vmi);
  const state = vmi.status?.migrationState;
  if (state === undefined) return;
  const timed = { ...where, migration_name: migrations.get(state.migrationUid ?? '') };
  if (state.startTimestamp !== undefined) {
    const started = Date.parse(state.startTimestamp) / 1000;
    page.add('kubevirt_vmi_migration_start_time_seconds', page.labels(timed), started);
  }
  if (state.endTimestamp !== undefined) {
    const status = state.completed !== true ? '' : state.failed === true ? 'failed' : 'succeeded';
    const ended = Date.parse(state.endTimestamp) / 1000;
    page.add('kubevirt_vmi_migration_end_time_seconds', page.labels({ ...timed, status }), ended);
  }
}

/** Only a VMI that an eviction would migrate, and that can't be migrated, counts as not evictable (isVMEvictable). */
function isEvictable(cluster: Cluster, vmi: VirtualMachineInstance): boolean {
  return evictionStrategyOf(cluster, vmi) !== 'LiveMigrate' || isTrue(vmi.status?.conditions, 'LiveMigratable');
}

/** What was added later is told of later versions only; an unknown one was called `<none>` up to v1.4. */
function infoLabels(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  evictable: boolean,
): Record<string, string | undefined> {
  const minor = minorOf(cluster);
  const unknown = minor <= 4 ? '<none>' : undefined;
  const annotations = vmi.metadata.annotations ?? {};
  const guest = vmi.status?.guestOSInfo;
  const machine = vmi.status?.machine?.type;
  return {
    phase: (vmi.status?.phase ?? '').toLowerCase(),
    os: annotations['vm.kubevirt.io/os'] ?? unknown,
    workload: annotations['vm.kubevirt.io/workload'] ?? unknown,
    flavor: annotations['vm.kubevirt.io/flavor'] ?? unknown,
    instance_type: unknown,
    preference: unknown,
    guest_os_kernel_release: guest?.kernelRelease ?? unknown,
    guest_os_machine: (minor <= 3 ? guest?.machine : machine) ?? unknown,
    guest_os_name: guest?.name ?? unknown,
    guest_os_version_id: guest?.versionId ?? unknown,
    ...(minor >= 4 && {
      guest_os_arch: guest?.machine ?? unknown,
      evictable: String(evictable),
      outdated: String(isOutdated(vmi)),
    }),
    ...(minor >= 5 && { vmi_pod: podOf(cluster, vmi)?.metadata.name }),
  };
}

function podOf(cluster: Cluster, vmi: VirtualMachineInstance): Pod | undefined {
  return cluster.podsOf
    .get(vmi.metadata.uid ?? '')
    .find((pod) => pod.status?.phase === 'Running' && pod.spec?.nodeName === vmi.status?.nodeName);
}

function nicMetrics(page: Page, vmi: VirtualMachineInstance): void {
  for (const nic of vmi.spec.domain.devices.interfaces ?? []) {
    const network = vmi.spec.networks?.find(({ name }) => name === nic.name);
    if (network === undefined) continue;
    const core = ['masquerade', 'bridge', 'sriov'].find(
      (binding) => (nic as object as Record<string, unknown>)[binding],
    );
    const labels = {
      name: vmi.metadata.name,
      namespace: vmi.metadata.namespace,
      vnic_name: nic.name,
      binding_type: core === undefined ? undefined : 'core',
      binding_name: core,
      network: network.multus === undefined ? 'pod networking' : network.multus.networkName,
      model: nic.model ?? '<none>',
    };
    page.add('kubevirt_vmi_vnic_info', page.labels(labels), 1);
  }
}
