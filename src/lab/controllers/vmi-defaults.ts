import type { VirtualMachine, VirtualMachineInstance } from '../../model/objects.ts';
import { bytesOf, formatQuantity, quantityOf } from '../../model/quantity.ts';
import { type Cluster, now } from '../cluster.ts';
import type { Random } from '../random.ts';
import { featureGateEnabled, kubeVirtOf, resourceSettings } from './config.ts';
import { isLiveUpdate } from './live-update.ts';
import { applyHotplugLimits } from './live-update-size.ts';

const CONTROLLER_FINALIZER = 'kubevirt.io/virtualMachineControllerFinalize';
/** How the guest's PCI slots are laid out, so that a restart keeps them. */
const PCI_TOPOLOGY = 'kubevirt.io/pci-topology-version';

/** Until v1.5 the request is not computed when the pod is rendered but stored (facts/kubevirt.md F3). */
function storeMemoryRequest({ spec: { domain } }: VirtualMachineInstance, overcommit: number): void {
  const requests = domain.resources?.requests;
  if (requests?.['memory'] !== undefined) return;
  const limit = domain.resources?.limits?.['memory'];
  const guest = domain.memory?.guest ?? domain.memory?.hugepages?.pageSize;
  const share = (memory: string): string =>
    formatQuantity(quantityOf(Math.floor((bytesOf(memory) * 100) / overcommit)));
  const memory = limit ?? (guest === undefined || overcommit === 100 ? guest : share(guest));
  if (memory !== undefined) domain.resources = { ...domain.resources, requests: { ...requests, memory } };
}

/** What virtualmachineinstances-mutator.kubevirt.io fills in when a VMI is created; changes `vmi`. */
export function applyVmiDefaults(cluster: Cluster, vmi: VirtualMachineInstance, random: Random): void {
  const { spec } = vmi;
  const cluster_ = kubeVirtOf(cluster)?.spec?.configuration;
  spec.architecture ??= 'amd64';
  spec.terminationGracePeriodSeconds ??= 30;
  const evictionStrategy = spec.evictionStrategy ?? cluster_?.evictionStrategy;
  if (evictionStrategy !== undefined) spec.evictionStrategy = evictionStrategy;
  const { domain } = spec;
  // Only a topology of which nothing is said is filled in (recordings, run1: a VM with one core has only that).
  const said = domain.cpu?.cores ?? domain.cpu?.sockets ?? domain.cpu?.threads;
  domain.cpu = said === undefined ? { ...domain.cpu, cores: 1, sockets: 1, threads: 1 } : { ...domain.cpu };
  const { sockets, cores, threads } = domain.cpu;
  domain.cpu.model ??= cluster_?.cpuModel ?? 'host-model';
  domain.machine ??= { type: cluster.version.node.machineType };
  domain.firmware ??= { uuid: random.uuid() };
  domain.resources ??= {};
  if (cluster.version.storesMemoryRequest) storeMemoryRequest(vmi, resourceSettings(cluster).memoryOvercommit);
  const interfaces = domain.devices.interfaces ?? [];
  if (
    interfaces.length === 0 &&
    (spec.networks ?? []).length === 0 &&
    domain.devices.autoattachPodInterface !== false
  ) {
    domain.devices.interfaces = [{ name: 'default', masquerade: {} }];
    spec.networks = [{ name: 'default', pod: {} }];
  }
  vmi.metadata.finalizers = [
    ...new Set([...(vmi.metadata.finalizers ?? []), CONTROLLER_FINALIZER, cluster.version.vmiFinalizer]),
  ];
  const { pciTopology } = cluster.version;
  if (pciTopology !== undefined)
    vmi.metadata.annotations = { ...vmi.metadata.annotations, [PCI_TOPOLOGY]: pciTopology };
  if (isLiveUpdate(cluster)) applyHotplugLimits(cluster, spec);
  const memory = domain.memory?.guest;
  vmi.status = {
    phase: 'Pending',
    phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: now(cluster) }],
    currentCPUTopology: {
      ...(sockets === undefined ? {} : { sockets }),
      ...(cores === undefined ? {} : { cores }),
      ...(threads === undefined ? {} : { threads }),
    },
    ...(memory === undefined ? {} : { memory: { guestAtBoot: memory, guestCurrent: memory, guestRequested: memory } }),
    runtimeUser: featureGateEnabled(cluster, 'Root') ? 0 : 107,
    ...vmi.status,
  };
}

/** On a VMI that waits to receive a guest from elsewhere (facts/kubevirt.md A7). */
export const MIGRATION_TARGET = 'kubevirt.io/create-migration-target';

/** The VMI that virt-controller makes from a VM's template. */
export function vmiOf(cluster: Cluster, vm: VirtualMachine, random: Random): VirtualMachineInstance {
  const template = structuredClone(vm.spec.template);
  const { name, namespace, uid } = vm.metadata;
  const templateMeta = template.metadata;
  const vmi: VirtualMachineInstance = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: {
      name,
      namespace,
      labels: { ...templateMeta?.labels },
      annotations: {
        ...templateMeta?.annotations,
        'kubevirt.io/latest-observed-api-version': 'v1',
        'kubevirt.io/storage-observed-api-version': 'v1',
        'kubevirt.io/vm-generation': String(vm.metadata.generation ?? 1),
        ...(vm.spec.runStrategy === 'WaitAsReceiver' ? { [MIGRATION_TARGET]: 'true' } : {}),
      },
      ownerReferences: [
        {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachine',
          name,
          uid: uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: template.spec as VirtualMachineInstance['spec'],
  };
  applyVmiDefaults(cluster, vmi, random);
  return vmi;
}
