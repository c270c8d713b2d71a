import type { Node, VirtualMachineInstance } from '../../model/objects.ts';
import type { KubeVirtVersion, LiveMigratableCheck } from '../../model/versions/index.ts';
import type { Condition } from './conditions.ts';

/** Why a VMI cannot be migrated, as virt-handler says it. */
interface Obstacle {
  reason: string;
  message: string;
}

const ALLOW_BRIDGE = 'kubevirt.io/allow-pod-bridge-network-live-migration';

interface Situation {
  vmi: VirtualMachineInstance;
  node: Node | undefined;
  version: KubeVirtVersion;
  /** Feature gate VGPULiveMigration (v1.9). */
  vgpuGate: boolean;
  /** Resource names of mediated devices: KubeVirt's permittedHostDevices.mediatedDevices. */
  mediatedDevices: ReadonlySet<string>;
  /** Network binding plugins that can migrate: KubeVirt's configuration.network.binding with `migration`. */
  migratableBindings: ReadonlySet<string>;
}

const checks: Record<LiveMigratableCheck, (situation: Situation) => Obstacle | undefined> = {
  'backend-storage': ({ vmi }) => {
    const name = `persistent-state-for-${vmi.metadata.name}`;
    const modes = vmi.status?.volumeStatus?.find((volume) => volume.name === name)?.persistentVolumeClaimInfo
      ?.accessModes;
    if (modes === undefined || modes.includes('ReadWriteMany')) return undefined;
    return { reason: 'DisksNotLiveMigratable', message: 'cannot migrate VMI: Backend storage PVC is not RWX' };
  },
  network: ({ vmi, version, migratableBindings }) => {
    const podNetwork = vmi.spec.networks?.find((network) => network.pod !== undefined);
    const interfaces = vmi.spec.domain.devices.interfaces ?? [];
    if (podNetwork === undefined || interfaces.length === 0) return undefined;
    const nic = interfaces.find(({ name }) => name === podNetwork.name);
    if (nic === undefined) {
      const message = version.texts.noPrimaryInterface?.replace('%s', podNetwork.name);
      return message === undefined ? undefined : { reason: 'InterfaceNotLiveMigratable', message };
    }
    if (nic.masquerade !== undefined) return undefined;
    // Passt is built in, and migrates, since v1.8.
    if ((nic as { passtBinding?: object }).passtBinding !== undefined && version.minor >= 8) return undefined;
    if (nic.bridge !== undefined && vmi.metadata.annotations?.[ALLOW_BRIDGE] !== undefined) return undefined;
    if (nic.binding !== undefined && migratableBindings.has(nic.binding.name)) return undefined;
    return { reason: 'InterfaceNotLiveMigratable', message: version.texts.podNetwork };
  },
  'cpu-model': ({ vmi, node }) => {
    if (vmi.spec.domain.cpu?.model !== 'host-model') return undefined;
    const known = Object.keys(node?.metadata.labels ?? {}).some((key) =>
      key.startsWith('host-model-cpu.node.kubevirt.io/'),
    );
    if (known) return undefined;
    return {
      reason: 'CPUModeLiveMigratable',
      message: `the node "${node?.metadata.name ?? ''}" does not allow migration with host-model`,
    };
  },
  virtiofs: ({ vmi }) =>
    (vmi.spec.domain.devices.filesystems ?? []).length > 0
      ? { reason: 'VirtIOFSNotLiveMigratable', message: 'VMI uses virtiofs' }
      : undefined,
  'host-devices': ({ vmi }) => {
    const { hostDevices, gpus } = vmi.spec.domain.devices;
    if ((hostDevices ?? []).length === 0 && (gpus ?? []).length === 0) return undefined;
    return { reason: 'HostDeviceNotLiveMigratable', message: 'VMI uses a PCI host devices' };
  },
  vgpu: (situation) => {
    const message = vgpuObstacle(situation);
    return message === undefined ? undefined : { reason: 'HostDeviceNotLiveMigratable', message };
  },
  // SEV-SNP is a kind of SEV to KubeVirt (util.IsSEVVMI since v1.7, which has it first).
  sev: ({ vmi: { spec } }) =>
    spec.domain.launchSecurity?.sev === undefined && spec.domain.launchSecurity?.snp === undefined
      ? undefined
      : { reason: 'SEVNotLiveMigratable', message: 'VMI uses SEV' },
  tdx: ({ vmi }) =>
    vmi.spec.domain.launchSecurity?.tdx === undefined
      ? undefined
      : { reason: 'TDXNotLiveMigratable', message: 'VMI uses TDX' },
  'secure-execution': ({ vmi }) =>
    vmi.spec.architecture === 's390x' && vmi.spec.domain.launchSecurity !== undefined
      ? { reason: 'SecureExecutionNotLiveMigratable', message: 'VMI uses Secure Execution' }
      : undefined,
  'persistent-reservation': ({ vmi, version }) =>
    (vmi.spec.domain.devices.disks ?? []).some((disk) => disk.lun?.reservation === true)
      ? { reason: 'PersistentReservationNotLiveMigratable', message: version.texts.persistentReservation }
      : undefined,
  'tsc-frequency': ({ vmi }) => {
    if (vmi.spec.domain.features?.hyperv?.reenlightenment === undefined) return undefined;
    if (vmi.status?.topologyHints?.tscFrequency !== undefined) return undefined;
    return {
      reason: 'NoTSCFrequencyNotLiveMigratable',
      message:
        'HyperV Reenlightenment VMIs cannot migrate when TSC Frequency is not exposed on the cluster: guest timers might be inconsistent',
    };
  },
  'hyperv-passthrough': ({ vmi }) =>
    vmi.spec.domain.features?.hypervPassthrough?.enabled === true
      ? { reason: 'HypervPassthroughNotLiveMigratable', message: 'VMI uses hyperv passthrough' }
      : undefined,
  disks: ({ vmi }) => diskObstacle(vmi),
};

