import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import { type NodeView, vmNodesOf } from '../model/nodes.ts';
import type { Objection } from '../model/objections.ts';
import { objectionsTo } from '../model/placement.ts';
import type { MigrationCase } from './case.ts';

/** A node, and why the migration's target pod does not go there. */
export interface Refusal {
  node: NodeView;
  objections: Objection[];
  /** It was not among the nodes asked for: spec.addedNodeSelector of the migration. */
  notAskedFor: boolean;
}

/** Each node that runs VMs but the source, with what keeps the target pod off it as things stand; none of it where the VM is not known. */
export function refusalsOf({ vm, migration, sourceNode, snapshot }: MigrationCase): Refusal[] {
  if (vm === undefined) return [];
  const added = migration.spec.addedNodeSelector ?? {};
  return vmNodesOf(snapshot)
    .filter(({ name }) => name !== (sourceNode ?? vm.node))
    .map((node) => ({
      node,
      objections: objectionsTo(node, vm, snapshot),
      notAskedFor: Object.entries(added).some(([key, value]) => node.labels[key] !== value),
    }));
}

/** So many nodes are named one by one. */
const NAMED = 6;

/** `worker-1 is cordoned; worker-2 has no room: ...`; of many nodes, one for each reason. */
export function refusalText(refusals: Refusal[]): string {
  const asked = refusals.filter(({ notAskedFor }) => !notAskedFor);
  const left = refusals.length - asked.length;
  const others = left === 0 ? [] : [`${left} other ${left === 1 ? 'node was' : 'nodes were'} not asked for`];
  const refused = asked.filter(({ objections }) => objections.length > 0);
  if (refused.length <= NAMED) {
    return [...refused.map(({ node, objections }) => sentence(node, objections[0])), ...others].join('; ');
  }
  const byKind = new Map<string, Refusal[]>();
  for (const refusal of refused) {
    const kind = refusal.objections[0]?.kind ?? '';
    byKind.set(kind, [...(byKind.get(kind) ?? []), refusal]);
  }
  const groups = [...byKind.values()].sort((a, b) => b.length - a.length);
  return [
    ...groups.map((group) => {
      const first = group[0];
      const more = group.length === 1 ? '' : `, and ${group.length - 1} more like it`;
      return first === undefined ? '' : `${sentence(first.node, first.objections[0])}${more}`;
    }),
    ...others,
  ].join('; ');
}

function sentence({ name }: NodeView, objection: Objection | undefined): string {
  return `${name} ${objection?.message ?? ''}`;
}

/** The fields of the nodes that say so. */
export function refusalEvidence(refusals: Refusal[]): Evidence[] {
  return refusals
    .filter(({ notAskedFor }) => !notAskedFor)
    .flatMap(({ node, objections: [first] }) =>
      first === undefined ? [] : [atField(node.object, first.field, first.value)],
    )
    .slice(0, NAMED);
}

/** kube-scheduler's reasons (Kubernetes 1.30 to 1.36, plugin names in comments) in words. */
const reasons: [pattern: RegExp, words: (match: RegExpExecArray) => string][] = [
  [/^node\(s\) were unschedulable/, () => 'cordoned'],
  [
    /^node\(s\) had untolerated taint(?:\(s\))? ?\{?([^:}]*)/,
    ([, taint]) => `with the taint ${taint ?? ''} that the VM does not tolerate`,
  ],
  [
    /^node\(s\) didn't match Pod's node affinity\/selector/,
    () => 'without a label that the VM or KubeVirt asks for (node selector, CPU model, machine type)',
  ],
  [
    /^node\(s\) didn't match pod anti-affinity rules/,
    () => 'ruled out by anti-affinity (the VM itself runs there, or one it must keep away from)',
  ],
  [
    /^node\(s\) didn't satisfy existing pods anti-affinity rules/,
    () => 'where another pod wants to be away from this VM',
  ],
  [/^node\(s\) didn't match pod affinity rules/, () => 'without the pods this VM must be near'],
  [/^node\(s\) didn't match pod topology spread constraints/, () => 'that topology spread constraints rule out'],
  [/^node\(s\) had volume node affinity conflict/, () => 'that a volume of the VM cannot be attached to'],
  [/^node\(s\) exceed max volume count/, () => 'with as many volumes attached as they can have'],
  [/^Insufficient (\S+)/, ([, what]) => `without enough ${(what ?? '').replace(/[.,]$/, '')} left`],
  [/^Too many pods/, () => 'with as many pods as they may have'],
  [/^node\(s\) didn't have free ports/, () => 'where a host port is taken'],
];

/** What kube-scheduler's `0/7 nodes are available: ...` says, in words; undefined if it is none. */
export function schedulerWords(message: string): string | undefined {
  const match = /^0\/(\d+) nodes are available: (.*?)\.(?: preemption:.*)?$/s.exec(message.trim());
  if (match === null) return undefined;
  const [, total, list = ''] = match;
  const said = [...list.matchAll(/(\d+) (.+?)(?=, \d+ |$)/g)].map(([, count, reason = '']) => {
    for (const [pattern, words] of reasons) {
      const found = pattern.exec(reason);
      if (found !== null) return `${count} ${words(found)}`;
    }
    return `${count} ${reason}`;
  });
  return `of ${total} nodes: ${said.length === 0 ? list : said.join(', ')}`;
}
