import { perSnapshot } from './memo.ts';
import { type NodeView, nodesOf } from './nodes.ts';
import type { KubeVirt, VmiSpec } from './objects.ts';
import type { NodeSelectorTerm, Toleration } from './selectors.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { type KubeVirtVersion, knownVersion, pinsCpuVendor } from './versions/index.ts';
import type { Vm } from './vm.ts';

// What a launcher's nodeSelector and node affinity are made of (facts/kubevirt.md F2 and C1, target pod construction).

const MACHINE_TYPE = 'machine-type.node.kubevirt.io/';
const CPU_MODEL = 'cpu-model.node.kubevirt.io/';
const CPU_FEATURE = 'cpu-feature.node.kubevirt.io/';
const CPU_MODEL_MIGRATION = 'cpu-model-migration.node.kubevirt.io/';
const CPU_VENDOR = 'cpu-vendor.node.kubevirt.io/';
const HOST_MODEL = 'host-model-cpu.node.kubevirt.io/';
const REQUIRED_FEATURE = 'host-model-required-features.node.kubevirt.io/';

interface Settings {
  nodeSelectors: Record<string, string>;
  cpuModel: string;
  architecture: string;
  vendorPinned: boolean;
  labels: KubeVirtVersion['labels'] | undefined;
  /** The gate HypervStrictCheck. */
  strictHyperv: boolean;
}

const settingsOf = perSnapshot((snapshot: Snapshot): Settings => {
  const kubeVirt: KubeVirt | undefined = itemsOf(snapshot.lists.kubeVirts)[0];
  const configuration = kubeVirt?.spec?.configuration;
  const developer = configuration?.developerConfiguration;
  const known = knownVersion(snapshot.versions.kubevirt);
  return {
    nodeSelectors: developer?.nodeSelectors ?? {},
    cpuModel: configuration?.cpuModel ?? 'host-model',
    architecture: kubeVirt?.status?.defaultArchitecture || 'amd64',
    vendorPinned: known !== undefined && pinsCpuVendor(known),
    labels: known?.version.labels,
    strictHyperv: developer?.featureGates?.includes('HypervStrictCheck') === true,
  };
});

/** All of a VM and its cluster that decides which labels its launcher asks for. */
export interface Asked {
  selector: Record<string, string>;
  /** What every VM of the cluster asks for. */
  cluster: Record<string, string>;
  architecture: string;
  model: string;
  features: { name: string; policy?: string }[] | undefined;
  nodeTerms: NodeSelectorTerm[] | undefined;
  tolerations: Toleration[] | undefined;
  /** Labels that stand for abilities of a node. */
  abilities: string[];
  /** The machine type a start asks for, and the one that the guest runs on. */
  machine: string | undefined;
  runningMachine: string | undefined;
}

export function askedOf(vm: Vm, snapshot: Snapshot): Asked {
  const { spec, vmi } = vm;
  const { nodeSelectors, cpuModel, architecture, labels } = settingsOf(snapshot);
  const cpu = spec.domain.cpu;
  const selectsMachines = labels?.machineTypes === true;
  const declared = vm.vm?.spec.template.spec?.domain.machine?.type ?? spec.domain.machine?.type;
  return {
    selector: spec.nodeSelector ?? {},
    cluster: nodeSelectors,
    architecture: spec.architecture ?? architecture,
    model: cpu?.model || cpuModel,
    features: cpu?.features,
    nodeTerms: spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
    tolerations: spec.tolerations,
    abilities: abilitiesOf(vm, settingsOf(snapshot)),
    machine: selectsMachines ? declared : undefined,
    runningMachine:
      selectsMachines && vm.running ? (vmi?.status?.machine?.type ?? vmi?.spec.domain.machine?.type) : undefined,
  };
}

const HYPERV: [feature: string, label: string][] = [
  ['vpindex', 'vpindex'],
  ['runtime', 'runtime'],
  ['reset', 'reset'],
  ['synic', 'synic'],
  ['synictimer', 'synictimer'],
  ['frequencies', 'frequencies'],
  ['reenlightenment', 'reenlightenment'],
  ['tlbflush', 'tlbflush'],
  ['ipi', 'ipi'],
];

function abilitiesOf({ spec, vmi, running }: Vm, { labels, strictHyperv }: Settings): string[] {
  const { cpu, launchSecurity, features } = spec.domain;
  const found: string[] = [];
  if (cpu?.dedicatedCpuPlacement === true) found.push(labels?.selectsCpuManager ?? 'cpumanager');
  if (cpu?.realtime !== undefined) found.push('kubevirt.io/realtime');
  const frequency = running ? vmi?.status?.topologyHints?.tscFrequency : undefined;
  if (frequency !== undefined) found.push(`scheduling.node.kubevirt.io/tsc-frequency-${frequency}`);
  if (launchSecurity !== undefined) found.push(...securityLabels(launchSecurity));
  const hyperv = features?.hyperv as Record<string, { enabled?: boolean } | undefined> | undefined;
  if (strictHyperv && hyperv !== undefined) {
    for (const [feature, label] of HYPERV) {
      if (hyperv[feature] !== undefined && hyperv[feature]?.enabled !== false) {
        found.push(`hyperv.node.kubevirt.io/${label}`);
      }
    }
    if (hyperv['evmcs'] !== undefined && hyperv['evmcs'].enabled !== false) found.push(`${CPU_VENDOR}Intel`);
  }
  return found;
}

