import { perSnapshot } from './memo.ts';
import { nodesOf } from './nodes.ts';
import { type Resources, requestsOf } from './pods.ts';
import { milliOf } from './quantity.ts';
import type { LabelSelector, NodeSelectorTerm, Toleration } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { atLeast } from './version-order.ts';
import type { Vm } from './vm.ts';

/** A required rule about which other pods may be near. */
export interface PodTerm {
  topologyKey: string;
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
}

/** What the launcher pod on the target will ask of its node. */
export interface TargetPod {
  namespace: string;
  labels: Record<string, string>;
  /** Whatever way the VM is moved. */
  nodeSelector: Record<string, string>;
  /** Only of a live migration: the CPU the guest already runs on (facts/kubevirt.md C1, target pod construction). */
  cpuSelector: Record<string, string>;
  /** cpu.model is host-model, but the source node does not say which model that is: virt-controller can't make the pod. */
  hostModelUnknown: boolean;
  nodeTerms?: NodeSelectorTerm[];
  affinity: PodTerm[];
  antiAffinity: PodTerm[];
  tolerations: Toleration[];
  requests: Resources;
  /** The requests are the launcher pod's; otherwise they are the least the VM can need. */
  exact: boolean;
}

interface KubeVirtDefaults {
  nodeSelectors: Record<string, string>;
  cpuModel: string;
  cpuAllocationRatio: number;
  memoryOvercommit: number;
  vendorPinned: boolean;
}

const defaultsOf = perSnapshot((snapshot: Snapshot): KubeVirtDefaults => {
  const configuration = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration;
  const developer = configuration?.developerConfiguration;
  return {
    nodeSelectors: developer?.nodeSelectors ?? {},
    cpuModel: configuration?.cpuModel ?? 'host-model',
    cpuAllocationRatio: developer?.cpuAllocationRatio ?? 10,
    memoryOvercommit: developer?.memoryOvercommit ?? 100,
    // v1.8+ (facts/kubevirt.md C1, item 5).
    vendorPinned: atLeast(snapshot.versions.kubevirt, 1, 8) === true,
  };
});

// Keys that virt-controller puts on a launcher pod by itself. Others on an existing pod came from a VMI spec that may
// have changed since, or from the addedNodeSelector of an earlier migration, and are not carried over.
const computed = /^(kubernetes\.io\/arch|cpumanager|kubevirt\.io\/.+|[a-z0-9-]+\.node\.kubevirt\.io\/.+)$/;
const hostModelKey = /^(cpu-feature|cpu-model-migration|cpu-vendor)\.node\.kubevirt\.io\//;
const classes = new Map<string, 'computed' | 'host-model' | 'other'>();

function classOf(key: string): 'computed' | 'host-model' | 'other' {
  let found = classes.get(key);
  if (found === undefined) {
    found = hostModelKey.test(key) ? 'host-model' : computed.test(key) ? 'computed' : 'other';
    if (classes.size >= 10_000) classes.clear();
    classes.set(key, found);
  }
  return found;
}

const built = perSnapshot(() => new WeakMap<Vm, TargetPod>());

/** The pod that virt-controller would make for a migration (or, without cpuSelector, a start) of the VM elsewhere. */
export function targetPodOf(vm: Vm, snapshot: Snapshot): TargetPod {
  const pods = built(snapshot);
  let pod = pods.get(vm);
  if (pod === undefined) pods.set(vm, (pod = build(vm, snapshot)));
  return pod;
}

