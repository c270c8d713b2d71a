import type { VirtualMachine, VirtualMachineInstance, VmiSpec } from '../../model/objects.ts';
import { bytesOf, formatQuantity, milliOf, quantityOf } from '../../model/quantity.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { conditionOf, isTrue, put, without } from './conditions.ts';
import { kubeVirtOf, resourceSettings } from './config.ts';
import { cpuText, vcpusOf } from './launcher-resources.ts';
import { type Change, NotNow } from './live-update-outcome.ts';
import { isMigrating } from './printable-status.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** KubeVirt 1.3 to 1.9: DefaultMaxHotplugRatio, and the most virtual CPUs it lets a ratio lead to. */
const HOTPLUG_RATIO = 4;
const MAX_VCPUS = 512;

/** How far CPU and memory may grow while it runs, which the VMI's mutator fills in with LiveUpdate (defaults.go setupHotplug); changes `spec`. */
export function applyHotplugLimits(cluster: Cluster, spec: VmiSpec): void {
  const limits = kubeVirtOf(cluster)?.spec?.configuration?.liveUpdateConfiguration;
  const ratio = limits?.maxHotplugRatio ?? HOTPLUG_RATIO;
  const { cpu, memory } = spec.domain;
  const sockets = cpu?.sockets ?? 0;
  if (cpu !== undefined && (cpu.maxSockets ?? 0) === 0 && sockets > 0) {
    const each = (cpu.cores ?? 1) * (cpu.threads ?? 1);
    const most = sockets * ratio * each > MAX_VCPUS ? Math.floor(MAX_VCPUS / each) : sockets * ratio;
    cpu.maxSockets = Math.max(limits?.maxCpuSockets ?? most, sockets);
  }
  if (memory?.guest === undefined || memory.maxGuest !== undefined) return;
  const maxGuest = limits?.maxGuest ?? formatQuantity(quantityOf(bytesOf(memory.guest) * ratio));
  if (memoryObstacle(spec, maxGuest) === undefined) memory.maxGuest = maxGuest;
}

/** Why a guest's memory can't be hot-plugged (pkg/liveupdate/memory ValidateLiveUpdateMemory). */
function memoryObstacle(spec: VmiSpec, maxGuest: string): string | undefined {
  const { cpu, memory, launchSecurity } = spec.domain;
  if (cpu?.realtime !== undefined) return 'Memory hotplug is not compatible with realtime VMs';
  if (cpu?.numa?.guestMappingPassthrough !== undefined) {
    return 'Memory hotplug is not compatible with guest mapping passthrough';
  }
  if (launchSecurity !== undefined) return 'Memory hotplug is not compatible with encrypted VMs';
  if (memory?.guest === undefined) return 'Guest memory must be configured when memory hotplug is enabled';
  const [alignment, text] = memory.hugepages?.pageSize === '1Gi' ? [GiB, '1Gi'] : [2 * MiB, '2Mi'];
  const guest = bytesOf(memory.guest);
  const max = bytesOf(maxGuest);
  if (guest > max) return 'Guest memory is greater than the configured maxGuest memory';
  if (guest % alignment !== 0) return `Guest memory must be ${text} aligned`;
  if (max % alignment !== 0) return `MaxGuest must be ${text} aligned`;
  if (spec.architecture !== undefined && spec.architecture !== 'amd64' && spec.architecture !== 'arm64') {
    return 'Memory hotplug is only available for x86_64 and arm64 VMs';
  }
  if (guest < GiB) return 'Memory hotplug is only available for VMs with at least 1Gi of guest memory';
  return undefined;
}

/** CPU hotplug: the VMI gets the sockets, a migration makes them real (vm.go handleCPUChangeRequest). */
export function changeSockets(cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance): Change {
  const wanted = vm.spec.template.spec?.domain.cpu?.sockets;
  const cpu = vmi.spec.domain.cpu;
  if (wanted === undefined || cpu === undefined || wanted === cpu.sockets) return {};
  if (isTrue(vmi.status?.conditions, 'HotVCPUChange')) throw new NotNow('another CPU hotplug is in progress');
  if (isMigrating(vmi, cluster.clock.now())) throw new NotNow('CPU hotplug is not allowed while VMI is migrating');
  if (wanted > (cpu.maxSockets ?? 0)) {
    return { restartRequired: "CPU sockets updated in template spec to a value higher than what's available" };
  }
  if (wanted < (cpu.sockets ?? 0)) return { restartRequired: 'Reduction of CPU socket count requires a restart' };
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    const before = vcpusOf(draft.spec);
    draft.spec.domain.cpu = { ...draft.spec.domain.cpu, sockets: wanted };
    const milli = (vcpusOf(draft.spec) - before) * Math.floor(1000 / resourceSettings(cluster).cpuAllocationRatio);
    for (const amounts of [draft.spec.domain.resources?.requests, draft.spec.domain.resources?.limits]) {
      if (amounts?.['cpu'] !== undefined) amounts['cpu'] = cpuText(milliOf(amounts['cpu']) + milli);
    }
  });
  return {};
}

