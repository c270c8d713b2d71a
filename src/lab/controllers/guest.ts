import type { VirtualMachineInstance } from '../../model/objects.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { GuestMemory } from '../hypervisor/hypervisor.ts';
import { guestMemoryOf, vcpusOf } from './launcher-resources.ts';

/**
 * What runs in a lab guest is declared by annotations on the VM's template, so that it can be changed with kubectl:
 *
 * - `lab.ferry.run/memory-zero`: RAM the guest has never written, e.g. `12Gi` (default: half of it);
 * - `lab.ferry.run/memory-writes`: what it keeps rewriting, as SIZE@RATE per second, comma-separated, e.g.
 *   `1Gi@200Mi,8Gi@10Mi` (default: a 64th of the RAM once in 8 s);
 * - `lab.ferry.run/cpu`: cores in use, e.g. `1.5` (default: a tenth of the vCPUs);
 * - `lab.ferry.run/guest-agent`: `false` if there is none.
 */
export const workloadAnnotations = {
  zero: 'lab.ferry.run/memory-zero',
  writes: 'lab.ferry.run/memory-writes',
  cpu: 'lab.ferry.run/cpu',
  agent: 'lab.ferry.run/guest-agent',
} as const;

const PAGE = 4096;

/** How a VMI's guest uses its memory. A malformed annotation counts as absent. */
export function guestMemory(vmi: VirtualMachineInstance): GuestMemory {
  // Memory that is being hot-plugged is not there before the migration that brings it ends.
  const current = vmi.status?.memory?.guestCurrent;
  const size = current === undefined ? guestMemoryOf(vmi.spec) : bytesOf(current);
  const annotations = vmi.metadata.annotations ?? {};
  const zero = amount(annotations[workloadAnnotations.zero]) ?? size / 2;
  const classes: GuestMemory['classes'] = [];
  let left = size;
  for (const part of (
    annotations[workloadAnnotations.writes] ?? `${Math.floor(size / 64)}@${Math.floor(size / 512)}`
  ).split(',')) {
    const [area, rate] = part.split('@').map(amount);
    if (area === undefined || rate === undefined || area < PAGE || rate <= 0) continue;
    const taken = Math.min(area, left);
    if (taken < PAGE) break;
    left -= taken;
    classes.push({ size: taken, writesPerSecond: rate / taken });
  }
  return { size, zero: Math.max(0, Math.min(zero, left)), classes };
}

/** Bytes dirtied within one second, as QEMU's page sampling sees them (kubevirt_vmi_dirty_rate_bytes_per_second). */
export function dirtyRate(guest: GuestMemory): number {
  return guest.classes.reduce((sum, { size, writesPerSecond }) => sum + size * (1 - Math.exp(-writesPerSecond)), 0);
}

/** Cores the guest keeps busy. */
export function cpuUsage(vmi: VirtualMachineInstance): number {
  const vcpus = vcpusOf(vmi.spec);
  const declared = Number(vmi.metadata.annotations?.[workloadAnnotations.cpu]);
  return Number.isFinite(declared) && declared >= 0 ? Math.min(declared, vcpus) : vcpus / 10;
}

export function hasGuestAgent(vmi: VirtualMachineInstance): boolean {
  return vmi.metadata.annotations?.[workloadAnnotations.agent] !== 'false';
}

function amount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return bytesOf(text.trim());
  } catch {
    return undefined;
  }
}
