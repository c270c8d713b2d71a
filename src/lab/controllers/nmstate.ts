import { stringify } from 'yaml';
import type { KubeObject, Node } from '../../model/objects.ts';
import { type Cluster, type Controller, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { addressOf, DOWN, isDown } from './kubelet.ts';
import { applyState, NmstateError, reachesGateway, withDefaultVlans } from './nmstate-apply.ts';
import { unknownPolicy } from './nmstate-conditions.ts';
import { freshNetwork, nicsOf } from './nmstate-hardware.ts';
import {
  enactmentOf,
  enactmentsOf,
  hasCondition,
  matches,
  maxUnavailable,
  type Policy,
  putEnactment,
  setEnactment,
  updatePolicy,
} from './nmstate-objects.ts';
import { type NetworkState, type NetworkStateObject, networkOf } from './nmstate-state.ts';
import { workqueue } from './workqueue.ts';

/** How long NetworkManager takes to apply a state, and the probes to pass, ms. An assumption: no source tells. */
const APPLY: [number, number] = [4000, 9000];
const REFUSED: [number, number] = [800, 1800];
/** nmstate verifies five times, a second apart (query_apply/net_state.rs). */
const VERIFICATION = 5000;
/** How long the ping probe is tried before a change is rolled back (pkg/probe). */
const PROBE = 120_000;
/** How often a node looks whether it may begin. */
const PENDING_RETRY = 5000;

/**
 * The nmstate-handlers of all nodes (kubernetes-nmstate v0.84): each applies the policies that select its node, one at
 * a time, so many nodes of a policy at once as maxUnavailable lets, and takes back what cuts the node off. What was
 * applied stays when the policy goes.
 */
export function nmstate(cluster: Cluster): Controller {
  const { clock, store, events } = cluster;
  const random = cluster.random.fork('nmstate');
  const queue = workqueue(cluster, 'nmstate', { from: 100, to: 600 }, reconcile);
  /** The policy a node applies right now. */
  const applying = new Map<string, string>();
  /** Nodes' keys that wait: for another policy on the node, or for other nodes. */
  const waiting = new Set<string>();

  function reconcile(key: string): undefined {
    const [policyName = '', nodeName = ''] = key.split('/');
    const policy = store.get<Policy>(resources.nodeNetworkPolicies, undefined, policyName);
    const node = store.get<Node>(resources.nodes, undefined, nodeName);
    if (node === undefined || isDown(cluster, nodeName)) return;
    if (policy === undefined || !matches(policy, node)) {
      const gone = enactmentOf(cluster, policyName, nodeName);
      if (gone !== undefined) store.delete(resources.nodeNetworkEnactments, undefined, gone.metadata.name);
      if (policy !== undefined) updatePolicy(cluster, policy);
      return;
    }
    if (applying.has(nodeName)) {
      waiting.add(key);
      return;
    }
    reset(policy);
    const desired = withDefaultVlans(policy.spec?.desiredState ?? {});
    const before = enactmentOf(cluster, policyName, nodeName);
    const wasProgressing = before !== undefined && hasCondition(before, 'Progressing');
    const enactment = putEnactment(cluster, policy, node, desired);
    const failed = enactmentsOf(cluster, policyName).some(
      (one) => one.status?.policyGeneration === policy.metadata.generation && hasCondition(one, 'Failing'),
    );
    if (failed) {
      setEnactment(cluster, enactment, 'aborted', 'policy has failing enactments, aborting');
    } else if (!wasProgressing && !take(policy)) {
      setEnactment(cluster, enactment, 'pending', 'Waiting for progressing nodes to finish');
      waiting.add(key);
    } else {
      setEnactment(cluster, enactment, 'progressing', 'Applying desired state');
      applying.set(nodeName, policyName);
      clock.after(durationOf(nodeName, desired), () => finish(policy, node, desired));
    }
    updatePolicy(cluster, policy);
  }

  /** A policy that is looked at anew: nobody knows yet. */
  function reset(policy: Policy): void {
    modify<Policy>(cluster, resources.nodeNetworkPolicies, policy, (draft) => {
      const conditions = draft.status?.conditions ?? [];
      const progressing = conditions.some(({ type, status }) => type === 'Progressing' && status === 'True');
      if (!progressing) draft.status = { ...draft.status, conditions: unknownPolicy(now(cluster)) };
    });
  }

  /** Counts a node in as unavailable, if the policy lets one more. */
  function take(policy: Policy): boolean {
    const most = maxUnavailable(policy, enactmentsOf(cluster, policy.metadata.name).length);
    const fresh = store.get<Policy>(resources.nodeNetworkPolicies, undefined, policy.metadata.name);
    if ((fresh?.status?.unavailableNodeCount ?? 0) >= most) return false;
    count(policy, 1);
    return true;
  }

  function count(policy: Policy, change: 1 | -1): void {
    modify<Policy>(cluster, resources.nodeNetworkPolicies, policy, (draft) => {
      const { unavailableNodeCount = 0, ...status } = draft.status ?? {};
      const next = Math.max(0, unavailableNodeCount + change);
      draft.status = {
        ...status,
        ...(next === 0 ? {} : { unavailableNodeCount: next }),
        lastUnavailableNodeCountUpdate: now(cluster),
      };
    });
  }

  function durationOf(node: string, desired: NetworkState): number {
    try {
      const next = applyState(networkOf(cluster, node), desired);
      return random.between(...APPLY) + (cutsOff(node, next) ? PROBE : 0);
    } catch (error) {
      const verified = error instanceof NmstateError && error.message.startsWith('VerificationError');
      return random.between(...REFUSED) + (verified ? VERIFICATION : 0);
    }
  }

  /** The gateway answered before, and does not any more: the ping probe is only run where it worked. */
  function cutsOff(node: string, next: NetworkState): boolean {
    return reachesGateway(networkOf(cluster, node)) && !reachesGateway(next);
  }

  function finish(policy: Policy, node: Node, desired: NetworkState): void {
    const name = node.metadata.name;
    applying.delete(name);
    const policyName = policy.metadata.name;
    const enactment = enactmentOf(cluster, policyName, name);
    if (!isDown(cluster, name) && store.get(resources.nodes, undefined, name) !== undefined) {
      const failure = carryOut(name, desired);
      if (enactment !== undefined) {
        if (failure === undefined) setEnactment(cluster, enactment, 'available', 'successfully reconciled');
        else {
          const message = `error reconciling NodeNetworkConfigurationPolicy on node ${name} at desired state apply: "",\n ${failure}`;
          setEnactment(cluster, enactment, 'failing', message);
          events.warning(policy, { component: `${name}.nmstate-handler` }, 'ReconcileFailed', message);
        }
        count(policy, -1);
        updatePolicy(cluster, policy);
      }
    }
    const fresh = store.get<Policy>(resources.nodeNetworkPolicies, undefined, policyName);
    if (fresh !== undefined && fresh.metadata.generation !== policy.metadata.generation)
      queue.add(`${policyName}/${name}`);
    for (const key of Array.from(waiting)) {
      const [other, at] = key.split('/');
      if (other !== policyName && at !== name) continue;
      waiting.delete(key);
      if (at === name) queue.add(key);
      else queue.addAfter(key, { afterMs: random.between(0, PENDING_RETRY) });
    }
  }

  /** Applies a state to a node. Why it could not be, as the handler has it; then everything is as before. */
  function carryOut(node: string, desired: NetworkState): string | undefined {
    let next: NetworkState;
    try {
      next = applyState(networkOf(cluster, node), desired);
    } catch (error) {
      if (!(error instanceof NmstateError)) throw error;
      return `, NmstateError: ${error.message}\n: failed to execute nmstatectl apply -v --no-commit --timeout 480: exit status 1`;
    }
    if (cutsOff(node, next)) {
      return `rolling back desired state configuration: failed runnig probes after network changes: failed runnig probe 'ping' with after network reconfiguration -> currentState: ${stringify(next)}: context deadline exceeded`;
    }
    const object = store.get<NetworkStateObject>(resources.nodeNetworkStates, undefined, node);
    if (object === undefined) return undefined;
    modify<NetworkStateObject>(cluster, resources.nodeNetworkStates, object, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, 'nmstate.io/force-nns-refresh': `${clock.now()}000000` };
      draft.status = { ...draft.status, currentState: next, lastSuccessfulUpdateTime: now(cluster) };
    });
    return undefined;
  }

  /** A node that joined: a machine like those that are there. */
  function report(node: Node): void {
    if (store.get(resources.nodeNetworkStates, undefined, node.metadata.name) !== undefined) return;
    const [like] = store.list<NetworkStateObject>(resources.nodeNetworkStates).slice(-1);
    const nics = nicsOf(like?.status?.currentState ?? {});
    store.create(resources.nodeNetworkStates, networkStateObject(node, freshNetwork(addressOf(node), nics)));
  }

  const allOf = (node: KubeObject): void => {
    for (const policy of store.values(resources.nodeNetworkPolicies))
      queue.add(`${policy.metadata.name}/${node.metadata.name}`);
  };
  return {
    start: () => {
      store.subscribe(({ resource, type, object, previous }) => {
        if (resource === resources.nodeNetworkPolicies) {
          if (type === 'MODIFIED' && previous?.metadata.generation === object.metadata.generation) return;
          for (const node of store.values(resources.nodes)) queue.add(`${object.metadata.name}/${node.metadata.name}`);
        } else if (resource === resources.nodes && type !== 'DELETED') {
          if (type === 'ADDED') report(object);
          const back =
            previous?.metadata.annotations?.[DOWN] === 'true' && object.metadata.annotations?.[DOWN] !== 'true';
          const relabelled = JSON.stringify(previous?.metadata.labels) !== JSON.stringify(object.metadata.labels);
          if (type === 'ADDED' || back || relabelled) allOf(object);
        } else if (resource === resources.nodeNetworkStates && type === 'DELETED') {
          const node = store.get<Node>(resources.nodes, undefined, object.metadata.name);
          const { status } = object as NetworkStateObject;
          if (node !== undefined) store.create(resource, networkStateObject(node, status?.currentState ?? {}));
        }
      });
    },
  };
}

/** A node's network as nmstate-handler reports it. */
export function networkStateObject(node: Node, currentState: NetworkState): NetworkStateObject {
  return {
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    metadata: {
      name: node.metadata.name,
      labels: { 'nmstate.io/node': node.metadata.name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid ?? '' }],
    },
    status: { currentState, hostNetworkManagerVersion: '1.52.0', handlerNmstateVersion: '2.2.45' },
  };
}