function securityLabels(security: NonNullable<VmiSpec['domain']['launchSecurity']>): string[] {
  const { sev, snp, tdx } = security;
  return [
    ...(sev === undefined && snp === undefined ? [] : ['kubevirt.io/sev']),
    ...(sev?.policy?.encryptedState === true ? ['kubevirt.io/sev-es'] : []),
    ...(snp === undefined ? [] : ['kubevirt.io/sev-snp']),
    ...(tdx === undefined ? [] : ['kubevirt.io/tdx']),
  ];
}

/** The selectors of a launcher as it is rendered from a VMI's spec; `liveSelector`: what only the running guest needs. */
export function templateSelectors(asked: Asked): {
  nodeSelector: Record<string, string>;
  nodeTerms?: NodeSelectorTerm[];
  liveSelector: Record<string, string>;
} {
  const { model, features = [], machine, runningMachine } = asked;
  const nodeSelector: Record<string, string> = {
    'kubevirt.io/schedulable': 'true',
    'kubernetes.io/arch': asked.architecture,
    ...asked.cluster,
    ...asked.selector,
  };
  const isHostModel = model === 'host-model';
  if (!isHostModel && model !== 'host-passthrough') nodeSelector[`${CPU_MODEL}${model}`] = 'true';
  const forbidden: string[] = isHostModel ? ['node-labeller.kubevirt.io/obsolete-host-model'] : [];
  for (const { name, policy = '' } of features) {
    if (policy === '' || policy === 'require') nodeSelector[`${CPU_FEATURE}${name}`] = 'true';
    if (policy === 'forbid') forbidden.push(`${CPU_FEATURE}${name}`);
  }
  for (const label of asked.abilities) nodeSelector[label] = 'true';
  const liveSelector: Record<string, string> = {};
  if (machine !== undefined && (runningMachine === undefined || runningMachine === machine)) {
    nodeSelector[`${MACHINE_TYPE}${machine}`] = 'true';
  } else if (runningMachine !== undefined) {
    liveSelector[`${MACHINE_TYPE}${runningMachine}`] = 'true';
  }
  const nodeTerms = without(asked.nodeTerms, forbidden);
  return { nodeSelector, liveSelector, ...(nodeTerms !== undefined && { nodeTerms }) };
}

/** Node affinity that also keeps away from nodes with these labels: virt-controller adds that to every term. */
function without(terms: NodeSelectorTerm[] | undefined, labels: string[]): NodeSelectorTerm[] | undefined {
  if (labels.length === 0) return terms;
  const added = labels.map((key) => ({ key, operator: 'DoesNotExist' }));
  if (terms === undefined || terms.length === 0) return [{ matchExpressions: added }];
  return terms.map((term) => ({ ...term, matchExpressions: [...(term.matchExpressions ?? []), ...added] }));
}

/** What ties a running guest to CPUs like its node's. */
export interface SourceCpu {
  selector: Record<string, string>;
  /** The node does not tell its host model, so that no target pod can be made. */
  unknown: boolean;
}

const FREE: SourceCpu = { selector: {}, unknown: false };

/**
 * The labels of the source's CPU that a target pod asks for: of a host-model guest those its own pod has from an earlier
 * migration, else the model and the required features of its node; and, by version, the vendor.
 */
export function sourceCpu(vm: Vm, { model }: Asked, here: NodeView | undefined, snapshot: Snapshot): SourceCpu {
  if (here === undefined || !vm.running) return FREE;
  const host = hostCpus(snapshot).get(here.name);
  if (host === undefined) return FREE;
  if (model !== 'host-model') return { selector: host.vendor, unknown: false };
  const own = vm.launcher?.spec?.nodeSelector;
  let pinned: Record<string, string> | undefined;
  for (const key in own) {
    if (!key.startsWith(CPU_FEATURE) && !key.startsWith(CPU_MODEL_MIGRATION)) continue;
    pinned ??= { ...host.vendor };
    pinned[key] = own[key] ?? '';
  }
  if (pinned !== undefined) return { selector: pinned, unknown: false };
  return host.whole;
}

const hostCpus = perSnapshot((snapshot: Snapshot) => {
  const { vendorPinned } = settingsOf(snapshot);
  const found = new Map<string, { vendor: Record<string, string>; whole: SourceCpu }>();
  for (const { name, labels } of nodesOf(snapshot).values()) {
    const vendor: Record<string, string> = {};
    const selector: Record<string, string> = {};
    let unknown = true;
    for (const key in labels) {
      if (key.startsWith(HOST_MODEL)) {
        selector[`${CPU_MODEL_MIGRATION}${key.slice(HOST_MODEL.length)}`] = 'true';
        unknown = false;
      } else if (key.startsWith(REQUIRED_FEATURE)) {
        selector[`${CPU_FEATURE}${key.slice(REQUIRED_FEATURE.length)}`] = 'true';
      } else if (vendorPinned && key.startsWith(CPU_VENDOR)) {
        vendor[key] = 'true';
      }
    }
    found.set(name, { vendor, whole: { selector: { ...selector, ...vendor }, unknown } });
  }
  return found;
});
