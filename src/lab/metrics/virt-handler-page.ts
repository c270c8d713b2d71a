import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { bytesOf, milliOf } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { isTrue } from '../controllers/conditions.ts';
import { dirtyRate, guestMemory } from '../controllers/guest.ts';
import { filesystemsOf } from '../controllers/guest-info.ts';
import { vcpusOf } from '../controllers/launcher-resources.ts';
import { BYTES_PER_CORE } from '../controllers/node-usage.ts';
import { currentPod } from '../controllers/virt-vmi.ts';
import { resources } from '../resources.ts';
import { type Batch, type Page, pairs } from './exposition.ts';
import type { MigrationSamples, SampledMigration } from './migration-samples.ts';
import type { UsageMeter } from './usage-meter.ts';

const MiB = 2 ** 20;

// The lab's guests do nothing but use CPU and write memory. What else a real one does is assumed to go with its CPU time;
// these are round numbers of a moderately busy server, and no measurement.
/** Bytes of a network packet, of a storage request. */
const PACKET = 1000;
const REQUEST = 16_384;
/** Storage requests for each second of CPU time, and seconds that one takes. */
const READS = 60;
const WRITES = 40;
const FLUSHES = 2;
const READ_TIME = 0.0005;
const WRITE_TIME = 0.001;
const FLUSH_TIME = 0.004;
/** Of the time it runs, what a vCPU waits for storage and for a core; what of its CPU time the host's kernel takes. */
const WAIT = 0.02;
const DELAY = 0.005;
const SYSTEM = 0.3;
/** What of its RAM a guest's kernel never shows; of what it has in use, what is cache; of a filesystem, what is used. */
const HIDDEN = 0.03;
const CACHE = 1 / 8;
const FILLED = 0.4;

/** virt-handler's metrics of the guests on its node and of the migrations from it (facts/kubevirt.md G1, G2). */
export function virtHandlerPage(
  cluster: Cluster,
  parts: { meter: UsageMeter; samples: MigrationSamples; fresh: boolean },
  node: string,
): Batch[] {
  const cores =
    milliOf(cluster.store.get<Node>(resources.nodes, undefined, node)?.status?.capacity?.['cpu'] ?? '0') / 1000;
  return [
    (page) => {
      page.add('kubevirt_info', page.labels({ goversion: 'go1.24', kubeversion: cluster.version.kubevirt }), 1);
      page.add('kubevirt_virt_handler_ready_status', '', 1);
    },
    (page) => {
      for (const vmi of cluster.vmisOn.get(node)) {
        const pod = vmi.status?.phase === 'Running' ? currentPod(cluster, vmi) : undefined;
        if (pod !== undefined) guestMetrics(page, vmi, pod, parts.meter, cores);
      }
      migrationMetrics(page, parts.samples.take(node, parts.fresh), node);
    },
  ];
}

function guestMetrics(page: Page, vmi: VirtualMachineInstance, pod: Pod, meter: UsageMeter, cores: number): void {
  const labels = labelsOf(page, vmi);
  const used = meter.guest(vmi, pod);
  const vcpus = vcpusOf(vmi.spec);
  const add = (name: string, value: number): void => page.add(`kubevirt_vmi_${name}`, labels, value);
  add('cpu_usage_seconds_total', used);
  add('cpu_system_usage_seconds_total', used * SYSTEM);
  add('cpu_user_usage_seconds_total', used * (1 - SYSTEM));
  add('node_cpu_affinity', vcpus * cores);
  for (let vcpu = 0; vcpu < vcpus; vcpu++) {
    const share = used / vcpus;
    const one = `${labels},id="${vcpu}"`;
    page.add('kubevirt_vmi_vcpu_seconds_total', `${one},state="running"`, share);
    page.add('kubevirt_vmi_vcpu_wait_seconds_total', one, share * WAIT);
    page.add('kubevirt_vmi_vcpu_delay_seconds_total', one, share * DELAY);
  }
  memoryMetrics(add, vmi);
  networkMetrics(page, labels, vmi, used);
  storageMetrics(page, labels, vmi, used);
}

