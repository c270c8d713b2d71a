import { type AttachedVolume, attachedVolumesOf } from './attach-limits.ts';
import { attachmentPodOf, hasHotplugVolumes } from './attachment-pod.ts';
import {
  computeRequests,
  helperRequests,
  type LauncherSettings,
  launcherSettingsOf,
  networkResourcesOf,
} from './launcher-requests.ts';
import { perSnapshot } from './memo.ts';
import { attachmentOf, type NetworkNeed, networkNeedsOf } from './node-networks.ts';
import { nodesOf } from './nodes.ts';
import { addAmounts, type Resources, requestsOf } from './pods.ts';
import type { LabelSelector, NodeSelectorTerm, Toleration } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';
import type { SpreadConstraint } from './spread.ts';
import { type Asked, askedOf, sourceCpu, templateSelectors } from './target-selectors.ts';
import type { Vm } from './vm.ts';
import { type BoundVolume, boundVolumesOf } from './volume-reach.ts';

/** A required rule about which other pods may be near. */
export interface PodTerm {
  topologyKey: string;
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
}

/** What the launcher pod on the target will ask of its node, but for room, for other pods and for volumes. */
export interface Constraints {
  /** The same for equal constraints. */
  key: string;
  /** Whatever way the VM is moved. */
  nodeSelector: Record<string, string>;
  /** Only of a live migration: the CPU and the machine the guest already runs on (facts/kubevirt.md C1, F1). */
  cpuSelector: Record<string, string>;
  /** cpu.model is host-model, but the source node does not say which model that is: virt-controller can't make the pod. */
  hostModelUnknown: boolean;
  nodeTerms?: NodeSelectorTerm[];
  tolerations: Toleration[];
  /** What its secondary networks need there. */
  networks: NetworkNeed[];
}

/** What the launcher pod on the target will ask of its node, and the one with hot-plugged volumes beside it. */
export interface TargetPod extends Constraints {
  namespace: string;
  labels: Record<string, string>;
  affinity: PodTerm[];
  antiAffinity: PodTerm[];
  spread: SpreadConstraint[];
  volumes: BoundVolume[];
  attached: AttachedVolume[];
  requests: Resources;
}

const built = perSnapshot(() => new WeakMap<Vm, TargetPod>());

/**
 * The pod that virt-controller would make for a migration (or, without cpuSelector, a start) of the VM elsewhere. It is
 * rendered anew from the VMI's spec of now (facts/kubevirt.md C1): after a hot-plug it asks for more than the running one.
 */
export function targetPodOf(vm: Vm, snapshot: Snapshot): TargetPod {
  const pods = built(snapshot);
  let pod = pods.get(vm);
  if (pod === undefined) pods.set(vm, (pod = build(vm, snapshot)));
  return pod;
}

