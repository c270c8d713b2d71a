import { isDeepStrictEqual } from 'node:util';
import { deletePolicy, findPolicy } from '../cluster/network-writer.ts';
import type { NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import type { Journal, LinkBefore } from './journal.ts';
import { type Link, linkOf, type NodeNetwork } from './links.ts';
import { carryOutPolicy, enactmentsOf, networksNow } from './policy-step.ts';
import { selectorOfNode } from './selector.ts';
import { type Context, patiently, until } from './wait.ts';

/** How long NMState may take to show what a node has: it looks once a minute, ms. */
const SHOWN = 3 * 60_000;

/** The interfaces that a policy names. */
export function desiredLinks({ spec }: Pick<NodeNetworkConfigurationPolicy, 'spec'>): Link[] {
  return (spec?.desiredState?.['interfaces'] as Link[] | undefined) ?? [];
}

/** What a node has now of the interfaces that a policy names, to be kept. */
export function linksBefore(network: NodeNetwork | undefined, desired: readonly Link[]): LinkBefore[] {
  return desired.flatMap(({ name, type }) => {
    const link = network && linkOf(network, name, type);
    if (link === undefined) return [];
    const { state, mtu, controller } = link;
    return [
      {
        name,
        ...(type !== undefined && { type }),
        ...(state !== undefined && { state }),
        ...(mtu !== undefined && { mtu }),
        ...(controller !== undefined && { controller }),
      },
    ];
  });
}

/**
 * What takes a node back to what it had: interfaces that it did not have absent, the others with their state and MTU.
 * Empty where nothing differs. Deleting a policy alone undoes nothing.
 */
function undoOf(before: readonly LinkBefore[], now: NodeNetwork | undefined, desired: readonly Link[]): Link[] {
  return desired.flatMap((link): Link[] => {
    const { name, type = '' } = link;
    const present = now && linkOf(now, name, type);
    const old = before.find((one) => one.name === name);
    if (present === undefined) return [];
    if (old === undefined) return [{ name, type, state: 'absent' }];
    const back: Link = { name, type, state: old.state ?? 'up', ...(old.mtu !== undefined && { mtu: old.mtu }) };
    const same = present.mtu === (old.mtu ?? present.mtu) && present.state === back.state;
    return same ? [] : [back];
  });
}

/**
 * Takes back what a policy did, node by node where they differ, makes sure of it, and deletes the policy or makes it
 * what it was. Returns what was done, a sentence each. Throws StepFailed where a node does not come back.
 */
export async function undoPolicy(context: Context, journal: Journal): Promise<string[]> {
  const { policy, before, nodes } = journal;
  const { name } = policy.metadata;
  const desired = desiredLinks(policy);
  const said: string[] = [];
  const present = await patiently(context, () => findPolicy(context.client, name, { signal: context.signal }));
  const groups = undoGroups(journal, await networksNow(context));
  for (const { members, links, spec } of groups) {
    await carryOutPolicy(context, { ...policy, spec }, members);
    said.push(`${describe(links)} on ${members.join(', ')}`);
  }
  if (before.policy !== null) {
    const old = before.policy as NonNullable<NodeNetworkConfigurationPolicy['spec']>;
    await carryOutPolicy(context, { ...policy, spec: old }, []);
    said.push(`policy ${name} as it was`);
  } else if (present !== undefined || groups.length > 0) {
    await patiently(context, () => deletePolicy(context.client, name, { signal: context.signal }));
    said.push(`policy ${name} deleted`);
    // Until NMState has seen that it is gone, another of its name would be taken for it.
    await until(context, { what: `the end of policy ${name}`, limit: SHOWN }, async () => {
      const rest = await enactmentsOf(context, name);
      return rest.length === 0 ? { done: undefined } : { progress: `${rest.length} enactments are left` };
    });
  }
  await until(context, { what: 'the nodes’ interfaces', limit: SHOWN }, async () => {
    const seen = await networksNow(context);
    const left = nodes.find((node) => undoOf(before.links[node] ?? [], seen.get(node), desired).length > 0);
    return left === undefined ? { done: undefined } : { progress: `node ${left} still has what the policy made` };
  });
  return said;
}

/** What one write to the policy takes back, and on which nodes. */
export interface UndoGroup {
  members: string[];
  links: Link[];
  /** The policy's. */
  spec: NonNullable<NodeNetworkConfigurationPolicy['spec']>;
}

/** The writes that take nodes back: all that the policy selects at once, if they need the same; else one after the other. */
export function undoGroups(journal: Journal, networks: ReadonlyMap<string, NodeNetwork>): UndoGroup[] {
  const { nodes, policy, hostnames, before } = journal;
  const desired = desiredLinks(policy);
  const byNode = nodes.flatMap((node) => {
    const links = undoOf(before.links[node] ?? [], networks.get(node), desired);
    return links.length === 0 ? [] : [{ node, links }];
  });
  const [first] = byNode;
  if (first === undefined) return [];
  const group = (selector: Record<string, string>, members: string[], links: Link[]): UndoGroup => ({
    members,
    links,
    spec: { nodeSelector: selector, desiredState: { interfaces: links } },
  });
  const alike = byNode.length === nodes.length && byNode.every(({ links }) => isDeepStrictEqual(links, first.links));
  if (alike) return [group(policy.spec?.nodeSelector ?? {}, nodes, first.links)];
  return byNode.map(({ node, links }) => group(selectorOfNode(hostnames[node] ?? node), [node], links));
}

function describe(links: readonly Link[]): string {
  return links
    .map(({ name, state, mtu }) => {
      if (state === 'absent') return `${name} removed`;
      return `${name} ${state ?? 'up'}${mtu === undefined ? '' : ` with MTU ${mtu}`}`;
    })
    .join(', ');
}
