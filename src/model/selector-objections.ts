import type { NodeView } from './nodes.ts';
import type { Objection, ObjectionKind } from './objections.ts';
import { matchesNodeTerms } from './selectors.ts';
import type { Constraints } from './target-pod.ts';

/** What a label that KubeVirt itself puts on nodes stands for. */
interface Meaning {
  kind: ObjectionKind;
  /** Completes "node X lacks the ..."; several of one noun are told together. */
  noun: string;
  name?: string;
}

function meaningOf(key: string): Meaning | undefined {
  const slash = key.indexOf('/');
  const [prefix, name] = [key.slice(0, slash), key.slice(slash + 1)];
  switch (prefix) {
    case 'cpu-model.node.kubevirt.io':
    case 'cpu-model-migration.node.kubevirt.io':
      return { kind: 'cpu', noun: 'CPU model', name };
    case 'cpu-feature.node.kubevirt.io':
      return { kind: 'cpu', noun: 'CPU feature', name };
    case 'cpu-vendor.node.kubevirt.io':
      return { kind: 'cpu', noun: 'vendor', name };
    case 'machine-type.node.kubevirt.io':
      return { kind: 'machine-type', noun: 'machine type', name };
    case 'hyperv.node.kubevirt.io':
      return { kind: 'ability', noun: 'Hyper-V feature', name };
    case 'scheduling.node.kubevirt.io':
      return { kind: 'ability', noun: 'TSC frequency', name: `${name.replace('tsc-frequency-', '')} Hz` };
    default:
      break;
  }
  if (key === 'cpumanager' || key === 'kubevirt.io/cpumanager') {
    return { kind: 'ability', noun: 'static CPU manager, without which there are no dedicated CPUs' };
  }
  const abilities: Record<string, string> = {
    'kubevirt.io/realtime': 'real-time kernel settings',
    'kubevirt.io/sev': 'support of AMD SEV',
    'kubevirt.io/sev-es': 'support of AMD SEV-ES',
    'kubevirt.io/sev-snp': 'support of AMD SEV-SNP',
    'kubevirt.io/tdx': 'support of Intel TDX',
  };
  const noun = abilities[key];
  return noun === undefined ? undefined : { kind: 'ability', noun };
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
  const missing = new Map<ObjectionKind, (Meaning & { key: string })[]>();
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
    if (same === undefined) missing.set(meaning.kind, [{ key, ...meaning }]);
    else same.push({ key, ...meaning });
  }
  for (const [kind, lacked] of missing) {
    const [first] = lacked;
    if (first === undefined) continue;
    const suffix = liveOnly ? (kind === 'cpu' ? " of the VM's current CPU" : ' that the VM runs on') : '';
    const message = `lacks ${lackedText(lacked)}${suffix}`;
    found.push({ kind, message, field: `.metadata.labels["${first.key}"]`, value: labels[first.key], liveOnly });
  }
  return found;
}

/** `the CPU model X, the CPU features a, b, c and 5 more`. */
function lackedText(lacked: readonly Meaning[]): string {
  const byNoun = new Map<string, string[]>();
  for (const { noun, name } of lacked) byNoun.set(noun, [...(byNoun.get(noun) ?? []), ...(name ? [name] : [])]);
  return [...byNoun]
    .map(([noun, names]): string => {
      if (names.length === 0) return `the ${noun}`;
      const shown = names.slice(0, 3).join(', ');
      return `the ${noun}${names.length > 1 ? 's' : ''} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
    })
    .join(', ');
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
