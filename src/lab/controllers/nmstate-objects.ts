import type { KubeObject, Node } from '../../model/objects.ts';
import { type Cluster, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import {
  type EnactmentState,
  enactmentConditions,
  type NmstateCondition,
  policyConditions,
  unknownPolicy,
} from './nmstate-conditions.ts';
import type { NetworkState } from './nmstate-state.ts';

export interface Policy extends KubeObject {
  spec?: {
    nodeSelector?: Record<string, string>;
    desiredState?: NetworkState;
    capture?: Record<string, string>;
    maxUnavailable?: number | string;
  };
  status?: { conditions?: NmstateCondition[]; unavailableNodeCount?: number; lastUnavailableNodeCountUpdate?: string };
}

/** A policy on one node. */
export interface Enactment extends KubeObject {
  status?: { conditions?: NmstateCondition[]; desiredState?: NetworkState; policyGeneration?: number };
}

/** nmstate-operator's handler runs on every node of the lab: these are the ones a policy is for. */
export function matchingNodes(cluster: Pick<Cluster, 'store'>, policy: Policy): Node[] {
  return cluster.store.list<Node>(resources.nodes).filter((node) => matches(policy, node));
}

export function matches(policy: Policy, node: Node): boolean {
  return Object.entries(policy.spec?.nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value);
}

export function enactmentOf(cluster: Pick<Cluster, 'store'>, policy: string, node: string): Enactment | undefined {
  return cluster.store.get<Enactment>(resources.nodeNetworkEnactments, undefined, `${node}.${policy}`);
}

/** The enactments of a policy that nodes have made so far, whatever generation they are of. */
export function enactmentsOf(cluster: Pick<Cluster, 'store'>, policy: string): Enactment[] {
  return cluster.store
    .list<Enactment>(resources.nodeNetworkEnactments)
    .filter(({ metadata }) => metadata.labels?.['nmstate.io/policy'] === policy);
}

/** The enactment of a policy on a node, made if it is not there; what it said before is forgotten. */
export function putEnactment(
  cluster: Cluster,
  policy: Policy,
  node: Node,
  desiredState: NetworkState,
  time: string = now(cluster),
): Enactment {
  const name = `${node.metadata.name}.${policy.metadata.name}`;
  const found = enactmentOf(cluster, policy.metadata.name, node.metadata.name);
  const made =
    found ??
    cluster.store.create<Enactment>(resources.nodeNetworkEnactments, {
      apiVersion: 'nmstate.io/v1beta1',
      kind: 'NodeNetworkConfigurationEnactment',
      metadata: {
        name,
        creationTimestamp: time,
        labels: { 'nmstate.io/node': node.metadata.name, 'nmstate.io/policy': policy.metadata.name },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid ?? '' }],
      },
      status: { conditions: enactmentConditions([], 'new', '', time) },
    });
  return (
    modify<Enactment>(cluster, resources.nodeNetworkEnactments, made, (draft) => {
      const conditions = found === undefined ? (draft.status?.conditions ?? []) : [];
      draft.status = { ...draft.status, conditions, desiredState, policyGeneration: policy.metadata.generation ?? 1 };
    }) ?? made
  );
}

export function setEnactment(
  cluster: Cluster,
  enactment: KubeObject,
  state: EnactmentState,
  message: string,
  time: string = now(cluster),
): void {
  modify<Enactment>(cluster, resources.nodeNetworkEnactments, enactment, (draft) => {
    draft.status = {
      ...draft.status,
      conditions: enactmentConditions(draft.status?.conditions ?? [], state, message, time),
    };
  });
}

export function hasCondition(enactment: Enactment, type: string, status = 'True'): boolean {
  return (enactment.status?.conditions ?? []).some((one) => one.type === type && one.status === status);
}

/** Sets a policy's conditions to what its nodes say; enactments of an older generation don't count. */
export function updatePolicy(cluster: Cluster, policy: Policy, time: string = now(cluster)): void {
  const nodes = matchingNodes(cluster, policy);
  const current = enactmentsOf(cluster, policy.metadata.name).filter(
    ({ status }) => status?.policyGeneration === (policy.metadata.generation ?? 1),
  );
  const count = (type: string): number => current.filter((one) => hasCondition(one, type)).length;
  const counts = {
    matching: nodes.length,
    ready: nodes.filter(isReady).length,
    available: count('Available'),
    failing: count('Failing'),
    aborted: count('Aborted'),
  };
  modify<Policy>(cluster, resources.nodeNetworkPolicies, policy, (draft) => {
    draft.status = {
      ...draft.status,
      conditions: policyConditions(draft.status?.conditions ?? unknownPolicy(time), counts, time),
    };
  });
}

function isReady(node: Node): boolean {
  return (node.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** How many nodes may be configured at once: by default half of those with an enactment, rounded up, at least one (pkg/node). */
export function maxUnavailable(policy: Policy, enactments: number): number {
  const scaled = (value: number | string): number => {
    const text = String(value);
    if (typeof value === 'number') return value;
    return /^\d+%$/.test(text) ? Math.ceil((Number.parseInt(text, 10) * enactments) / 100) : Number.NaN;
  };
  const wanted = scaled(policy.spec?.maxUnavailable ?? '50%');
  return Math.max(1, Number.isNaN(wanted) ? scaled('50%') : wanted);
}
