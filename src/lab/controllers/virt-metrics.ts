import type { Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import type { Subresource } from '../api/extension.ts';
import { ApiError, notFound } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { conditionOf, isTrue } from './conditions.ts';
import { evictionStrategyOf } from './evacuation.ts';
import { dirtyRate, guestMemory } from './guest.ts';
import { guestMemoryOf } from './launcher-resources.ts';
import type { VirtHandler } from './virt-handler.ts';
import { currentPod } from './virt-vmi.ts';

interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Collects samples by metric and renders them in Prometheus's text format. */
function exposition(): {
  add(name: string, type: 'gauge' | 'counter', help: string, sample: Sample): void;
  text(): string;
} {
  const metrics = new Map<string, { type: string; help: string; samples: Sample[] }>();
  return {
    add: (name, type, help, sample) => {
      const metric = metrics.get(name) ?? { type, help, samples: [] };
      metrics.set(name, metric);
      metric.samples.push(sample);
    },
    text: () => {
      let text = '';
      for (const [name, { type, help, samples }] of metrics) {
        text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
        for (const { labels, value } of samples) {
          const pairs = Object.entries(labels).map(([key, label]) => `${key}="${label.replaceAll(/["\\\n]/g, '_')}"`);
          text += `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
        }
      }
      return text;
    },
  };
}

/** virt-handler's metrics of one node (facts/kubevirt.md G1, G2; names of v1.6). */
function handlerMetrics(cluster: Cluster, handler: VirtHandler, node: string): string {
  const out = exposition();
  for (const vmi of cluster.vmisOn.get(node)) {
    if (vmi.status?.phase !== 'Running') continue;
    const labels = { node, namespace: vmi.metadata.namespace ?? '', name: vmi.metadata.name };
    const guest = guestMemory(vmi);
    const size = guestMemoryOf(vmi.spec);
    const unused = guest.zero;
    const gauge = (name: string, help: string, value: number): void => out.add(name, 'gauge', help, { labels, value });
    gauge(
      'kubevirt_vmi_dirty_rate_bytes_per_second',
      'Guest dirty-rate in bytes per second.',
      Math.round(dirtyRate(guest)),
    );
    gauge('kubevirt_vmi_memory_domain_bytes', 'The amount of memory in bytes allocated to the domain.', size);
    gauge(
      'kubevirt_vmi_memory_available_bytes',
      'Amount of usable memory as seen by the domain.',
      Math.round(size * 0.97),
    );
    gauge('kubevirt_vmi_memory_unused_bytes', 'The amount of memory left completely unused by the system.', unused);
    gauge(
      'kubevirt_vmi_memory_usable_bytes',
      'The amount of memory which can be reclaimed by balloon.',
      Math.round(unused * 0.95),
    );
    gauge('kubevirt_vmi_memory_resident_bytes', 'Resident set size of the process running the domain.', size - unused);
    out.add('kubevirt_vmi_info', 'gauge', 'Information about VirtualMachineInstances.', {
      labels: infoLabels(cluster, vmi, labels),
      value: 1,
    });
  }
  for (const { vmi, source, progress } of handler.active()) {
    if (source !== node) continue;
    const [namespace = '', name = ''] = vmi.split('/');
    const labels = { node, namespace, name };
    const gauge = (metric: string, help: string, value: number): void =>
      out.add(metric, 'gauge', help, { labels, value: Math.round(value) });
    gauge(
      'kubevirt_vmi_migration_data_processed_bytes',
      'The total Guest OS data processed and migrated to the new VM.',
      progress.processedBytes,
    );
    gauge(
      'kubevirt_vmi_migration_data_remaining_bytes',
      'The remaining guest OS data to be migrated to the new VM.',
      progress.remainingBytes,
    );
    gauge(
      'kubevirt_vmi_migration_dirty_memory_rate_bytes',
      'The rate of memory being dirty in the Guest OS.',
      progress.dirtyRate,
    );
    // Misnamed in v1.3 to v1.6: it is the memory's bandwidth.
    gauge(
      'kubevirt_vmi_migration_disk_transfer_rate_bytes',
      'The rate at which the memory is being transferred.',
      progress.transferRate,
    );
    out.add(
      'kubevirt_vmi_migration_data_total_bytes',
      'counter',
      'The total Guest OS data to be migrated to the new VM.',
      { labels, value: Math.round(progress.totalBytes) },
    );
  }
  return out.text();
}

function infoLabels(
  cluster: Cluster,
  vmi: VirtualMachineInstance,
  labels: Record<string, string>,
): Record<string, string> {
  const strategy = evictionStrategyOf(cluster, vmi);
  const evictable = strategy.startsWith('LiveMigrate') && isTrue(vmi.status?.conditions, 'LiveMigratable');
  return {
    ...labels,
    phase: (vmi.status?.phase ?? '').toLowerCase(),
    os: vmi.metadata.annotations?.['vm.kubevirt.io/os'] ?? '<none>',
    workload: '<none>',
    flavor: '<none>',
    instance_type: '<none>',
    preference: '<none>',
    guest_os_name: vmi.status?.guestOSInfo?.name ?? '',
    evictable: String(evictable),
    outdated: 'false',
    vmi_pod: currentPod(cluster, vmi)?.metadata.name ?? '',
    status_reason: conditionOf(vmi.status?.conditions, 'Ready')?.reason ?? '',
  };
}

/** virt-controller's metrics about migrations (facts/kubevirt.md G1). */
function controllerMetrics(cluster: Cluster): string {
  const out = exposition();
  const counts = { pending: 0, scheduling: 0, unset: 0, running: 0 };
  for (const migration of cluster.store.list<VirtualMachineInstanceMigration>(resources.migrations)) {
    const phase = migration.status?.phase ?? '';
    const labels = {
      vmi: migration.spec.vmiName ?? '',
      vmim: migration.metadata.name,
      namespace: migration.metadata.namespace ?? '',
    };
    if (phase === 'Succeeded' || phase === 'Failed') {
      out.add(
        `kubevirt_vmi_migration_${phase.toLowerCase()}`,
        'gauge',
        `Indicates if the VMI migration ${phase.toLowerCase()}.`,
        { labels, value: 1 },
      );
    } else if (phase === '') counts.unset++;
    else if (phase === 'Pending') counts.pending++;
    else if (phase === 'Scheduling') counts.scheduling++;
    else counts.running++;
    const state = migration.status?.migrationState;
    const timed = {
      node: state?.sourceNode ?? '',
      namespace: labels.namespace,
      name: labels.vmi,
      migration_name: labels.vmim,
    };
    if (state?.startTimestamp !== undefined) {
      out.add('kubevirt_vmi_migration_start_time_seconds', 'gauge', 'The time at which the migration started.', {
        labels: timed,
        value: Date.parse(state.startTimestamp) / 1000,
      });
    }
    if (state?.endTimestamp !== undefined) {
      out.add('kubevirt_vmi_migration_end_time_seconds', 'gauge', 'The time at which the migration ended.', {
        labels: { ...timed, status: phase.toLowerCase() },
        value: Date.parse(state.endTimestamp) / 1000,
      });
    }
  }
  for (const [phase, value] of Object.entries(counts)) {
    out.add(`kubevirt_vmi_migrations_in_${phase}_phase`, 'gauge', `Number of current ${phase} migrations.`, {
      labels: {},
      value,
    });
  }
  return out.text();
}

/** GET pods/NAME/proxy/metrics (or https:NAME:8443): the metrics of virt-handler and virt-controller pods. */
export function metricsProxy(cluster: Cluster, handler: VirtHandler): Subresource {
  return {
    resource: resources.pods,
    subresource: 'proxy',
    methods: ['GET'],
    handle: ({ namespace, name, rest }) => {
      const pod = cluster.store.get<Pod>(resources.pods, namespace, name);
      if (pod === undefined) throw notFound(resources.pods, name);
      const component = pod.metadata.labels?.['kubevirt.io'];
      const contentType = 'text/plain; version=0.0.4; charset=utf-8';
      if (pod.status?.phase !== 'Running') {
        throw new ApiError(503, `error trying to reach service: pod ${name} is not running`, {
          reason: 'ServiceUnavailable',
        });
      }
      if (rest === 'metrics' && component === 'virt-handler') {
        return { status: 200, contentType, body: handlerMetrics(cluster, handler, pod.spec?.nodeName ?? '') };
      }
      if (rest === 'metrics' && component === 'virt-controller') {
        return { status: 200, contentType, body: controllerMetrics(cluster) };
      }
      if (rest === 'healthz') return { status: 200, contentType: 'text/plain', body: 'ok' };
      return { status: 404, contentType: 'text/plain', body: '404 page not found\n' };
    },
  };
}
