import type { Node, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { isFinishedPod, requestsOf } from '../../model/pods.ts';
import type { Cluster } from '../cluster.ts';
import { cpuUsage } from '../controllers/guest.ts';
import { guestIn, LAUNCHER_CPU, otherCpu, SYSTEM_CPU, wobbleBetween } from '../controllers/node-usage.ts';
import { resources } from '../resources.ts';

/** CPU time, in seconds, that has been used; the integral of what node-usage.ts says is used at each moment. */
export interface UsageMeter {
  /** By a VMI's guest since it runs where it runs now: a domain's time begins anew where a migration ends. */
  guest(vmi: VirtualMachineInstance, pod: Pod): number;
  /** By a pod since it started. */
  pod(pod: Pod): number;
  /** By a node since it booted: by the pods that were seen on it, and the system. */
  node(node: Node): number;
}

interface GuestMeter {
  total: number;
  at: number;
  cores: number;
}

/**
 * Meters CPU time. Nothing is sampled: usage between two moments is known in closed form, and only what changes it (a
 * guest's annotation, a move) is watched. A node's time is the sum of its pods', so that both always agree; of a pod that
 * left between two readings, the node misses what it used after the first.
 */
export function usageMeter(cluster: Cluster): UsageMeter {
  const { clock, store } = cluster;
  const guests = new Map<string, GuestMeter>();
  const nodes = new Map<string, { total: number; pods: Map<string, number> }>();

  function guestMeter(vmi: VirtualMachineInstance, pod: Pod): GuestMeter {
    const uid = pod.metadata.uid ?? '';
    let meter = guests.get(uid);
    if (meter === undefined) {
      meter = { total: 0, at: since(cluster, vmi, pod), cores: cpuUsage(vmi) };
      guests.set(uid, meter);
    }
    return meter;
  }

  function advance(meter: GuestMeter, pod: Pod): void {
    const now = clock.now();
    if (now > meter.at) meter.total += meter.cores * wobbleBetween(pod.metadata.uid ?? '', meter.at, now);
    meter.at = Math.max(meter.at, now);
  }

  function guest(vmi: VirtualMachineInstance, pod: Pod): number {
    const meter = guestMeter(vmi, pod);
    advance(meter, pod);
    meter.cores = cpuUsage(vmi);
    return meter.total;
  }

  function pod(of: Pod): number {
    const now = clock.now();
    const from = Date.parse(of.status?.startTime ?? '') || now;
    const uid = of.metadata.uid ?? '';
    const shared = guestIn(cluster, of);
    if (shared === undefined) return otherCpu(requestsOf(of)) * wobbleBetween(uid, from, now);
    const own = LAUNCHER_CPU * (Math.max(0, now - from) / 1000);
    return own + (shared.current ? guest(shared.vmi, of) : (guests.get(uid)?.total ?? 0));
  }

  function node(of: Node): number {
    const { name, creationTimestamp } = of.metadata;
    let meter = nodes.get(name);
    if (meter === undefined) {
      meter = { total: 0, pods: new Map() };
      nodes.set(name, meter);
    }
    const seen = new Map<string, number>();
    for (const each of cluster.podsOn.get(name)) {
      if (isFinishedPod(each)) continue;
      const id = each.metadata.uid ?? '';
      const total = pod(each);
      meter.total += Math.max(0, total - (meter.pods.get(id) ?? 0));
      seen.set(id, total);
    }
    meter.pods = seen;
    const booted = Date.parse(creationTimestamp ?? '') || clock.now();
    return meter.total + SYSTEM_CPU * wobbleBetween(name, booted, clock.now());
  }

  store.subscribe(({ type, resource, object, previous }) => {
    if (guests.size === 0) return;
    if (resource === resources.vmis && previous !== undefined) {
      const before = previous as VirtualMachineInstance;
      const after = object as VirtualMachineInstance;
      const moved = before.status?.nodeName !== after.status?.nodeName;
      const at = cluster.podsOf
        .get(before.metadata.uid ?? '')
        .find((each) => each.spec?.nodeName === before.status?.nodeName && guests.has(each.metadata.uid ?? ''));
      const meter = guests.get(at?.metadata.uid ?? '');
      if (at === undefined || meter === undefined) return;
      advance(meter, at);
      meter.cores = moved || type === 'DELETED' ? 0 : cpuUsage(after);
    } else if (type === 'DELETED' && resource === resources.pods) {
      guests.delete(object.metadata.uid ?? '');
    }
  });
  return { guest, pod, node };
}

/** When the guest began to run in a pod, ms: with the pod, or when the migration that it was created for ended. */
function since(cluster: Cluster, vmi: VirtualMachineInstance, pod: Pod): number {
  const started = Date.parse(pod.status?.startTime ?? '') || cluster.clock.now();
  const state = vmi.status?.migrationState;
  const arrived = state?.completed === true && state.failed !== true && state.targetPod === pod.metadata.name;
  return arrived ? Math.max(started, Date.parse(state.endTimestamp ?? '') || started) : started;
}
