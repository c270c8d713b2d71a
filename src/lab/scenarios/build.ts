import type { KubeObject } from '../../model/objects.ts';
import { seconds } from '../api/store.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { createConfiguration } from './build-configuration.ts';
import { createDescheduler } from './build-descheduler.ts';
import { createDedicatedNetwork } from './build-network.ts';
import { createCsiNode, createNetworkState, createNode, nodesIn } from './build-nodes.ts';
import { createSystemPods, podPlacer, SYSTEM_NAMESPACES } from './build-system.ts';
import { createStorageClass, createVm } from './build-vms.ts';
import type { Scenario } from './scenario.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Fills an empty store with a scenario: a cluster that has run for a while. VMs are bound to their nodes directly. */
export function buildScenario(cluster: Cluster, scenario: Scenario): void {
  const { clock, store } = cluster;
  const random = cluster.random.fork('scenario');
  const oldest = Math.max(0, ...scenario.vms.map(({ ageDays }) => ageDays));
  const born = seconds(clock.now() - (oldest + 30) * DAY);
  for (const { name, labels } of [...SYSTEM_NAMESPACES.map((name) => ({ name, labels: {} })), ...scenario.namespaces]) {
    const namespace: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, creationTimestamp: born, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    };
    store.create(resources.namespaces, namespace);
  }
  if (scenario.descheduler !== undefined) createDescheduler(cluster, scenario.descheduler, born);
  const nodes = nodesIn(scenario);
  const numbers = new Map<string, number>();
  for (const node of nodes) {
    const number = numbers.get(node.group.prefix) ?? 0;
    numbers.set(node.group.prefix, number + 1);
    createNode(cluster, node, number, born);
    createCsiNode(cluster, scenario.storage, node, born);
    createNetworkState(store, scenario, node);
  }
  for (const kind of scenario.storage) createStorageClass(cluster, kind, born);
  createConfiguration(cluster, scenario, nodes.filter(({ runsVms }) => runsVms).length, born);
  createDedicatedNetwork(cluster, scenario, born);
  const place = podPlacer(cluster);
  createSystemPods(cluster, scenario, nodes, place, born);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  for (const vm of scenario.vms) createVm(cluster, scenario, vm, byName, place, random);
}
