import type { CallOptions, KubeClient } from '../kube/types.ts';
import { compareText } from '../model/memo.ts';
import type { Pod } from '../model/objects.ts';
import { isReadyPod } from '../model/pods.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { metricsByVmi, metricsPath } from './handler-metrics.ts';

/** How far a running migration is, as virt-handler last measured it. Bytes, and bytes per second. */
export interface Progress {
  processedBytes: number;
  remainingBytes: number;
  totalBytes?: number;
  /** Memory the guest writes anew. */
  dirtyRate?: number;
  transferRate?: number;
}

/**
 * virt-handler's metrics of a migration, in all versions (facts/kubevirt.md G1): the total was renamed in v1.8; until
 * v1.6 the memory transfer rate was called disk_transfer_rate. Where both names are there, the first one counts.
 */
const metricNames: Record<keyof Progress, string[]> = {
  processedBytes: ['kubevirt_vmi_migration_data_processed_bytes'],
  remainingBytes: ['kubevirt_vmi_migration_data_remaining_bytes'],
  totalBytes: ['kubevirt_vmi_migration_data_bytes_total', 'kubevirt_vmi_migration_data_total_bytes'],
  dirtyRate: ['kubevirt_vmi_migration_dirty_memory_rate_bytes'],
  transferRate: [
    'kubevirt_vmi_migration_memory_transfer_rate_bytes',
    'kubevirt_vmi_migration_disk_transfer_rate_bytes',
  ],
};

const PREFIX = 'kubevirt_vmi_migration_';

/** The migration whose progress is wanted. */
export interface Watched {
  namespace: string;
  /** Name of the VMI. */
  vmi: string;
  sourceNode: string;
}

/**
 * The progress of a migration, from the virt-handler on its source node, read through the API server. Undefined where
 * it can't be told: no virt-handler there, no permission, no answer, or no measurement yet. Never an error.
 */
export async function readProgress(
  client: KubeClient,
  source: Snapshot | Pod[],
  { namespace, vmi, sourceNode }: Watched,
  options: CallOptions = {},
): Promise<Progress | undefined> {
  const handler = handlerOn(source, sourceNode);
  if (handler === undefined) return undefined;
  const all = await readNodeProgress(client, handler, options);
  return all?.get(`${namespace}/${vmi}`);
}

/** The virt-handler pod on a node. */
function handlerOn(source: Snapshot | Pod[], node: string): Pod | undefined {
  const pods = Array.isArray(source) ? source : itemsOf(source.lists.pods);
  return pods
    .filter((pod) => pod.spec?.nodeName === node && pod.metadata.labels?.['kubevirt.io'] === 'virt-handler')
    .sort((a, b) => Number(isReadyPod(b)) - Number(isReadyPod(a)) || compareText(a.metadata.name, b.metadata.name))[0];
}

/** The progress of every migration that a virt-handler measures, by `namespace/VMI`; undefined where it can't be asked. */
async function readNodeProgress(
  client: KubeClient,
  handler: Pod,
  options: CallOptions = {},
): Promise<Map<string, Progress> | undefined> {
  try {
    const { text } = await client.raw('GET', metricsPath(handler), { ...options, headers: { accept: 'text/plain' } });
    return parseProgress(text);
  } catch {
    // Progress is good to have; whatever keeps it from us must not disturb the migration that is under way.
    return undefined;
  }
}

/** Progress by `namespace/VMI` from a page in Prometheus' text format. */
export function parseProgress(text: string): Map<string, Progress> {
  const all = new Map<string, Progress>();
  for (const [key, values] of metricsByVmi(text, PREFIX)) {
    const found: Partial<Progress> = {};
    for (const field of Object.keys(metricNames) as (keyof Progress)[]) {
      const name = metricNames[field].find((candidate) => values.has(candidate));
      const value = name === undefined ? undefined : values.get(name);
      if (value !== undefined) found[field] = value;
    }
    const { processedBytes, remainingBytes } = found;
    if (processedBytes !== undefined && remainingBytes !== undefined)
      all.set(key, { ...found, processedBytes, remainingBytes });
  }
  return all;
}
