import { perSnapshot } from './memo.ts';
import type { NetworkAttachmentDefinition, VmiSpec } from './objects.ts';
import { addAmounts, amountOf, amountsOf, type Resources } from './pods.ts';
import { bytesOf, milliOf } from './quantity.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { type KubeVirtVersion, knownVersion, versions } from './versions/index.ts';

const MiB = 2 ** 20;

/** What a cluster's configuration has to say about the resources of launcher pods. */
export interface LauncherSettings {
  version: KubeVirtVersion;
  cpuAllocationRatio: number;
  /** Percent: how much guest memory a requested unit of memory carries. */
  memoryOvercommit: number;
  /** additionalGuestMemoryOverheadRatio. */
  overheadRatio: number;
  useEmulation: boolean;
  /** Isolated emulator threads take two CPUs where that makes the number even. */
  evenParity: boolean;
  /** Whether the serial console is logged where a VM does not say. */
  logSerialConsole: boolean;
  /** Memory that network binding plugins ask for, by plugin. */
  bindings: Record<string, number>;
}

interface BindingPlugin {
  computeResourceOverhead?: { requests?: Record<string, string> };
}

/** The settings in force; of a KubeVirt whose version is not known, the newest. */
export const launcherSettingsOf = perSnapshot((snapshot: Snapshot): LauncherSettings => {
  const kubeVirt = itemsOf(snapshot.lists.kubeVirts)[0];
  const configuration = kubeVirt?.spec?.configuration;
  const developer = configuration?.developerConfiguration;
  const options = configuration?.virtualMachineOptions;
  const plugins = (configuration?.network?.binding ?? {}) as Record<string, BindingPlugin>;
  return {
    version: knownVersion(snapshot.versions.kubevirt)?.version ?? (versions.at(-1) as KubeVirtVersion),
    cpuAllocationRatio: developer?.cpuAllocationRatio ?? 10,
    memoryOvercommit: developer?.memoryOvercommit ?? 100,
    overheadRatio: Number(configuration?.additionalGuestMemoryOverheadRatio ?? '1') || 1,
    useEmulation: developer?.useEmulation === true,
    evenParity: 'alpha.kubevirt.io/EmulatorThreadCompleteToEvenParity' in (kubeVirt?.metadata.annotations ?? {}),
    logSerialConsole: options?.disableSerialConsoleLog === undefined,
    bindings: Object.fromEntries(
      Object.entries(plugins).map(([name, { computeResourceOverhead }]) => {
        const memory = computeResourceOverhead?.requests?.['memory'];
        return [name, memory === undefined ? 0 : bytesOf(memory)];
      }),
    ),
  };
});

/** The topology's product; a part that is not given counts as one (KubeVirt's hardware.GetNumberOfVCPUs; the webhook fills in ones). */
function topologyVcpus({ domain: { cpu } }: VmiSpec): number {
  return (cpu?.sockets || 1) * (cpu?.cores || 1) * (cpu?.threads || 1);
}

/** Threads of the supplemental I/O pool, which need CPU as well (v1.5+). */
function poolThreads({ domain }: VmiSpec, { minor }: KubeVirtVersion): number {
  if (minor < 5 || domain.ioThreadsPolicy !== 'supplementalPool') return 0;
  return domain.ioThreads?.supplementalPoolThreadCount ?? 0;
}

function isGuaranteed({ domain: { resources } }: VmiSpec): boolean {
  const { requests = {}, limits = {} } = resources ?? {};
  const same = (name: string): boolean => {
    const [asked, limit] = [requests[name], limits[name]];
    if (asked === undefined || limit === undefined) return false;
    const amount = amountOf(name, asked);
    return amount > 0 && amount === amountOf(name, limit);
  };
  return same('cpu') && same('memory');
}