function build(vm: Vm, snapshot: Snapshot): TargetPod {
  const { spec } = vm;
  const labels = labelsOf(vm);
  const terms = (found: PodTerm[] | undefined): PodTerm[] => (found ?? []).map((term) => merged(term, labels));
  return {
    ...constraintsOf(vm, snapshot),
    namespace: vm.namespace,
    labels,
    affinity: terms(spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: terms(spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    spread: (spec.topologySpreadConstraints ?? []).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    ),
    volumes: boundVolumesOf(vm, snapshot),
    attached: attachedVolumesOf(vm, snapshot),
    requests: withAttachment(vm, requestsFor(vm, snapshot)),
  };
}

/** What attaches hot-plugged volumes has to fit in beside the launcher. */
function withAttachment(vm: Vm, requests: Resources): Resources {
  if (hasHotplugVolumes(vm)) addAmounts(requests, requestsOf(attachmentPodOf(vm)));
  return requests;
}

/** The VMI's labels of now, over those that virt-controller has given its launcher. */
function labelsOf({ launcher, vmi, vm }: Vm): Record<string, string> {
  const own = vmi?.metadata.labels ?? vm?.spec.template.metadata?.labels ?? {};
  const running = launcher?.metadata.labels;
  if (running === undefined) return own;
  for (const key in own) if (own[key] !== running[key]) return { ...running, ...own };
  return running;
}

/** The API server writes matchLabelKeys and mismatchLabelKeys of a pod's terms into their selectors (Kubernetes 1.31). */
function merged(term: PodTerm, labels: Record<string, string>): PodTerm {
  const { matchLabelKeys = [], mismatchLabelKeys = [], ...rest } = term;
  if (term.labelSelector === undefined || matchLabelKeys.length + mismatchLabelKeys.length === 0) return term;
  const having = (keys: string[], operator: string) =>
    keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  const matchExpressions = [
    ...(term.labelSelector.matchExpressions ?? []),
    ...having(matchLabelKeys, 'In'),
    ...having(mismatchLabelKeys, 'NotIn'),
  ];
  return { ...rest, labelSelector: { ...term.labelSelector, matchExpressions } };
}

/**
 * Requests of the new launcher: the compute container by KubeVirt's formula; the other containers, which depend on
 * plugins and gates that no spec tells, as they are in the running one.
 */
function requestsFor({ spec, launcher, namespace }: Vm, snapshot: Snapshot): Resources {
  const settings: LauncherSettings = launcherSettingsOf(snapshot);
  const networks = networkResourcesOf(spec, (name) => attachmentOf(name, namespace, snapshot));
  const requests = computeRequests(spec, settings, networks);
  if (launcher?.spec === undefined) {
    addAmounts(requests, helperRequests(spec, settings));
    requests['pods'] = 1;
    return requests;
  }
  const { containers, initContainers, overhead } = launcher.spec;
  if (containers.length === 1 && initContainers === undefined && overhead === undefined) {
    requests['pods'] = 1;
    return requests;
  }
  const compute = { name: 'compute', resources: { requests: asQuantities(requests) } };
  const others = containers.filter(({ name }) => name !== 'compute');
  const anew = { ...launcher, spec: { ...launcher.spec, containers: [compute, ...others] } };
  return requestsOf(anew);
}

function asQuantities(amounts: Resources): Record<string, string> {
  return Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name, name === 'cpu' ? `${amount}m` : String(amount)]),
  );
}

const knownConstraints = perSnapshot(() => new Map<string, Constraints>());

/** Made once for all VMs that ask the same: a cluster has thousands of VMs, but few kinds of them. */
function constraintsOf(vm: Vm, snapshot: Snapshot): Constraints {
  const asked: Asked = askedOf(vm, snapshot);
  const { spec } = vm;
  const networks = (spec.networks ?? []).some(({ multus }) => multus !== undefined) ? networkNeedsOf(vm, snapshot) : [];
  const here = vm.node === undefined ? undefined : nodesOf(snapshot).get(vm.node);
  const source = sourceCpu(vm, asked, here, snapshot);
  const key = JSON.stringify([asked, source, networks.length === 0 ? undefined : networks]);
  const known = knownConstraints(snapshot);
  let constraints = known.get(key);
  if (constraints === undefined) {
    const { nodeSelector, nodeTerms, liveSelector } = templateSelectors(asked);
    constraints = {
      key,
      nodeSelector,
      cpuSelector: { ...liveSelector, ...source.selector },
      hostModelUnknown: source.unknown,
      ...(nodeTerms !== undefined && { nodeTerms }),
      tolerations: [...(spec.tolerations ?? []), ...DEFAULT_TOLERATIONS],
      networks,
    };
    known.set(key, constraints);
  }
  return constraints;
}

// Every pod gets them from the admission plugin DefaultTolerationSeconds.
const DEFAULT_TOLERATIONS: Toleration[] = ['not-ready', 'unreachable'].map((what) => ({
  key: `node.kubernetes.io/${what}`,
  operator: 'Exists',
  effect: 'NoExecute',
}));
