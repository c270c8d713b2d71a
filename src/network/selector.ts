import type { Node } from '../model/objects.ts';

type Labels = Record<string, string>;

/** Labels that say which nodes are for work; the first that fits is taken. */
const CANDIDATES: Labels[] = [{ 'node-role.kubernetes.io/worker': '' }, { 'kubernetes.io/os': 'linux' }];

export function selects(selector: Labels, { metadata }: Node): boolean {
  return Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value);
}

/** A selector that all of the named nodes have and no other node; undefined if there is none among the usual ones. */
export function selectorOf(nodes: readonly Node[], wanted: readonly string[], own: Labels = {}): Labels | undefined {
  const names = new Set(wanted);
  const exact = (selector: Labels): boolean =>
    nodes.every((node) => selects(selector, node) === names.has(node.metadata.name));
  return [...CANDIDATES, ...(Object.keys(own).length === 0 ? [] : [own])].find(exact);
}

const HOSTNAME = 'kubernetes.io/hostname';

/** A node's name as a selector has to say it; it may not be the node's own. */
export function hostnameOf({ metadata }: Node): string {
  return metadata.labels?.[HOSTNAME] ?? metadata.name;
}

/** What selects one node. */
export function selectorOfNode(hostname: string): Labels {
  return { [HOSTNAME]: hostname };
}