function build(vm: Vm, snapshot: Snapshot): TargetPod {
  const defaults = defaultsOf(snapshot);
  const { spec, launcher } = vm;
  const cpu = spec.domain.cpu;
  const hostModel = (cpu?.model || defaults.cpuModel) === 'host-model';
  const nodeSelector: Record<string, string> = { 'kubevirt.io/schedulable': 'true' };
  const cpuSelector: Record<string, string> = {};
  const asked = launcher?.spec?.nodeSelector;
  for (const key in asked) {
    const kind = classOf(key);
    if (kind === 'other') continue;
    (kind === 'host-model' && hostModel ? cpuSelector : nodeSelector)[key] = asked[key] ?? '';
  }
  if (asked === undefined) {
    if (spec.architecture !== undefined) nodeSelector['kubernetes.io/arch'] = spec.architecture;
    if (!hostModel && cpu?.model !== undefined && cpu.model !== 'host-passthrough') {
      nodeSelector[`cpu-model.node.kubevirt.io/${cpu.model}`] = 'true';
    }
  }
  for (const feature of cpu?.features ?? []) {
    const key = `cpu-feature.node.kubevirt.io/${feature.name}`;
    if (feature.policy === undefined || feature.policy === '' || feature.policy === 'require')
      nodeSelector[key] = 'true';
  }
  Object.assign(nodeSelector, defaults.nodeSelectors, spec.nodeSelector);
  let hostModelUnknown = false;
  const source = vm.node === undefined ? undefined : nodesOf(snapshot).get(vm.node);
  if (hostModel && source !== undefined && Object.keys(cpuSelector).length === 0) {
    hostModelUnknown = !addHostModel(source.labels, cpuSelector, defaults.vendorPinned);
  }
  const nodeTerms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return {
    namespace: vm.namespace,
    labels: launcher?.metadata.labels ?? vm.vmi?.metadata.labels ?? vm.vm?.spec.template.metadata?.labels ?? {},
    nodeSelector,
    cpuSelector,
    hostModelUnknown,
    ...(nodeTerms !== undefined && { nodeTerms }),
    affinity: spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    antiAffinity: spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    tolerations: spec.tolerations ?? [],
    requests: launcher === undefined ? leastRequests(vm, defaults) : requestsOf(launcher),
    exact: launcher !== undefined,
  };
}

const HOST_MODEL = 'host-model-cpu.node.kubevirt.io/';
const REQUIRED_FEATURE = 'host-model-required-features.node.kubevirt.io/';
const VENDOR = 'cpu-vendor.node.kubevirt.io/';

/** Adds what ties a host-model guest to the CPUs like its node's; false if the node does not tell its model. */
function addHostModel(labels: Record<string, string>, selector: Record<string, string>, vendor: boolean): boolean {
  let found = false;
  for (const key in labels) {
    if (key.startsWith(HOST_MODEL)) {
      selector[`cpu-model-migration.node.kubevirt.io/${key.slice(HOST_MODEL.length)}`] = 'true';
      found = true;
    } else if (key.startsWith(REQUIRED_FEATURE)) {
      selector[`cpu-feature.node.kubevirt.io/${key.slice(REQUIRED_FEATURE.length)}`] = 'true';
    } else if (vendor && key.startsWith(VENDOR)) {
      selector[key] = 'true';
    }
  }
  return found;
}

/** The least a launcher pod of the VM asks for: the guest's share without any overhead (facts/kubevirt.md F3). */
function leastRequests({ spec, memoryBytes, vcpus }: Vm, defaults: KubeVirtDefaults): Resources {
  const requests: Resources = { pods: 1 };
  const cpu = spec.domain.resources?.requests?.['cpu'];
  if (cpu !== undefined) requests['cpu'] = milliOf(cpu);
  else if (spec.domain.cpu?.dedicatedCpuPlacement === true) requests['cpu'] = (vcpus ?? 1) * 1000;
  else if (vcpus !== undefined) requests['cpu'] = Math.floor((vcpus * 1000) / defaults.cpuAllocationRatio);
  const pageSize = spec.domain.memory?.hugepages?.pageSize;
  if (memoryBytes !== undefined) {
    if (pageSize !== undefined) requests[`hugepages-${pageSize}`] = memoryBytes;
    else requests['memory'] = Math.floor((memoryBytes * 100) / defaults.memoryOvercommit);
  }
  for (const device of [...(spec.domain.devices.hostDevices ?? []), ...(spec.domain.devices.gpus ?? [])]) {
    const name = device.deviceName ?? '';
    if (name !== '') requests[name] = (requests[name] ?? 0) + 1;
  }
  return requests;
}
