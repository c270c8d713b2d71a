import type {
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../model/objects.ts';
import { seconds } from '../api/store.ts';
import { type Cluster } from '../cluster.ts';
import { profileOf } from '../controllers/cdi-profiles.ts';
import { conditionOf, put } from '../controllers/conditions.ts';
import { budgetOf, needsBudget } from '../controllers/disruption-budgets.ts';
import { workloadAnnotations } from '../controllers/guest.ts';
import { guestStatus } from '../controllers/guest-status.ts';
import { launcherPod } from '../controllers/launcher-pod.ts';
import { withCondition } from '../controllers/pod-status.ts';
import { PVC_PROTECTION, volumeFor } from '../controllers/pvc-binding.ts';
import { VM_FINALIZER, vmStatus } from '../controllers/virt-vm.ts';
import { vmiOf } from '../controllers/vmi-defaults.ts';
import { volumesOf } from '../controllers/volume-status.ts';
import type { Random } from '../random.ts';
import { resources } from '../resources.ts';
import type { BuiltNode } from './build-nodes.ts';
import type { PodPlacer } from './build-system.ts';
import type { Scenario, StorageKind, VmDescription } from './scenario.ts';

const DAY = 24 * 60 * 60 * 1000;

export function createStorageClass(cluster: Cluster, kind: StorageKind, born: string): void {
  const object: StorageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name: kind.name,
      creationTimestamp: born,
      annotations:
        kind.isDefault === true
          ? {
              'storageclass.kubernetes.io/is-default-class': 'true',
              'storageclass.kubevirt.io/is-default-virt-class': 'true',
            }
          : {},
    },
    provisioner: kind.provisioner,
    ...(kind.parameters === undefined ? {} : { parameters: kind.parameters }),
    reclaimPolicy: 'Delete',
    volumeBindingMode: kind.local === true ? 'WaitForFirstConsumer' : 'Immediate',
    allowVolumeExpansion: true,
  };
  cluster.store.create(resources.storageClasses, object);
  cluster.store.create(resources.storageProfiles, profileOf(object));
}

/** A VM of the scenario with its claims; one that has a node runs there, as if it had for days. */
export function createVm(
  cluster: Cluster,
  scenario: Scenario,
  description: VmDescription,
  nodes: Map<string, BuiltNode>,
  place: PodPlacer,
  random: Random,
): void {
  const { clock, store } = cluster;
  const born = clock.now() - description.ageDays * DAY - random.int(0, DAY);
  const created = seconds(born);
  createClaims(cluster, scenario, description, created, random);
  const vm = store.create(resources.vms, vmObject(cluster, description, created));
  const node = description.node === undefined ? undefined : nodes.get(description.node);
  if (node === undefined) {
    store.update(resources.vms, { ...vm, status: vmStatus(cluster, vm, undefined, 'Stopped') });
    return;
  }
  const phases = (['Pending', 'Scheduling', 'Scheduled', 'Running'] as const).map((phase, step) => ({
    phase,
    phaseTransitionTimestamp: seconds(born + step * 2000),
  }));
  const started = seconds(born + 6000);
  const vmi = vmiOf(cluster, vm, random);
  vmi.metadata.uid = random.uuid();
  vmi.metadata.creationTimestamp = created;
  const rendered = launcherPod(cluster, vmi);
  rendered.metadata.name = `${rendered.metadata.generateName ?? ''}${random.suffix()}`;
  rendered.metadata.creationTimestamp = created;
  rendered.status = {
    ...rendered.status,
    conditions: [
      {
        type: 'kubevirt.io/virtual-machine-unpaused',
        status: 'True',
        reason: 'NotPaused',
        message: 'the virtual machine is not paused',
        lastTransitionTime: started,
      },
    ],
  };
  const pod = openGate(place, rendered, node, started);
  vmi.metadata.labels = { ...vmi.metadata.labels, 'kubevirt.io/nodeName': node.name };
  vmi.metadata.generation = 8;
  vmi.status = {
    ...vmi.status,
    phase: 'Running',
    phaseTransitionTimestamps: phases,
    nodeName: node.name,
    activePods: { [pod.metadata.uid ?? '']: node.name },
    qosClass: (pod.status?.qosClass ?? 'Burstable') as never,
    launcherContainerImageVersion: pod.spec?.containers[0]?.image ?? '',
    volumeStatus: volumesOf(cluster, vmi),
    conditions: put([], { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: started }) as never,
  };
  vmi.status = { ...vmi.status, ...guestStatus(cluster, vmi, pod) };
  const agent = conditionOf(vmi.status.conditions, 'AgentConnected');
  if (agent !== undefined) agent.lastProbeTime = started;
  const stored = store.create<VirtualMachineInstance>(resources.vmis, vmi);
  if (cluster.version.disruptionBudgets && needsBudget(cluster, stored)) {
    const budget = budgetOf(stored);
    budget.metadata.name = `${budget.metadata.generateName ?? ''}${random.suffix()}`;
    budget.metadata.creationTimestamp = created;
    store.create(resources.disruptionBudgets, budget);
  }
  store.update(resources.vms, { ...vm, status: vmStatus(cluster, vm, stored, 'Running') });
}

