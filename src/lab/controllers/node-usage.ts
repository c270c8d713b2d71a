import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod, requestsOf } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { cpuUsage, guestMemory } from './guest.ts';
import { guestMemoryOf } from './launcher-resources.ts';
import { currentPod } from './virt-vmi.ts';

const MiB = 2 ** 20;

/** What something uses at the moment. */
export interface Usage {
  /** Cores. */
  cpu: number;
  /** Bytes. */
  memory: number;
}

/** Deterministic wobble of a load around its mean, within a few percent, changing by the minute. */
function wobble(cluster: Cluster, id: string): number {
  let hash = 0;
  for (let at = 0; at < id.length; at++) hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0;
  const minute = cluster.clock.now() / 60_000;
  return 1 + 0.04 * Math.sin(minute / 3 + (hash % 628) / 100);
}

/** Usage of a launcher follows the guest's workload; that of other pods is a part of what they ask for. */
export function podUsage(cluster: Cluster, pod: Pod): Usage {
  const name = pod.metadata.annotations?.['kubevirt.io/domain'];
  if (name !== undefined) {
    const vmi = cluster.store.get<VirtualMachineInstance>(resources.vmis, pod.metadata.namespace, name);
    const runs = vmi?.status?.phase === 'Running' && currentPod(cluster, vmi)?.metadata.uid === pod.metadata.uid;
    if (vmi === undefined || !runs) return { cpu: 0.01, memory: 180 * MiB };
    const guest = guestMemory(vmi);
    return {
      cpu: cpuUsage(vmi) * wobble(cluster, pod.metadata.uid ?? '') + 0.02,
      memory: guestMemoryOf(vmi.spec) - guest.zero + 220 * MiB,
    };
  }
  const requests = requestsOf(pod);
  const factor = wobble(cluster, pod.metadata.uid ?? '');
  return { cpu: ((requests['cpu'] ?? 0) / 1000) * 0.6 * factor, memory: (requests['memory'] ?? 0) * 0.8 };
}

/** A node's usage: its pods', and what the system takes. */
export function nodeUsage(cluster: Cluster, node: Node): Usage {
  const usage: Usage = { cpu: 0.35 * wobble(cluster, node.metadata.name), memory: 2.2 * 1024 * MiB };
  for (const pod of cluster.podsOn.get(node.metadata.name)) {
    if (isFinishedPod(pod)) continue;
    const own = podUsage(cluster, pod);
    usage.cpu += own.cpu;
    usage.memory += own.memory;
  }
  return usage;
}