function memoryMetrics(add: (name: string, value: number) => void, vmi: VirtualMachineInstance): void {
  const guest = guestMemory(vmi);
  const available = Math.round(guest.size * (1 - HIDDEN));
  const unused = Math.min(guest.zero, available);
  const cached = Math.round((available - unused) * CACHE);
  add('memory_domain_bytes', guest.size);
  add('memory_actual_balloon_bytes', guest.size);
  add('memory_resident_bytes', guest.size - guest.zero);
  add('memory_available_bytes', available);
  add('memory_unused_bytes', unused);
  add('memory_cached_bytes', cached);
  add('memory_usable_bytes', unused + cached);
  for (const name of ['swap_in_traffic_bytes', 'swap_out_traffic_bytes', 'pgmajfault_total']) add(`memory_${name}`, 0);
  // libvirt tells whole MiB/s.
  add('dirty_rate_bytes_per_second', Math.floor(dirtyRate(guest) / MiB) * MiB);
}

function networkMetrics(page: Page, labels: string, vmi: VirtualMachineInstance, used: number): void {
  const interfaces = vmi.spec.domain.devices.interfaces ?? [];
  for (const { name } of interfaces) {
    const one = `${labels},${pairs({ interface: name })}`;
    const bytes = Math.floor((used * BYTES_PER_CORE) / interfaces.length);
    for (const [way, type] of [
      ['receive', 'rx'],
      ['transmit', 'tx'],
    ]) {
      const add = (metric: string, value: number): void =>
        page.add(`kubevirt_vmi_network_${way}_${metric}`, one, value);
      add('bytes_total', bytes);
      add('packets_total', Math.floor(bytes / PACKET));
      add('errors_total', 0);
      add('packets_dropped_total', 0);
      page.add('kubevirt_vmi_network_traffic_bytes_total', `${one},type="${type}"`, bytes);
    }
  }
}

function storageMetrics(page: Page, labels: string, vmi: VirtualMachineInstance, used: number): void {
  const disks = vmi.spec.domain.devices.disks ?? [];
  for (const { name } of disks) {
    const one = `${labels},${pairs({ drive: name })}`;
    const share = used / disks.length;
    const add = (metric: string, value: number): void => page.add(`kubevirt_vmi_storage_${metric}_total`, one, value);
    add('iops_read', Math.floor(share * READS));
    add('iops_write', Math.floor(share * WRITES));
    add('read_traffic_bytes', Math.floor(share * READS) * REQUEST);
    add('write_traffic_bytes', Math.floor(share * WRITES) * REQUEST);
    add('read_times_seconds', share * READS * READ_TIME);
    add('write_times_seconds', share * WRITES * WRITE_TIME);
    add('flush_requests', Math.floor(share * FLUSHES));
    add('flush_times_seconds', share * FLUSHES * FLUSH_TIME);
  }
  if (!isTrue(vmi.status?.conditions, 'AgentConnected')) return;
  for (const { diskName, mountPoint, fileSystemType, capacity } of filesystemsOf(vmi)) {
    const bytes = capacity === undefined ? 0 : bytesOf(capacity);
    const one = `${labels},${pairs({ disk_name: diskName, mount_point: mountPoint, file_system_type: fileSystemType })}`;
    page.add('kubevirt_vmi_filesystem_capacity_bytes', one, bytes);
    page.add('kubevirt_vmi_filesystem_used_bytes', one, Math.floor(bytes * FILLED));
  }
}

/** Every sample of a guest carries its VMI's labels, too. */
function labelsOf(page: Page, vmi: VirtualMachineInstance): string {
  const labels: Record<string, string> = {
    node: vmi.status?.nodeName ?? '',
    namespace: vmi.metadata.namespace ?? '',
    name: vmi.metadata.name,
  };
  for (const [label, value] of Object.entries(vmi.metadata.labels ?? {})) {
    labels[`kubernetes_vmi_label_${label.replaceAll(/[./-]/g, '_')}`] = value;
  }
  return page.labels(labels);
}

function migrationMetrics(page: Page, migrations: SampledMigration[], node: string): void {
  for (const { vmi, samples: looks } of migrations) {
    const [namespace = '', name = ''] = vmi.split('/');
    const labels = page.labels({ node, namespace, name });
    for (const { at, progress } of looks) {
      const add = (metric: string, value: number): void =>
        page.add(`kubevirt_vmi_migration_${metric}`, labels, Math.round(value), at);
      add('data_processed_bytes', progress.processedBytes);
      add('data_remaining_bytes', progress.remainingBytes);
      add('data_total_bytes', progress.totalBytes);
      add('data_bytes_total', progress.totalBytes);
      add('dirty_memory_rate_bytes', progress.dirtyRate);
      // Misnamed up to v1.6: it is the memory's bandwidth.
      add('disk_transfer_rate_bytes', progress.transferRate);
      add('memory_transfer_rate_bytes', progress.transferRate);
    }
  }
}