/** Runs a launcher whose readiness gate is open already, so that it is Ready. */
function openGate(place: PodPlacer, pod: Pod, node: BuiltNode, started: string): Pod {
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: started };
  return place.run(pod, node, started, (status) => ({
    ...status,
    conditions: withCondition(
      (status.conditions ?? []).filter(({ type }) => type !== 'Ready'),
      ready,
    ),
  }));
}

function vmObject({ version }: Cluster, description: VmDescription, created: string): VirtualMachine {
  const { name, namespace, workload } = description;
  const annotations: Record<string, string> = { 'vm.kubevirt.io/os': description.os ?? 'rhel9' };
  if (workload?.zero !== undefined) annotations[workloadAnnotations.zero] = workload.zero;
  if (workload?.writes !== undefined) annotations[workloadAnnotations.writes] = workload.writes;
  if (workload?.cpu !== undefined) annotations[workloadAnnotations.cpu] = String(workload.cpu);
  if (workload?.agent === false) annotations[workloadAnnotations.agent] = 'false';
  const disks = description.disks.map((disk) => ({ name: disk.name, disk: { bus: 'virtio' } }));
  const volumes = description.disks.map((disk) => ({
    name: disk.name,
    persistentVolumeClaim: { claimName: claimName(name, disk.name) },
  }));
  const cloudInit = description.cloudInit === true;
  const spec = {
    architecture: 'amd64',
    domain: {
      cpu: {
        cores: description.cores,
        sockets: 1,
        threads: 1,
        ...(description.dedicatedCpu === true ? { dedicatedCpuPlacement: true } : {}),
      },
      devices: {
        disks: cloudInit ? [...disks, { name: 'cloudinitdisk', disk: { bus: 'virtio' } }] : disks,
        interfaces: [{ name: 'default', masquerade: {}, model: 'virtio' }],
        ...(description.hostDevices === undefined
          ? {}
          : {
              hostDevices: description.hostDevices.map((deviceName, index) => ({
                name: `hostdevice${index}`,
                deviceName,
              })),
            }),
      },
      machine: { type: version.node.machineType },
      memory: {
        guest: description.memory,
        ...(description.hugepages === undefined ? {} : { hugepages: { pageSize: description.hugepages } }),
      },
    },
    ...(description.evictionStrategy === undefined ? {} : { evictionStrategy: description.evictionStrategy }),
    networks: [{ name: 'default', pod: {} }],
    ...(description.nodeSelector === undefined ? {} : { nodeSelector: description.nodeSelector }),
    terminationGracePeriodSeconds: 180,
    volumes: cloudInit
      ? [...volumes, { name: 'cloudinitdisk', cloudInitNoCloud: { userData: '#cloud-config\n' } }]
      : volumes,
  };
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: {
      name,
      namespace,
      creationTimestamp: created,
      labels: { app: name, ...description.labels },
      finalizers: [VM_FINALIZER],
    },
    spec: {
      runStrategy: description.node === undefined ? 'Halted' : 'Always',
      template: {
        metadata: { labels: { ...description.labels, 'vm.kubevirt.io/name': name }, annotations },
        spec: spec,
      },
    },
  };
}

function claimName(vm: string, disk: string): string {
  return `${vm}-${disk}`;
}

function createClaims(
  cluster: Cluster,
  scenario: Scenario,
  description: VmDescription,
  created: string,
  random: Random,
): void {
  for (const disk of description.disks) {
    const kind = scenario.storage.find(({ name }) => name === disk.storage);
    if (kind === undefined)
      throw new Error(`scenario ${scenario.name}: VM ${description.name} uses unknown storage ${disk.storage}`);
    const uid = random.uuid();
    const volumeName = `pvc-${uid}`;
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimName(description.name, disk.name),
        namespace: description.namespace,
        uid,
        creationTimestamp: created,
        finalizers: [PVC_PROTECTION],
      },
      spec: {
        accessModes: kind.accessModes,
        resources: { requests: { storage: disk.size } },
        storageClassName: kind.name,
        volumeMode: kind.volumeMode,
        volumeName,
      },
      status: { phase: 'Bound', accessModes: kind.accessModes, capacity: { storage: disk.size } },
    };
    const stored = cluster.store.create(resources.claims, claim);
    if (scenario.volumes === 'local' && kind.local !== true) continue;
    const pinned = kind.local === true ? description.node : undefined;
    const volume = volumeFor(stored, kind, volumeName, pinned);
    volume.metadata.creationTimestamp = created;
    cluster.store.create(resources.volumes, volume);
  }
}
