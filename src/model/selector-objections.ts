import type { NodeView } from './nodes.ts';
import type { Objection, ObjectionKind } from './objections.ts';
import { matchesNodeTerms } from './selectors.ts';
import type { Constraints } from './target-pod.ts';

/** What a label that KubeVirt itself puts on nodes stands for. */
interface Meaning {
  kind: ObjectionKind;
  /** Completes "node X lacks ...". */
  text: string;
}

function meaningOf(key: string): Meaning | undefined {
  const slash = key.indexOf('/');
  const [prefix, name] = [key.slice(0, slash), key.slice(slash + 1)];
  switch (prefix) {
    case 'cpu-model.node.kubevirt.io':
    case 'cpu-model-migration.node.kubevirt.io':
      return { kind: 'cpu', text: `the CPU model ${name}` };
    case 'cpu-feature.node.kubevirt.io':
      return { kind: 'cpu', text: `the CPU feature ${name}` };
    case 'cpu-vendor.node.kubevirt.io':
      return { kind: 'cpu', text: `the vendor ${name}` };
    case 'machine-type.node.kubevirt.io':
      return { kind: 'machine-type', text: `the machine type ${name}` };
    case 'hyperv.node.kubevirt.io':
      return { kind: 'ability', text: `the Hyper-V feature ${name}` };
    case 'scheduling.node.kubevirt.io':
      return { kind: 'ability', text: `the TSC frequency ${name.replace('tsc-frequency-', '')} Hz` };
    default:
      break;
  }
  if (key === 'cpumanager' || key === 'kubevirt.io/cpumanager') {
    return { kind: 'ability', text: 'the static CPU manager, without which there are no dedicated CPUs' };
  }
  const abilities: Record<string, string> = {
    'kubevirt.io/realtime': 'the real-time kernel settings',
    'kubevirt.io/sev': 'AMD SEV',
    'kubevirt.io/sev-es': 'AMD SEV-ES',
    'kubevirt.io/sev-snp': 'AMD SEV-SNP',
    'kubevirt.io/tdx': 'Intel TDX',
  };
  const text = abilities[key];
  return text === undefined ? undefined : { kind: 'ability', text };
}

/** What a node's labels have against a pod: its node selector, the guest's CPU and machine, its node affinity. */
export function selectorObjections(pod: Constraints, node: NodeView): Objection[] {
  return [
    ...mismatches(node, pod.nodeSelector, false),
    ...(pod.nodeTerms === undefined || matchesNodeTerms(node.name, node.labels, pod.nodeTerms)
      ? []
      : [affinityObjection(pod, node)]),
    ...mismatches(node, pod.cpuSelector, true),
  ];
}

/** One for each kind of label, however many of them a node lacks. */
function mismatches({ labels }: NodeView, selector: Record<string, string>, liveOnly: boolean): Objection[] {
  const missing = new Map<ObjectionKind, { key: string; text: string }[]>();
  const found: Objection[] = [];
  for (const key in selector) {
    // Said separately, with the reason.
    if (key === 'kubevirt.io/schedulable') continue;
    const wanted = selector[key] ?? '';
    const has = labels[key];
    if (has === wanted) continue;
    const meaning = meaningOf(key);
    if (meaning === undefined) {
      const what = has === undefined ? 'it has no such label' : `it has ${has}`;
      const message = `does not match the node selector ${key}=${wanted}: ${what}`;
      found.push({ kind: 'selector', message, field: `.metadata.labels["${key}"]`, value: has, liveOnly });
      continue;
    }
    const same = missing.get(meaning.kind);
    if (same === undefined) missing.set(meaning.kind, [{ key, text: meaning.text }]);
    else same.push({ key, text: meaning.text });
  }
  for (const [kind, lacked] of missing) {
    const [first] = lacked;
    if (first === undefined) continue;
    const suffix = liveOnly ? (kind === 'cpu' ? " of the VM's current CPU" : ' that the VM runs on') : '';
    const message = `lacks ${lacked.map(({ text }) => text).join(', ')}${suffix}`;
    found.push({ kind, message, field: `.metadata.labels["${first.key}"]`, value: labels[first.key], liveOnly });
  }
  return found;
}

const OBSOLETE = 'node-labeller.kubevirt.io/obsolete-host-model';

function affinityObjection({ nodeTerms = [] }: Constraints, { name, labels }: NodeView): Objection {
  const requirements = nodeTerms.flatMap((term) => term.matchExpressions ?? []);
  const forbidden = requirements.find(
    ({ key, operator }) => operator === 'DoesNotExist' && labels[key] !== undefined && isKubeVirts(key),
  );
  if (forbidden !== undefined) {
    const { key } = forbidden;
    const message =
      key === OBSOLETE
        ? 'has a CPU model that KubeVirt counts as obsolete, so that no host-model VM may start there'
        : `has the CPU feature ${key.slice(key.indexOf('/') + 1)}, which the VM forbids`;
    return { kind: 'cpu', message, field: `.metadata.labels["${key}"]`, value: labels[key], liveOnly: false };
  }
  // The first label that the affinity asks for; if it asks for none, it is about names.
  const asked = requirements.find(({ key }) => !isKubeVirts(key))?.key;
  const message = "does not match the VM's required node affinity";
  return asked === undefined
    ? { kind: 'node-affinity', message, field: '.metadata.name', value: name, liveOnly: false }
    : {
        kind: 'node-affinity',
        message,
        field: `.metadata.labels["${asked}"]`,
        value: labels[asked],
        liveOnly: false,
      };
}

function isKubeVirts(key: string): boolean {
  return key === OBSOLETE || key.startsWith('cpu-feature.node.kubevirt.io/');
}