/** What the guest's memory adds to the request; undefined where only an instance type tells it. */
function guestShare({ domain }: VmiSpec, { memoryOvercommit }: LauncherSettings): number | undefined {
  const { requests, limits } = domain.resources ?? {};
  const asked = requests?.['memory'] ?? limits?.['memory'];
  if (asked !== undefined) return bytesOf(asked);
  const guest = domain.memory?.guest;
  return guest === undefined ? undefined : Math.ceil((bytesOf(guest) * 100) / memoryOvercommit);
}

/**
 * Memory that a launcher's compute container asks for besides the guest's, in bytes (facts/kubevirt.md F3; KubeVirt's
 * GetMemoryOverhead in renderresources.go, since v1.8 in pkg/hypervisor/kvm).
 */
export function memoryOverhead(spec: VmiSpec, settings: LauncherSettings): number {
  const { version, overheadRatio } = settings;
  const { overhead: terms } = version;
  const { domain } = spec;
  const { devices } = domain;
  const interfaces = devices.interfaces ?? [];
  // Page tables are counted of the spec's request. Until v1.5 it is always there, for a webhook writes it.
  const stored = domain.resources?.requests?.['memory'];
  const requested =
    stored === undefined ? (version.storesMemoryRequest ? guestShare(spec, settings) : undefined) : bytesOf(stored);
  let bytes = requested === undefined ? 0 : Math.floor((Math.ceil(requested / 1000) * 1000) / 512);
  bytes += terms.monitor + terms.launcher + terms.virtlogd + terms.virtqemud + terms.qemu;
  bytes += topologyVcpus(spec) * terms.perVcpu + terms.ioThread;
  if (devices.autoattachGraphicsDevice !== false) bytes += terms.graphics;
  if (spec.architecture === 'arm64') bytes += 128 * MiB;
  const passthrough = [...(devices.hostDevices ?? []), ...(devices.gpus ?? [])].length > 0;
  if (passthrough || interfaces.some(({ sriov }) => sriov !== undefined)) bytes += terms.vfio;
  if (spec.volumes?.some(({ downwardMetrics }) => downwardMetrics !== undefined)) bytes += MiB;
  const probes = [spec.livenessProbe, spec.readinessProbe].filter((probe) => probe?.exec !== undefined).length;
  if (probes > 0) bytes += (100 + 10 * probes) * MiB;
  const security = domain.launchSecurity;
  if (security?.sev !== undefined || security?.snp !== undefined) bytes += terms.sev;
  if (devices.tpm !== undefined && devices.tpm.enabled !== false) bytes += terms.tpm;
  if (domain.cpu?.dedicatedCpuPlacement === true || isGuaranteed(spec)) bytes += terms.dedicatedCpu;
  const added = domain.memory?.reservedOverhead?.addedOverhead;
  if (added !== undefined) bytes += bytesOf(added);
  bytes = Math.ceil(bytes * overheadRatio);
  for (const each of interfaces) {
    const plugin = each.binding?.name;
    if (plugin !== undefined) bytes += settings.bindings[plugin] ?? 0;
    if ((each as { passtBinding?: object }).passtBinding !== undefined) bytes += 250 * MiB;
  }
  return bytes;
}

function cpuRequest(spec: VmiSpec, { version, cpuAllocationRatio, evenParity }: LauncherSettings): number {
  const { cpu, resources } = spec.domain;
  const vcpus = topologyVcpus(spec) + poolThreads(spec, version);
  if (cpu?.dedicatedCpuPlacement === true) {
    const emulator = cpu.isolateEmulatorThread === true ? (evenParity && vcpus % 2 === 0 ? 2 : 1) : 0;
    return (vcpus + emulator) * 1000;
  }
  const own = resources?.requests?.['cpu'];
  return own === undefined ? Math.ceil((vcpus * 1000) / cpuAllocationRatio) : milliOf(own);
}

/**
 * Requests of the compute container of a freshly rendered launcher, as the scheduler counts them: `cpu` in millicores,
 * the rest in whole units (facts/kubevirt.md F3). `networkResources`: what the VM's networks ask for (SR-IOV and other
 * device plugins). Without `memory` where only an instance type tells it.
 */