/** v1.9: one vGPU of a permitted kind can migrate, behind a gate. */
function vgpuObstacle({ vmi, vgpuGate, mediatedDevices }: Situation): string | undefined {
  const { hostDevices = [], gpus = [] } = vmi.spec.domain.devices;
  if (hostDevices.length > 0) return 'VMI specifies non-migratable generic PCI host device';
  if (gpus.length > 1) return 'VMI specifies too many GPUs';
  const [gpu] = gpus;
  if (gpu === undefined) return undefined;
  if (!vgpuGate) return 'VMI specifies a GPU but feature gate VGPULiveMigration is not enabled';
  return mediatedDevices.has(gpu.deviceName ?? '') ? undefined : 'VMI specifies non-migratable GPU device';
}

function diskObstacle(vmi: VirtualMachineInstance): Obstacle | undefined {
  const reason = 'DisksNotLiveMigratable';
  const migrated = new Set((vmi.status?.migratedVolumes ?? []).map(({ volumeName }) => volumeName));
  for (const volume of vmi.spec.volumes ?? []) {
    const claim = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    if (volume.hostDisk !== undefined && volume.hostDisk.shared !== true) {
      return { reason, message: 'cannot migrate VMI with non-shared HostDisk' };
    }
    if (claim === undefined || migrated.has(volume.name)) continue;
    const modes = vmi.status?.volumeStatus?.find(({ name }) => name === volume.name)?.persistentVolumeClaimInfo
      ?.accessModes;
    const rule = 'live migration requires that all PVCs must be shared (using ReadWriteMany access mode)';
    if (modes === undefined) {
      return { reason, message: `cannot migrate VMI: Unable to determine if PVC ${claim} is shared, ${rule}` };
    }
    if (!modes.includes('ReadWriteMany')) {
      return { reason, message: `cannot migrate VMI: PVC ${claim} is not shared, ${rule}` };
    }
  }
  return undefined;
}

/** The conditions LiveMigratable (first obstacle, in the version's order) and, if the version has it, StorageLiveMigratable (all but the disks'; facts/kubevirt.md A4). */
export function migratableConditions(situation: Situation): Condition[] {
  const { version } = situation;
  const found = version.liveMigratableChecks.map((check) => ({ check, obstacle: checks[check](situation) }));
  const first = found.find(({ obstacle }) => obstacle !== undefined)?.obstacle;
  const base = { lastProbeTime: null, lastTransitionTime: null };
  const live =
    first === undefined
      ? { type: 'LiveMigratable', status: 'True', ...base }
      : { type: 'LiveMigratable', status: 'False', ...first, ...base };
  if (!version.storageLiveMigratable) return [live];
  const storage = storageObstacles(situation, found);
  return [
    live,
    storage.length === 0
      ? { type: 'StorageLiveMigratable', status: 'True', ...base }
      : {
          type: 'StorageLiveMigratable',
          status: 'False',
          reason: 'NotMigratable',
          message: storage.map(({ reason, message }) => `${reason}: ${message}`).join(', '),
          ...base,
        },
  ];
}

/** All obstacles but the disks'; persistent reservations count among them in every version. */
function storageObstacles(
  situation: Situation,
  found: { check: LiveMigratableCheck; obstacle: Obstacle | undefined }[],
): Obstacle[] {
  const storage = found.flatMap(({ check, obstacle }) =>
    check === 'disks' || obstacle === undefined ? [] : [obstacle],
  );
  const reserved = checks['persistent-reservation'](situation);
  const asked = situation.version.liveMigratableChecks.includes('persistent-reservation');
  return asked || reserved === undefined ? storage : [...storage, reserved];
}

/** BlockMigration if some volume is neither a claim nor a read-only CD-ROM nor virtiofs, or volumes are migrated (A3). */
export function migrationMethod(vmi: VirtualMachineInstance): 'BlockMigration' | 'LiveMigration' {
  if ((vmi.status?.migratedVolumes ?? []).length > 0) return 'BlockMigration';
  const { disks = [], filesystems = [] } = vmi.spec.domain.devices;
  const readOnlyCdroms = new Set(
    disks.filter((disk) => disk.cdrom !== undefined && disk.cdrom.readonly !== false).map(({ name }) => name),
  );
  const virtiofs = new Set(filesystems.map(({ name }) => name));
  const local = (vmi.spec.volumes ?? []).some(
    (volume) =>
      volume.persistentVolumeClaim === undefined &&
      volume.dataVolume === undefined &&
      !readOnlyCdroms.has(volume.name) &&
      !virtiofs.has(volume.name),
  );
  return local ? 'BlockMigration' : 'LiveMigration';
}
