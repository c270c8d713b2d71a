import type { VmiSpec } from '../../model/objects.ts';
import { bytesOf, formatQuantity, milliOf, quantityOf } from '../../model/quantity.ts';
import type { KubeVirtVersion, LauncherOverhead } from '../../model/versions/index.ts';

const MiB = 2 ** 20;

/** sockets x cores x threads; each counts as 1 if it is not given. */
export function vcpusOf(spec: VmiSpec): number {
  const cpu = spec.domain.cpu;
  return (cpu?.sockets || 1) * (cpu?.cores || 1) * (cpu?.threads || 1);
}

/** RAM of the guest in bytes: memory.guest, else requests.memory, else limits.memory. */
export function guestMemoryOf(spec: VmiSpec): number {
  const requests = spec.domain.resources?.requests;
  const limits = spec.domain.resources?.limits;
  const memory = spec.domain.memory?.guest ?? requests?.['memory'] ?? limits?.['memory'];
  return memory === undefined ? 0 : bytesOf(memory);
}

/** Devices that QEMU maps with VFIO: host devices, GPUs, SR-IOV interfaces. */
function usesVfio(spec: VmiSpec): boolean {
  const devices = spec.domain.devices;
  return (
    (devices.hostDevices ?? []).length > 0 ||
    (devices.gpus ?? []).length > 0 ||
    (devices.interfaces ?? []).some((network) => network.sriov !== undefined)
  );
}

/** SEV in any flavour; SEV-SNP came with v1.7 (KubeVirt util.IsSEVVMI). */
function usesSev({ domain: { launchSecurity } }: VmiSpec): boolean {
  return launchSecurity?.sev !== undefined || launchSecurity?.snp !== undefined;
}

/** Memory a launcher needs besides the guest's, in bytes (facts/kubevirt.md F3; KubeVirt renderresources.go GetMemoryOverhead). */
export function memoryOverhead(spec: VmiSpec, version: KubeVirtVersion, ratio = 1): number {
  const terms: LauncherOverhead = version.overhead;
  const { domain } = spec;
  // Page tables: 1/512 of what is requested. Until v1.5 that is there always, since the mutator stores it.
  const requested = domain.resources?.requests?.['memory'];
  let bytes = requested === undefined ? 0 : Math.floor((Math.ceil(bytesOf(requested) / 1000) * 1000) / 512);
  bytes += terms.monitor + terms.launcher + terms.virtlogd + terms.virtqemud + terms.qemu;
  bytes += vcpusOf(spec) * terms.perVcpu + terms.ioThread;
  if (domain.devices.autoattachGraphicsDevice !== false) bytes += terms.graphics;
  if (spec.architecture === 'arm64') bytes += 128 * MiB;
  if (usesVfio(spec)) bytes += terms.vfio;
  if (usesSev(spec)) bytes += terms.sev;
  if (domain.devices.tpm !== undefined && domain.devices.tpm.enabled !== false) bytes += terms.tpm;
  if (domain.cpu?.dedicatedCpuPlacement === true) bytes += terms.dedicatedCpu;
  return Math.ceil(bytes * ratio);
}

/** `%g` cores, or `%gm` below one (facts/kubevirt.md F3). */
export function cpuText(milli: number): string {
  return milli < 1000 ? `${milli}m` : `${milli / 1000}`;
}

function memoryText(bytes: number): string {
  return formatQuantity(quantityOf(Math.ceil(bytes)));
}

export interface LauncherResources {
  requests: Record<string, string>;
  limits: Record<string, string>;
}

/**
 * Requests and limits of the launcher's compute container (facts/kubevirt.md F3). `networkResources`: what the networks'
 * definitions name, one entry a network.
 */
export function launcherResources(
  spec: VmiSpec,
  version: KubeVirtVersion,
  settings: { cpuAllocationRatio: number; memoryOvercommit: number; overheadRatio: number },
  networkResources: string[] = [],
): LauncherResources {
  const { domain } = spec;
  const given = {
    requests: domain.resources?.requests,
    limits: domain.resources?.limits,
  };
  const overhead = memoryOverhead(spec, version, settings.overheadRatio);
  const requests: Record<string, string> = { 'ephemeral-storage': '50M' };
  const limits: Record<string, string> = {};

  const vcpus = vcpusOf(spec);
  const dedicated = domain.cpu?.dedicatedCpuPlacement === true;
  if (dedicated) {
    const cores = vcpus + (domain.cpu?.isolateEmulatorThread === true ? 1 : 0);
    requests['cpu'] = limits['cpu'] = String(cores);
  } else {
    const own = given.requests?.['cpu'];
    requests['cpu'] =
      own === undefined ? cpuText(Math.ceil((vcpus * 1000) / settings.cpuAllocationRatio)) : cpuText(milliOf(own));
    if (given.limits?.['cpu'] !== undefined) limits['cpu'] = given.limits['cpu'];
  }

  const asked = given.requests?.['memory'] ?? given.limits?.['memory'];
  const memory = asked === undefined ? (guestMemoryOf(spec) * 100) / settings.memoryOvercommit : bytesOf(asked);
  const carried = domain.resources?.overcommitGuestOverhead === true ? 0 : overhead;
  const pageSize = domain.memory?.hugepages?.pageSize;
  if (pageSize === undefined) {
    requests['memory'] = memoryText(memory + carried);
    if (given.limits?.['memory'] !== undefined)
      limits['memory'] = memoryText(bytesOf(given.limits['memory']) + carried);
    else if (dedicated) limits['memory'] = requests['memory'];
  } else {
    // What is requested beyond the guest's memory stays ordinary memory.
    const huge = Math.min(memory, guestMemoryOf(spec));
    requests[`hugepages-${pageSize}`] = limits[`hugepages-${pageSize}`] = memoryText(huge);
    requests['memory'] = memoryText(memory - huge + carried);
    if (dedicated) limits['memory'] = requests['memory'];
  }

  const devices: Record<string, string> = { 'devices.kubevirt.io/kvm': '1' };
  if ((domain.devices.interfaces ?? []).length > 0) {
    devices['devices.kubevirt.io/tun'] = '1';
    devices['devices.kubevirt.io/vhost-net'] = '1';
  }
  if (usesSev(spec)) devices['devices.kubevirt.io/sev'] = '1';
  // WithTDX came with v1.9; before, only the node's label counts.
  if (domain.launchSecurity?.tdx !== undefined && version.minor >= 9) devices['devices.kubevirt.io/tdx'] = '1';
  const held = [...(domain.devices.hostDevices ?? []), ...(domain.devices.gpus ?? [])];
  for (const name of [...networkResources, ...held.map(({ deviceName }) => deviceName ?? '')]) {
    devices[name] = String(Number(devices[name] ?? '0') + 1);
  }
  Object.assign(requests, devices);
  Object.assign(limits, devices);
  return { requests, limits };
}
