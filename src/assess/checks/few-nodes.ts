import { perSnapshot } from '../../model/memo.ts';
import { vmNodesOf } from '../../model/nodes.ts';
import { lastingKinds, nodeObjections } from '../../model/objections.ts';
import { podsAreKnown } from '../../model/placement.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { targetPodOf } from '../../model/target-pod.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atVm, type Check, type Draft, warning } from '../check.ts';

/** Nodes whose labels and taints let the VM in, whatever room they have and whether they are up; at most `enough`. */
const openTo = perSnapshot(() => new Map<string, string[]>());

function nodesFor(vm: Vm, snapshot: Snapshot): string[] {
  const pod = targetPodOf(vm, snapshot);
  const known = openTo(snapshot);
  let names = known.get(pod.key);
  if (names === undefined) {
    const premises = { podsKnown: podsAreKnown(snapshot), openshift: snapshot.versions.openshift };
    names = vmNodesOf(snapshot)
      .filter((node) => !nodeObjections(pod, node, premises).some(({ kind }) => lastingKinds.has(kind)))
      .map(({ name }) => name);
    known.set(pod.key, names);
  }
  return names;
}

/** A VM that only one other node may take is one failure away from being stuck; nodes that are full or down come on top. */
export const fewNodes: Check = {
  id: 'placement/few-nodes',
  title: 'Several nodes may take the VM',
  source: 'mission: checklist 3; facts/kubevirt.md C1 (target pod), F2; facts/anchors.md 2 (pain 5)',
  needs: ['nodes', 'kubeVirts'],
  run(vm, snapshot): Draft[] {
    if (vm.node === undefined) return [];
    const others = vmNodesOf(snapshot).length - 1;
    if (others < 2) return [];
    const all = nodesFor(vm, snapshot);
    if (all.length > 2) return [];
    const open = all.filter((name) => name !== vm.node);
    // None at all: that is said of each node by target/possible.
    if (open.length !== 1) return [];
    const [only = ''] = open;
    return [
      warning(vm, {
        message: `of the ${others} other nodes only ${only} meets its node selector, affinity, tolerations and CPU; if ${only} is full or down, it can't move`,
        summary: `only one other node may take it: ${only}`,
        evidence: evidenceOf(vm, snapshot),
        remedy:
          'Relax the rule, or give more nodes the labels or the CPU it asks for. A host-model CPU is fixed by the first migration until the VM is restarted.',
      }),
    ];
  },
};

function evidenceOf(vm: Vm, snapshot: Snapshot) {
  const { nodeSelector, affinity } = vm.spec;
  const { cpuSelector } = targetPodOf(vm, snapshot);
  const found = [
    ...(nodeSelector === undefined || Object.keys(nodeSelector).length === 0
      ? []
      : [atVm(vm, '.spec.nodeSelector', nodeSelector)]),
    ...(affinity?.nodeAffinity === undefined ? [] : [atVm(vm, '.spec.affinity.nodeAffinity', affinity.nodeAffinity)]),
  ];
  if (found.length > 0) return found;
  const model = atVm(vm, '.spec.domain.cpu.model', vm.spec.domain.cpu?.model);
  if (Object.keys(cpuSelector).length > 0) return [model];
  return vm.launcher === undefined
    ? [model]
    : [model, at(vm.launcher, '.spec.nodeSelector', vm.launcher.spec?.nodeSelector)];
}
