import { perSnapshot } from './memo.ts';
import { nodesOf } from './nodes.ts';
import { type Resources, requestsOf } from './pods.ts';
import { milliOf } from './quantity.ts';
import { type LabelSelector, type NodeSelectorTerm, selectorText, type Toleration } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { knownVersion, pinsCpuVendor } from './versions/index.ts';
import type { Vm } from './vm.ts';

/** A required rule about which other pods may be near. */
export interface PodTerm {
  topologyKey: string;
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
}

/** What the launcher pod on the target will ask of its node, but for room and for other pods. */
export interface Constraints {
  /** The same for equal constraints. */
  key: string;
  /** Whatever way the VM is moved. */
  nodeSelector: Record<string, string>;
  /** Only of a live migration: the CPU the guest already runs on (facts/kubevirt.md C1, target pod construction). */
  cpuSelector: Record<string, string>;
  /** cpu.model is host-model, but the source node does not say which model that is: virt-controller can't make the pod. */
  hostModelUnknown: boolean;
  nodeTerms?: NodeSelectorTerm[];
  tolerations: Toleration[];
}

/** What the launcher pod on the target will ask of its node. */
export interface TargetPod extends Constraints {
  namespace: string;
  labels: Record<string, string>;
  affinity: PodTerm[];
  antiAffinity: PodTerm[];
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
  const known = knownVersion(snapshot.versions.kubevirt);
  return {
    nodeSelectors: developer?.nodeSelectors ?? {},
    cpuModel: configuration?.cpuModel ?? 'host-model',
    cpuAllocationRatio: developer?.cpuAllocationRatio ?? 10,
    memoryOvercommit: developer?.memoryOvercommit ?? 100,
    vendorPinned: known !== undefined && pinsCpuVendor(known),
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
  const { spec, launcher } = vm;
  return {
    ...constraintsOf(vm, snapshot),
    namespace: vm.namespace,
    labels: launcher?.metadata.labels ?? vm.vmi?.metadata.labels ?? vm.vm?.spec.template.metadata?.labels ?? {},
    affinity: spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    antiAffinity: spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    requests: launcher === undefined ? leastRequests(vm, defaultsOf(snapshot)) : requestsOf(launcher),
    exact: launcher !== undefined,
  };
}

const knownConstraints = perSnapshot(() => new Map<string, Constraints>());

/** Made once for all VMs that ask the same: a cluster has thousands of VMs, but few kinds of them. */
function constraintsOf(vm: Vm, snapshot: Snapshot): Constraints {
  const { spec, launcher } = vm;
  const asked = launcher?.spec?.nodeSelector;
  const cpu = spec.domain.cpu;
  const nodeTerms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const model = cpu?.model || defaultsOf(snapshot).cpuModel;
  const host = model === 'host-model' && vm.node !== undefined ? hostModels(snapshot).get(vm.node) : undefined;
  const key = JSON.stringify([
    asked,
    spec.nodeSelector,
    asked === undefined ? spec.architecture : undefined,
    model,
    cpu?.features,
    host?.key,
    nodeTerms,
    spec.tolerations,
  ]);
  const known = knownConstraints(snapshot);
  let constraints = known.get(key);
  if (constraints === undefined) {
    constraints = { key, ...selectorsOf(vm, model, host, defaultsOf(snapshot)), tolerations: spec.tolerations ?? [] };
    if (nodeTerms !== undefined) constraints.nodeTerms = nodeTerms;
    known.set(key, constraints);
  }
  return constraints;
}

function selectorsOf(
  { spec, launcher }: Vm,
  model: string,
  host: HostModel | undefined,
  defaults: KubeVirtDefaults,
): Pick<Constraints, 'nodeSelector' | 'cpuSelector' | 'hostModelUnknown'> {
  const asked = launcher?.spec?.nodeSelector;
  const nodeSelector: Record<string, string> = { 'kubevirt.io/schedulable': 'true' };
  const pinned: Record<string, string> = {};
  for (const key in asked) {
    const kind = classOf(key);
    if (kind === 'other') continue;
    (kind === 'host-model' && model === 'host-model' ? pinned : nodeSelector)[key] = asked[key] ?? '';
  }
  if (asked === undefined) {
    if (spec.architecture !== undefined) nodeSelector['kubernetes.io/arch'] = spec.architecture;
    if (model !== 'host-model' && model !== 'host-passthrough') {
      nodeSelector[`cpu-model.node.kubevirt.io/${model}`] = 'true';
    }
  }
  for (const feature of spec.domain.cpu?.features ?? []) {
    const key = `cpu-feature.node.kubevirt.io/${feature.name}`;
    if (feature.policy === undefined || feature.policy === '' || feature.policy === 'require')
      nodeSelector[key] = 'true';
  }
  Object.assign(nodeSelector, defaults.nodeSelectors, spec.nodeSelector);
  // A first migration has pinned it already.
  if (Object.keys(pinned).length > 0) return { nodeSelector, cpuSelector: pinned, hostModelUnknown: false };
  return { nodeSelector, cpuSelector: host?.selector ?? {}, hostModelUnknown: host?.known === false };
}

/** What ties a host-model guest to the CPUs like its node's. */
interface HostModel {
  selector: Record<string, string>;
  key: string;
  /** False if the node does not tell its model. */
  known: boolean;
}

const hostModels = perSnapshot((snapshot: Snapshot): Map<string, HostModel> => {
  const { vendorPinned } = defaultsOf(snapshot);
  const found = new Map<string, HostModel>();
  for (const node of nodesOf(snapshot).values()) {
    const selector: Record<string, string> = {};
    const known = addHostModel(node.labels, selector, vendorPinned);
    found.set(node.name, { selector, known, key: selectorText(selector) });
  }
  return found;
});

const HOST_MODEL = 'host-model-cpu.node.kubevirt.io/';
const REQUIRED_FEATURE = 'host-model-required-features.node.kubevirt.io/';
const VENDOR = 'cpu-vendor.node.kubevirt.io/';

/** Adds the labels that such CPUs have; false if the node does not tell its model. */
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
