import { putPolicy } from '../cluster/network-writer.ts';
import { resources } from '../cluster/resources.ts';
import { ApiError } from '../kube/errors.ts';
import type { Resource, StoredObject } from '../kube/types.ts';
import { compareText } from '../model/memo.ts';
import type { NodeNetworkConfigurationPolicy, NodeNetworkState } from '../model/objects.ts';
import { type NodeNetwork, networkIn } from './links.ts';
import { type Context, patiently, StepFailed, until } from './wait.ts';

/** What NMState did with a policy on a node. */
export interface Enactment extends StoredObject {
  metadata: StoredObject['metadata'] & { labels?: Record<string, string> };
  status?: { policyGeneration?: number; conditions?: { type: string; status: string; message?: string }[] };
}

const enactmentsResource: Resource = {
  group: 'nmstate.io',
  version: 'v1beta1',
  plural: 'nodenetworkconfigurationenactments',
  namespaced: false,
};

/**
 * How long a policy may take on a node: nmstatectl gives itself 480 s, the probes after it 120 s (kubernetes-nmstate
 * v0.84, pkg/client, pkg/probe); and some to spare. Ms.
 */
const PER_NODE = 12 * 60_000;

/** Makes a policy what it is to be, and waits until every node named has it. Throws StepFailed, with NMState's reason, if one can't. */
export async function carryOutPolicy(
  context: Context,
  wanted: NodeNetworkConfigurationPolicy,
  nodes: readonly string[],
): Promise<void> {
  const policy = await settled(context, wanted);
  const generation = policy.metadata.generation ?? 1;
  const told = new Set<string>();
  await until(context, { what: `policy ${wanted.metadata.name}`, limit: PER_NODE }, async () => {
    const enactments = await enactmentsOf(context, wanted.metadata.name);
    const current = enactments.filter(({ status }) => status?.policyGeneration === generation);
    const failing = current.find((one) => has(one, 'Failing'));
    if (failing !== undefined) throw new StepFailed(failureOf(failing));
    const ready = nodes.filter((node) => current.some((one) => nodeOf(one) === node && has(one, 'Available')));
    for (const node of ready) {
      if (told.has(node)) continue;
      told.add(node);
      context.emit({ type: 'progress', message: `${node}: configured` });
    }
    if (ready.length === nodes.length) return { done: undefined };
    return { progress: `${ready.length} of ${nodes.length} nodes configured` };
  });
}

/** Writes the policy as soon as NMState lets it: not while it is still applying what it was before. */
async function settled(
  context: Context,
  wanted: NodeNetworkConfigurationPolicy,
): Promise<NodeNetworkConfigurationPolicy> {
  return await until<NodeNetworkConfigurationPolicy>(
    context,
    { what: `policy ${wanted.metadata.name}`, limit: PER_NODE },
    async () => {
      try {
        return { done: await putPolicy(context.client, wanted, { signal: context.signal }) };
      } catch (error) {
        if (!(error instanceof ApiError) || !error.message.includes('is still in progress')) throw error;
        return { progress: 'NMState is still at work on it' };
      }
    },
  );
}

export async function enactmentsOf({ client, signal }: Context, policy: string): Promise<Enactment[]> {
  const labelSelector = `nmstate.io/policy=${policy}`;
  const { items } = await client.list<Enactment>(enactmentsResource, { labelSelector, signal });
  return items.sort((a, b) => compareText(a.metadata.name, b.metadata.name));
}

function nodeOf({ metadata }: Enactment): string | undefined {
  return metadata.labels?.['nmstate.io/node'];
}

function has({ status }: Enactment, type: string): boolean {
  return (status?.conditions ?? []).some((one) => one.type === type && one.status === 'True');
}

function failureOf(enactment: Enactment): string {
  const message = enactment.status?.conditions?.find(({ type }) => type === 'Failing')?.message ?? '';
  return `NMState could not configure node ${nodeOf(enactment) ?? enactment.metadata.name}: ${nmstateReason(message)}`;
}

/** The part of NMState's message that says why. */
function nmstateReason(message: string): string {
  const text = message.replace(/\s+/g, ' ');
  const error = /NmstateError: (.*?)(?: : failed to execute|$)/.exec(text)?.[1];
  const probes = /(failed runnig probe[^:]*|failed running probe[^:]*)/.exec(text)?.[1];
  const reason =
    error ?? (probes && `after the change the node lost its way out (${probes.trim()}); NMState took it back`) ?? text;
  return reason.trim().slice(0, 300);
}

/** The networks of nodes as NMState shows them now, by node. */
async function readNetworks({ client, signal }: Context): Promise<Map<string, NodeNetwork>> {
  const { items } = await client.list<NodeNetworkState, NodeNetwork>(resources.nodeNetworkStates, {
    signal,
    map: networkIn,
  });
  return new Map(items.map((network) => [network.node, network]));
}

/** The same, waiting out an API server that is away. */
export function networksNow(context: Context): Promise<Map<string, NodeNetwork>> {
  return patiently(context, () => readNetworks(context));
}
