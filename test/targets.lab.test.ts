import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Store } from '../src/lab/api/store.ts';
import { Clock } from '../src/lab/clock.ts';
import { type Cluster, createCluster } from '../src/lab/cluster.ts';
import { launcherPod } from '../src/lab/controllers/launcher-pod.ts';
import { questionOf, reject, usage } from '../src/lab/controllers/scheduling.ts';
import { TargetUnknown, targetPod } from '../src/lab/controllers/target-pod.ts';
import { random } from '../src/lab/random.ts';
import { resources } from '../src/lab/resources.ts';
import { buildScenario } from '../src/lab/scenarios/build.ts';
import { fakeHypervisor } from '../src/lab/testing.ts';
import { nodesOf } from '../src/model/nodes.ts';
import type { Node, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../src/model/objects.ts';
import { objectionsTo, targetsOf } from '../src/model/placement.ts';
import { requestsOf } from '../src/model/pods.ts';
import { targetPodOf } from '../src/model/target-pod.ts';
import { type KubeVirtVersion, takesTarget, versions } from '../src/model/versions/index.ts';
import { vmsOf } from '../src/model/vm.ts';
import { labSnapshot } from './targets/lab-snapshot.ts';
import { applyChanges, podOf, type RandomCluster, randomCluster, scenarioOf } from './targets/random-cluster.ts';

// What Ferry says of nodes as targets, against the lab's virt-controller and scheduler, which share no code with it.

function labOf(version: KubeVirtVersion, of: RandomCluster): Cluster {
  const clock = new Clock(Date.parse('2026-03-01T08:00:00Z'));
  const rng = random('targets');
  const cluster = createCluster({
    clock,
    random: rng,
    store: new Store(clock, rng),
    hypervisor: fakeHypervisor(clock, 5, []),
    version,
  });
  buildScenario(cluster, scenarioOf(of));
  applyChanges(cluster, of);
  return cluster;
}

/** Which of the nodes the lab's scheduler would bind a pod to, were the others not there; undefined: there is no pod. */
function open(cluster: Cluster, pod: Pod | undefined): string[] {
  if (pod === undefined) return [];
  const question = questionOf(cluster, usage(cluster), pod);
  return cluster.store
    .list<Node>(resources.nodes)
    .filter((node) => reject(usage(cluster), question, node) === undefined)
    .map(({ metadata }) => metadata.name);
}

function migrationTo(node: string | undefined): VirtualMachineInstanceMigration {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: 'm', uid: 'm' },
    spec: node === undefined ? {} : { addedNodeSelector: { 'kubernetes.io/hostname': node } },
  };
}

function liveTarget(cluster: Cluster, vmi: VirtualMachineInstance, node: string | undefined): Pod | undefined {
  try {
    return targetPod(cluster, vmi, migrationTo(node), podOf(cluster, vmi));
  } catch (error) {
    if (error instanceof TargetUnknown) return undefined;
    throw error;
  }
}

const names = ['worker-0', 'worker-1', 'worker-2'];

describe.each(versions.map((version) => [version.name, version] as const))('KubeVirt %s', (_, version) => {
  const told = takesTarget(version.kubevirt) !== false;

  test('a node is called possible exactly if the target pod is bound where it may go there only', () => {
    fc.assert(
      fc.property(randomCluster, (of) => {
        const cluster = labOf(version, of);
        const snapshot = labSnapshot(cluster);
        for (const vm of vmsOf(snapshot)) {
          const vmi = vm.vmi!;
          for (const name of names.filter((each) => each !== vm.node)) {
            const objections = objectionsTo(nodesOf(snapshot).get(name)!, vm, snapshot);
            const said = objections.length === 0 && !targetPodOf(vm, snapshot).hostModelUnknown;
            const done = open(cluster, liveTarget(cluster, vmi, told ? name : undefined)).includes(name);
            expect({ vm: vm.name, on: vm.node, name, live: said, objections }).toEqual({
              vm: vm.name,
              on: vm.node,
              name,
              live: done,
              objections,
            });
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('some node is called possible exactly if the scheduler finds one when it may choose', () => {
    fc.assert(
      fc.property(randomCluster, (of) => {
        const cluster = labOf(version, of);
        const snapshot = labSnapshot(cluster);
        for (const vm of vmsOf(snapshot)) {
          const said = targetsOf(vm, snapshot);
          const pod = liveTarget(cluster, vm.vmi!, undefined);
          if (pod === undefined) {
            expect(targetPodOf(vm, snapshot).hostModelUnknown).toBe(true);
            continue;
          }
          const done = open(cluster, pod).filter((name) => name !== vm.node);
          expect([vm.name, said.live, said.examples.map(({ node, objection }) => [node.name, objection])]).toEqual([
            vm.name,
            done.length > 0,
            said.examples.map(({ node, objection }) => [node.name, objection]),
          ]);
          // Every other node has been counted, under one kind.
          if (!said.live) expect(said.counts.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('a node is called possible by a restart exactly if a new launcher is bound there once the old one is gone', () => {
    fc.assert(
      fc.property(randomCluster, (of) => {
        const cluster = labOf(version, of);
        const snapshot = labSnapshot(cluster);
        const [vm] = vmsOf(snapshot);
        const vmi = structuredClone(vm!.vmi!);
        const stopped = labOf(version, of);
        const old = podOf(stopped, vmi);
        stopped.store.delete(resources.pods, old.metadata.namespace, old.metadata.name);
        const stored = structuredClone(
          stopped.store.get<VirtualMachineInstance>(resources.vmis, vmi.metadata.namespace, vmi.metadata.name)!,
        );
        if (stored.status !== undefined) delete stored.status.machine;
        for (const name of names.filter((each) => each !== vm!.node)) {
          const objections = objectionsTo(nodesOf(snapshot).get(name)!, vm!, snapshot);
          const pod = launcherPod(stopped, stored);
          if (told) pod.spec!.nodeSelector = { 'kubernetes.io/hostname': name, ...pod.spec!.nodeSelector };
          const cold = objections.every(({ liveOnly }) => liveOnly);
          const done = open(stopped, pod).includes(name);
          // A rule that is met thanks to its own pod may not be met once that is gone: this is not foreseen.
          const { affinity, topologySpreadConstraints } = vm!.spec;
          if (cold && !done && (affinity?.podAffinity ?? topologySpreadConstraints) !== undefined) continue;
          expect([name, cold, objections]).toEqual([name, done, objections]);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('the requests of the new launcher are those of the pod that is rendered', () => {
    fc.assert(
      fc.property(randomCluster, (of) => {
        const cluster = labOf(version, of);
        const snapshot = labSnapshot(cluster);
        for (const vm of vmsOf(snapshot)) {
          expect(targetPodOf(vm, snapshot).requests).toEqual(requestsOf(launcherPod(cluster, vm.vmi!)));
        }
      }),
      { numRuns: 30 },
    );
  });
});
