import { byName, compareText, groupBy, keyOf, perSnapshot } from './memo.ts';
import { type Migration, migrationsOf } from './migrations.ts';
import { storageOf } from './nodes.ts';
import type {
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiSpec,
} from './objects.ts';
import { isFinishedPod } from './pods.ts';
import { bytesOf, milliOf } from './quantity.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';

/** A volume of a VM, joined with its claim and storage class. */
export interface Volume {
  name: string;
  /** The field of the volume that names its source, e.g. `persistentVolumeClaim`, `containerDisk`. */
  source: string;
  /** The claim behind it: a PVC's, a DataVolume's (same name) or an ephemeral volume's backing. */
  claimName?: string;
  /** Undefined where there is no such claim, or the claims are not known. */
  claim?: PersistentVolumeClaim;
  storageClass?: StorageClass;
  storageClassName?: string;
  /** Of the claim, or else as virt-handler has seen them (VMI .status.volumeStatus). */
  accessModes?: string[];
  volumeMode?: string;
  /** The volume is being migrated itself (.status.migratedVolumes): KubeVirt then does not ask whether it is shared. */
  migrating: boolean;
  /** Of a host disk: the field `shared`. */
  sharedHostDisk?: boolean;
}

/** A VirtualMachine with or without its VirtualMachineInstance, or a VirtualMachineInstance on its own. */
export interface Vm {
  namespace: string;
  name: string;
  vm?: VirtualMachine;
  vmi?: VirtualMachineInstance;
  /** There is a VMI and it has not ended. */
  running: boolean;
  /** Phase of the VMI. */
  phase?: string;
  /** The node the VMI is on. */
  node?: string;
  /** The VMI's spec, or what the VM would start with. */
  spec: VmiSpec;
  volumes: Volume[];
  /** Guest memory; undefined where only an instance type tells it. */
  memoryBytes?: number;
  vcpus?: number;
  /** The virt-launcher pods that have not ended: one, or two during a migration. */
  launchers: Pod[];
  /** The one on the VMI's node. */
  launcher?: Pod;
  /** Migrations that are not final; KubeVirt allows one. */
  unfinished: Migration[];
  /** Final migrations that KubeVirt still keeps, oldest first. */
  finished: VirtualMachineInstanceMigration[];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** A condition of the VMI, or undefined if it has not been set. */
export function conditionOf(vm: Vm, type: string): Condition | undefined {
  return vm.vmi?.status?.conditions?.find((condition) => condition.type === type);
}

/** All VMs of the namespaces the Snapshot is about, in order of namespace and name. */
export const vmsOf = perSnapshot((snapshot: Snapshot): Vm[] => {
  const wanted = snapshot.namespaces.length === 0 ? undefined : new Set(snapshot.namespaces);
  const inScope = (object: { metadata: { namespace?: string } }): boolean =>
    wanted === undefined || wanted.has(object.metadata.namespace ?? '');
  const vms = byName(itemsOf(snapshot.lists.virtualMachines).filter(inScope));
  const vmis = byName(itemsOf(snapshot.lists.virtualMachineInstances).filter(inScope));
  const { byVmi, finishedByVmi } = migrationsOf(snapshot);
  const launchers = groupBy(itemsOf(snapshot.lists.pods), (pod) =>
    pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher' && !isFinishedPod(pod)
      ? pod.metadata.labels['kubevirt.io/created-by']
      : undefined,
  );
  const all: Vm[] = [];
  for (const key of new Set([...vms.keys(), ...vmis.keys()])) {
    const vmi = vmis.get(key);
    const own = vmi?.metadata.uid === undefined ? undefined : launchers.get(vmi.metadata.uid);
    all.push(join(snapshot, vms.get(key), vmi, own ?? [], byVmi.get(key) ?? [], finishedByVmi.get(key) ?? []));
  }
  return all.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
});

/** The VMs by `namespace/name`. */
export const vmsByName = perSnapshot(
  (snapshot: Snapshot): Map<string, Vm> => new Map(vmsOf(snapshot).map((vm) => [keyOf(vm.namespace, vm.name), vm])),
);

function join(
  snapshot: Snapshot,
  vm: VirtualMachine | undefined,
  vmi: VirtualMachineInstance | undefined,
  launchers: Pod[],
  unfinished: Migration[],
  finished: VirtualMachineInstanceMigration[],
): Vm {
  const { namespace = '', name } = (vm ?? vmi)?.metadata ?? { name: '' };
  const phase = vmi?.status?.phase;
  const running = vmi !== undefined && phase !== 'Succeeded' && phase !== 'Failed';
  const spec: VmiSpec = (running ? vmi.spec : vm?.spec.template.spec) ?? vmi?.spec ?? { domain: { devices: {} } };
  const node = running ? vmi.status?.nodeName || undefined : undefined;
  const launcher = node === undefined ? undefined : launchers.find((pod) => pod.spec?.nodeName === node);
  const memoryBytes = memoryOf(spec, running ? vmi : undefined);
  const vcpus = vcpusOf(spec, running ? vmi : undefined);
  return {
    namespace,
    name,
    ...(vm !== undefined && { vm }),
    ...(vmi !== undefined && { vmi }),
    running,
    ...(phase !== undefined && { phase }),
    ...(node !== undefined && { node }),
    spec,
    volumes: volumesOf(snapshot, namespace, spec, running ? vmi : undefined),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(vcpus !== undefined && { vcpus }),
    launchers,
    ...(launcher !== undefined && { launcher }),
    unfinished,
    finished,
  };
}

function volumesOf(
  snapshot: Snapshot,
  namespace: string,
  spec: VmiSpec,
  vmi: VirtualMachineInstance | undefined,
): Volume[] {
  const { claims, classes } = storageOf(snapshot);
  const status = vmi?.status;
  return (spec.volumes ?? []).map((volume): Volume => {
    const source = Object.keys(volume).find((field) => field !== 'name') ?? 'unknown';
    const claimName =
      volume.persistentVolumeClaim?.claimName ??
      volume.dataVolume?.name ??
      volume.ephemeral?.persistentVolumeClaim?.claimName;
    const migrating = (status?.migratedVolumes ?? []).some((migrated) => migrated.volumeName === volume.name);
    if (claimName === undefined) {
      const sharedHostDisk = volume.hostDisk === undefined ? undefined : volume.hostDisk.shared === true;
      return { name: volume.name, source, migrating, ...(sharedHostDisk !== undefined && { sharedHostDisk }) };
    }
    const claim = claims.get(keyOf(namespace, claimName));
    const seen = status?.volumeStatus?.find((entry) => entry.name === volume.name)?.persistentVolumeClaimInfo;
    const accessModes: string[] | undefined = claim?.spec?.accessModes ?? seen?.accessModes;
    const volumeMode = claim?.spec?.volumeMode ?? seen?.volumeMode;
    const storageClassName = claim?.spec?.storageClassName;
    const storageClass = storageClassName === undefined ? undefined : classes.get(storageClassName);
    return {
      name: volume.name,
      source,
      claimName,
      migrating,
      ...(claim !== undefined && { claim }),
      ...(storageClass !== undefined && { storageClass }),
      ...(storageClassName !== undefined && { storageClassName }),
      ...(accessModes !== undefined && { accessModes }),
      ...(volumeMode !== undefined && { volumeMode }),
    };
  });
}

// Guest memory is what memory hotplug last reached, else the spec's; requests stand in where no guest memory is set.
function memoryOf(spec: VmiSpec, vmi: VirtualMachineInstance | undefined): number | undefined {
  const text =
    vmi?.status?.memory?.guestCurrent ??
    spec.domain.memory?.guest ??
    spec.domain.resources?.requests?.['memory'] ??
    spec.domain.resources?.limits?.['memory'];
  return text === undefined ? undefined : bytesOf(text);
}

// hardware.GetNumberOfVCPUs of KubeVirt: the topology, or else the CPU limit or request in whole cores; at least one.
function vcpusOf(spec: VmiSpec, vmi: VirtualMachineInstance | undefined): number | undefined {
  const topology = vmi?.status?.currentCPUTopology ?? spec.domain.cpu;
  if (topology !== undefined && (topology.cores ?? topology.sockets ?? topology.threads) !== undefined) {
    return (topology.cores || 1) * (topology.sockets || 1) * (topology.threads || 1);
  }
  const { requests, limits } = spec.domain.resources ?? {};
  const text = limits?.['cpu'] ?? requests?.['cpu'];
  if (text !== undefined) return Math.max(1, Math.ceil(milliOf(text) / 1000));
  return vmi === undefined && spec.domain.memory === undefined ? undefined : 1;
}
