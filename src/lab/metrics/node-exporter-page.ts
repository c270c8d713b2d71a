import type { KubeObject, Node } from '../../model/objects.ts';
import { bytesOf, milliOf } from '../../model/quantity.ts';
import type { Cluster } from '../cluster.ts';
import { migrationSettings } from '../controllers/config.ts';
import { linkOf, networkOf } from '../controllers/nmstate-state.ts';
import { BYTES_PER_CORE, nodeUsage } from '../controllers/node-usage.ts';
import type { Traffic } from '../controllers/traffic.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { Batch, Page } from './exposition.ts';
import type { UsageMeter } from './usage-meter.ts';

/** What the migrations of a node have carried, and what its link carries, bytes per second. */
export interface NodeTraffic {
  traffic(node: string): Traffic;
  linkSpeed(node: string): number;
}

/** Of the time that CPUs are busy, the part in the kernel. */
const SYSTEM = 0.25;
/** Of what nobody needs, the part that holds cached files; of that, buffers. */
const CACHED = 0.2;
const BUFFERS = 0.02;

/** Of what Ethernet's rate is, the part that a migration gets (lab.ts linkSpeed). */
const PAYLOAD = 0.94;

/** The NIC all nodes have (OVN's bridge on it). */
const NIC = 'br-ex';

/** Bytes of one NIC of a node since it booted. */
export interface NicBytes {
  name: string;
  received: number;
  sent: number;
}

/** What went through each NIC of a node: its guests' traffic, and migrations on the NIC that carries them. */
export function nicsOf(cluster: Cluster, node: Node, meter: UsageMeter, traffic: Traffic): NicBytes[] {
  const steady = Math.floor(meter.node(node) * BYTES_PER_CORE);
  const migrated = { received: Math.round(traffic.received), sent: Math.round(traffic.sent) };
  const dedicated = migrationNic(cluster);
  if (dedicated === NIC) {
    return [{ name: NIC, received: steady + migrated.received, sent: steady + migrated.sent }];
  }
  return [
    { name: NIC, received: steady, sent: steady },
    { name: dedicated, ...migrated },
  ];
}

interface AttachmentDefinition extends KubeObject {
  spec?: { config?: string };
}

/** The NIC that migrations go through: the one under the migration network's attachment definition, or the only one. */
function migrationNic(cluster: Cluster): string {
  const network = migrationSettings(cluster).network;
  if (network === undefined) return NIC;
  const found = cluster.store.get<AttachmentDefinition>(resources.networkAttachments, CNV_NAMESPACE, network);
  try {
    const { master, bridge } = JSON.parse(found?.spec?.config ?? '{}') as { master?: string; bridge?: string };
    return master ?? bridge ?? NIC;
  } catch {
    return NIC;
  }
}

/** node-exporter's metrics of a node, as far as charts and rules about VMs and migrations look at them. */
export function nodeExporterPage(cluster: Cluster, node: Node, meter: UsageMeter, links: NodeTraffic): Batch[] {
  return [
    (page) => {
      const { name } = node.metadata;
      const booted = Date.parse(node.metadata.creationTimestamp ?? '') || cluster.clock.now();
      page.add('node_boot_time_seconds', '', booted / 1000);
      page.add('node_uname_info', page.labels({ nodename: name, sysname: 'Linux', machine: 'x86_64' }), 1);
      cpuMetrics(page, node, meter.node(node), (cluster.clock.now() - booted) / 1000);
      const usage = nodeUsage(cluster, node);
      page.add('node_load1', '', Math.round(usage.cpu * 100) / 100);
      memoryMetrics(page, bytesOf(node.status?.capacity?.['memory'] ?? '0'), usage.memory);
      const migrates = migrationNic(cluster);
      for (const nic of nicsOf(cluster, node, meter, links.traffic(name))) {
        const labels = page.labels({ device: nic.name });
        const carries = nic.name === migrates ? links.linkSpeed(name) : undefined;
        page.add('node_network_up', labels, carries === 0 ? 0 : 1);
        const mbps = linkOf(networkOf(cluster, name), nic.name)?.ethernet?.speed;
        const speed = mbps === undefined ? (carries ?? 0) / PAYLOAD : (mbps * 1e6) / 8;
        if (carries !== undefined) page.add('node_network_speed_bytes', labels, Math.round(speed));
        page.add('node_network_receive_bytes_total', labels, nic.received);
        page.add('node_network_transmit_bytes_total', labels, nic.sent);
        for (const way of ['receive', 'transmit']) {
          for (const loss of ['drop', 'errs']) page.add(`node_network_${way}_${loss}_total`, labels, 0);
        }
      }
    },
  ];
}

function cpuMetrics(page: Page, node: Node, used: number, uptime: number): void {
  const cpus = Math.max(1, Math.floor(milliOf(node.status?.capacity?.['cpu'] ?? '1') / 1000));
  const busy = Math.min(used / cpus, uptime);
  const modes = {
    idle: uptime - busy,
    system: busy * SYSTEM,
    user: busy * (1 - SYSTEM),
    iowait: 0,
    irq: 0,
    nice: 0,
    softirq: 0,
    steal: 0,
  };
  for (let cpu = 0; cpu < cpus; cpu++) {
    for (const [mode, seconds] of Object.entries(modes)) {
      page.add('node_cpu_seconds_total', page.labels({ cpu: String(cpu), mode }), seconds);
    }
  }
}

function memoryMetrics(page: Page, total: number, used: number): void {
  const available = Math.max(0, Math.round(total - used));
  const cached = Math.round(available * CACHED);
  const buffers = Math.round(available * BUFFERS);
  const amounts = {
    MemTotal: total,
    MemAvailable: available,
    MemFree: available - cached - buffers,
    Cached: cached,
    Buffers: buffers,
  };
  for (const [field, bytes] of Object.entries(amounts)) page.add(`node_memory_${field}_bytes`, '', bytes);
}
