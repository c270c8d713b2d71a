import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod, requestsOf } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { cpuUsage, guestMemory } from './guest.ts';
import { currentPod } from './virt-vmi.ts';

const MiB = 2 ** 20;

/** What something uses at the moment. */
export interface Usage {
  /** Cores. */
  cpu: number;
  /** Bytes. */
  memory: number;
}

/** Cores that a launcher takes besides its guest: libvirt, virt-launcher. */
export const LAUNCHER_CPU = 0.02;
/** Bytes that a launcher has in memory besides the guest's. */
const LAUNCHER_MEMORY = 220 * MiB;
/** Cores and bytes that a node's system takes besides its pods. */
export const SYSTEM_CPU = 0.35;
const SYSTEM_MEMORY = 2.2 * 1024 * MiB;

/** Steady traffic of a guest, and so of its node: bytes in each direction for each second of CPU time. */
export const BYTES_PER_CORE = 2_000_000;

/** A load swings around its mean by this much ... */
const SWING = 0.04;
/** ... once in 2π times this long, ms. */
const SWING_TIME = 180_000;

/** Where in its swing a load is at time 0; its own for each id. */
function phaseOf(id: string): number {
  let hash = 0;
  for (let at = 0; at < id.length; at++) hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0;
  return (hash % 628) / 100;
}

/** Deterministic wobble of a load around its mean, within a few percent, changing by the minute. */
function wobble(cluster: Cluster, id: string): number {
  return 1 + SWING * Math.sin(cluster.clock.now() / SWING_TIME + phaseOf(id));
}

/** The integral of the wobble of `id` between two moments (ms since the epoch), in seconds. */
export function wobbleBetween(id: string, from: number, to: number): number {
  if (to <= from) return 0;
  const phase = phaseOf(id);
  const swing = SWING * SWING_TIME * (Math.cos(from / SWING_TIME + phase) - Math.cos(to / SWING_TIME + phase));
  return (to - from + swing) / 1000;
}

/** The VMI whose launcher a pod is, and whether its guest runs in it now; undefined for other pods, and without a VMI. */
export function guestIn(cluster: Cluster, pod: Pod): { vmi: VirtualMachineInstance; current: boolean } | undefined {
  const name = pod.metadata.annotations?.['kubevirt.io/domain'];
  if (name === undefined) return undefined;
  const vmi = cluster.store.get<VirtualMachineInstance>(resources.vmis, pod.metadata.namespace, name);
  if (vmi === undefined) return undefined;
  const current = vmi.status?.phase === 'Running' && currentPod(cluster, vmi)?.metadata.uid === pod.metadata.uid;
  return { vmi, current };
}

/** Mean cores of a pod that is no launcher: a part of what it asks for. */
export function otherCpu(requests: Record<string, number>): number {
  return ((requests['cpu'] ?? 0) / 1000) * 0.6;
}

/** Usage of a launcher follows the guest's workload; that of other pods is a part of what they ask for. */
export function podUsage(cluster: Cluster, pod: Pod): Usage {
  const guest = guestIn(cluster, pod);
  if (guest?.current === true) {
    const memory = guestMemory(guest.vmi);
    return {
      cpu: cpuUsage(guest.vmi) * wobble(cluster, pod.metadata.uid ?? '') + LAUNCHER_CPU,
      memory: memory.size - memory.zero + LAUNCHER_MEMORY,
    };
  }
  if (guest !== undefined || pod.metadata.annotations?.['kubevirt.io/domain'] !== undefined) {
    return { cpu: LAUNCHER_CPU, memory: 180 * MiB };
  }
  const requests = requestsOf(pod);
  const cpu = otherCpu(requests) * wobble(cluster, pod.metadata.uid ?? '');
  return { cpu, memory: (requests['memory'] ?? 0) * 0.8 };
}

/** A node's usage: its pods', and what the system takes. */
export function nodeUsage(cluster: Cluster, node: Node): Usage {
  const usage: Usage = { cpu: SYSTEM_CPU * wobble(cluster, node.metadata.name), memory: SYSTEM_MEMORY };
  for (const pod of cluster.podsOn.get(node.metadata.name)) {
    if (isFinishedPod(pod)) continue;
    const own = podUsage(cluster, pod);
    usage.cpu += own.cpu;
    usage.memory += own.memory;
  }
  return usage;
}