/** Memory hotplug, likewise (vm.go handleMemoryHotplugRequest). */
export function changeMemory(cluster: Cluster, vm: VirtualMachine, vmi: VirtualMachineInstance): Change {
  const template = vm.spec.template.spec;
  const wanted = template?.domain.memory?.guest;
  const { guest, maxGuest } = vmi.spec.domain.memory ?? {};
  const memory = vmi.status?.memory;
  if (template === undefined || wanted === undefined || guest === undefined || memory?.guestCurrent === undefined) {
    return {};
  }
  const restart = (why: string): Change => ({ restartRequired: `memory updated in template spec${why}` });
  const change = conditionOf(vmi.status?.conditions, 'HotMemoryChange');
  if (change?.status === 'False') {
    return restart('. Memory-hotplug failed and is not available for this VM configuration');
  }
  if (bytesOf(wanted) === bytesOf(guest)) return {};
  if (!isTrue(vmi.status?.conditions, 'LiveMigratable')) {
    return restart('. Memory-hotplug is only available for migratable VMs');
  }
  if (maxGuest === undefined) return restart('. Memory-hotplug is not available for this VM configuration');
  if (change?.status === 'True') throw new NotNow('another memory hotplug is in progress');
  if (isMigrating(vmi, cluster.clock.now())) throw new NotNow('memory hotplug is not allowed while VMI is migrating');
  const obstacle = memoryObstacle(template, maxGuest);
  if (obstacle !== undefined) return { restartRequired: `memory hotplug not supported, ${obstacle}` };
  if (bytesOf(wanted) < bytesOf(memory.guestAtBoot ?? '0')) {
    return restart(' to a value lower than what the VM started with');
  }
  const delta = bytesOf(wanted) - bytesOf(memory.guestCurrent);
  modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
    draft.spec.domain.memory = { ...draft.spec.domain.memory, guest: wanted };
    for (const amounts of [draft.spec.domain.resources?.requests, draft.spec.domain.resources?.limits]) {
      if (amounts?.['memory'] === undefined) continue;
      amounts['memory'] = formatQuantity(quantityOf(Math.max(bytesOf(amounts['memory']) + delta, bytesOf(wanted))));
    }
  });
  return {};
}

/** virt-controller's VMI controller: says what of the spec the guest does not have yet (lifecycle.go requireCPUHotplug, requireMemoryHotplug); changes `draft`. */
export function markSizeChanges(cluster: Cluster, draft: VirtualMachineInstance): void {
  const { cpu, memory } = draft.spec.domain;
  const has = draft.status?.currentCPUTopology;
  const mark = (type: 'HotVCPUChange' | 'HotMemoryChange'): void => {
    if (conditionOf(draft.status?.conditions, type) !== undefined) return;
    const condition = { type, status: 'True', lastProbeTime: null, lastTransitionTime: now(cluster) };
    draft.status = { ...draft.status, conditions: put(draft.status?.conditions, condition) };
  };
  const count = (topology: { sockets?: number; cores?: number; threads?: number } | undefined): number =>
    (topology?.sockets || 1) * (topology?.cores || 1) * (topology?.threads || 1);
  if (has !== undefined && (cpu?.maxSockets ?? 0) > 0 && count(cpu) !== count(has)) mark('HotVCPUChange');
  const requested = draft.status?.memory?.guestRequested;
  if (memory?.guest !== undefined && memory.maxGuest !== undefined && requested !== undefined) {
    if (bytesOf(memory.guest) !== bytesOf(requested)) mark('HotMemoryChange');
  }
}

/** virt-handler of the target, at the end of a migration: the guest gets what it was promised (migration-target.go finalizeMigration); changes `draft`. */
export function completeSizeChanges(draft: VirtualMachineInstance): void {
  const { cpu, memory } = draft.spec.domain;
  const status = draft.status ?? {};
  if (conditionOf(status.conditions, 'HotVCPUChange') !== undefined) {
    const { sockets, cores, threads } = cpu ?? {};
    status.currentCPUTopology = {
      ...status.currentCPUTopology,
      ...(sockets === undefined ? {} : { sockets }),
      ...(cores === undefined ? {} : { cores }),
      ...(threads === undefined ? {} : { threads }),
    };
    status.conditions = without(status.conditions, 'HotVCPUChange');
  }
  if (conditionOf(status.conditions, 'HotMemoryChange') !== undefined && memory?.guest !== undefined) {
    status.memory = { ...status.memory, guestRequested: memory.guest, guestCurrent: memory.guest };
    status.conditions = without(status.conditions, 'HotMemoryChange');
  }
  draft.status = status;
}