export function computeRequests(
  spec: VmiSpec,
  settings: LauncherSettings,
  networkResources: Resources = {},
): Resources {
  const { domain } = spec;
  const { devices } = domain;
  const requests: Resources = amountsOf(domain.resources?.requests);
  requests['cpu'] = cpuRequest(spec, settings);
  requests['ephemeral-storage'] = (requests['ephemeral-storage'] ?? 0) + 50_000_000;
  const share = guestShare(spec, settings);
  const overhead = memoryOverhead(spec, settings);
  const carried = domain.resources?.overcommitGuestOverhead === true ? 0 : overhead;
  const pageSize = domain.memory?.hugepages?.pageSize;
  if (pageSize === undefined) {
    if (share !== undefined) requests['memory'] = share + carried;
  } else {
    const guest = domain.memory?.guest === undefined ? share : bytesOf(domain.memory.guest);
    const huge = Math.min(guest ?? 0, share ?? 0);
    requests[`hugepages-${pageSize}`] = huge;
    requests['memory'] = (share ?? huge) - huge + carried;
  }
  addAmounts(requests, networkResources);
  const count = (name: string): void => {
    requests[name] = (requests[name] ?? 0) + 1;
  };
  const interfaces = devices.interfaces ?? [];
  if (!settings.useEmulation) count('devices.kubevirt.io/kvm');
  if (interfaces.length > 0 || devices.autoattachPodInterface !== false) count('devices.kubevirt.io/tun');
  const virtio = interfaces.some(({ model = '' }) => model === '' || model.startsWith('virtio'));
  if (virtio && !settings.useEmulation) count('devices.kubevirt.io/vhost-net');
  if (devices.autoattachVSOCK === true) count('devices.kubevirt.io/vhost-vsock');
  const security = domain.launchSecurity;
  if (security?.sev !== undefined || security?.snp !== undefined) count('devices.kubevirt.io/sev');
  // services/template.go, WithTDX: since v1.9; before, only the node's label counts.
  if (security?.tdx !== undefined && settings.version.minor >= 9) count('devices.kubevirt.io/tdx');
  for (const { deviceName = '' } of [...(devices.hostDevices ?? []), ...(devices.gpus ?? [])]) {
    if (deviceName !== '') count(deviceName);
  }
  return requests;
}

/** What a launcher's other containers ask for, by the spec alone: a log of the serial console, a container for each image. */
export function helperRequests({ domain, volumes }: VmiSpec, { logSerialConsole }: LauncherSettings): Resources {
  const dedicated = domain.cpu?.dedicatedCpuPlacement === true;
  const helpers: Resources = {};
  const { autoattachSerialConsole, logSerialConsole: own } = domain.devices;
  if (autoattachSerialConsole !== false && (own ?? logSerialConsole)) {
    addAmounts(helpers, dedicated ? { cpu: 15, memory: 60_000_000 } : { cpu: 5, memory: 35_000_000 });
  }
  for (const { containerDisk } of volumes ?? []) {
    if (containerDisk === undefined) continue;
    addAmounts(helpers, dedicated ? { cpu: 10, memory: 40_000_000 } : { cpu: 1, memory: 1_000_000 });
  }
  return helpers;
}

/** Resources that device plugins give to networks, one a network (annotation of the NetworkAttachmentDefinition). */
export function networkResourcesOf(
  { networks }: VmiSpec,
  attachmentOf: (name: string) => NetworkAttachmentDefinition | undefined,
): Resources {
  const found: Resources = {};
  for (const { multus } of networks ?? []) {
    if (multus === undefined) continue;
    const name = attachmentOf(multus.networkName)?.metadata.annotations?.['k8s.v1.cni.cncf.io/resourceName'];
    if (name !== undefined && name !== '') found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}
