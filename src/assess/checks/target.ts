import { type NodeView, nodesOf } from '../../model/nodes.ts';
import type { ObjectionKind } from '../../model/objections.ts';
import { objectionsTo, podsAreKnown, targetsOf } from '../../model/placement.ts';
import { unevaluated } from '../../model/pod-terms.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { targetPodOf } from '../../model/target-pod.ts';
import { takesTarget } from '../../model/versions/index.ts';
import type { Vm } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft, info } from '../check.ts';

const kindTexts: Record<ObjectionKind, string> = {
  'not-ready': 'NotReady',
  cordoned: 'cordoned',
  'no-virt-handler': 'without a ready virt-handler',
  'not-coreos': 'not CoreOS',
  selector: 'not matching its node selector',
  'node-affinity': 'not matching its node affinity',
  pressure: 'short of memory, disk space or process numbers',
  'machine-type': 'without its machine type',
  ability: 'without a hardware or kubelet feature it asks for',
  network: "without its network's bridge or interface",
  volume: 'that cannot reach its volume',
  'attach-limit': 'to which no more volumes can be attached',
  spread: 'ruled out by its topology spread constraint',
  taint: 'with a taint it does not tolerate',
  'pod-affinity': 'ruled out by pod (anti-)affinity',
  room: 'without room',
  cpu: 'with another CPU',
};

const kindRemedies: Record<ObjectionKind, string> = {
  'not-ready': 'Bring the NotReady nodes back.',
  cordoned: 'Uncordon a node (kubectl uncordon).',
  'no-virt-handler': 'See to it that virt-handler runs there and is ready. If the node is not meant for VMs, leave it.',
  'not-coreos': 'Use CoreOS nodes.',
  selector: "Change the VM's node selector or the nodes' labels.",
  'node-affinity': "Change the VM's node affinity or the nodes' labels.",
  pressure: 'Find out what uses it up there; move other VMs away.',
  'machine-type': 'Restart the VM, which takes the newest machine type of its kind, or update the node.',
  ability: 'Choose nodes that are set up for it (CPU manager, real-time, TSC, Hyper-V, confidential computing).',
  network: 'Configure the bridge or interface there (NodeNetworkConfigurationPolicy).',
  'attach-limit':
    'Move a VM with as many volumes away from it; how many a node takes is in its CSINode object (.spec.drivers[].allocatable.count), which the storage driver writes.',
  volume: 'Move the volume to storage that all nodes reach (storage migration).',
  spread: 'Move the other pods it counts first, or relax the constraint (maxSkew, whenUnsatisfiable).',
  taint: 'Remove the taint, or add a toleration to the VM.',
  'pod-affinity': 'Move the other VM first, or relax the (anti-)affinity rule.',
  room: 'Free room on a node: move other VMs away from it, or add a node.',
  cpu: 'Move it cold, or give the VM a CPU model that all nodes have.',
};

/** There has to be a node that can take the VM: the one that was asked for, or any other. */
export const target: Check & { runVm(vm: Vm, snapshot: Snapshot): Draft[] } = {
  id: 'target/possible',
  title: 'A node can take the VM',
  source:
    'mission: checklist 3, MUST HAVE (capacity), CANNOT (cordoned, NotReady); facts/kubevirt.md C1, F; facts/anchors.md 6 row 15',
  needs: ['nodes', 'pods', 'kubeVirts', 'claims', 'volumes', 'csiNodes'],
  run(vm, snapshot, request): Draft[] {
    if (!snapshot.lists.nodes.known) return [];
    const findings = request.target === undefined ? anywhere(vm, snapshot) : there(vm, snapshot, request.target);
    return [...findings, ...undecided(vm, snapshot)];
  },
  // What it says of the VM whatever the node.
  runVm(vm, snapshot): Draft[] {
    return [...hostModel(vm, snapshot), ...undecided(vm, snapshot)];
  },
};

/** What to do about an objection of a kind. */
export function remedyFor(kind: ObjectionKind): string {
  return kindRemedies[kind];
}

function anywhere(vm: Vm, snapshot: Snapshot): Draft[] {
  if (vm.node === undefined) return [];
  const findings = hostModel(vm, snapshot);
  const { live, cold, others, counts, examples } = targetsOf(vm, snapshot);
  if (live) return findings;
  if (others === 0) {
    return [
      ...findings,
      blocker(vm, {
        message: 'there is no other node that runs VMs',
        evidence: atVm(vm, '.status.nodeName', vm.node),
        remedy: 'Add a node. On a single node, a VM can only be stopped and started where it is.',
        allows: 'nothing',
      }),
    ];
  }
  const why = counts.map(([kind, count]) => `${count} ${kindTexts[kind]}`).join(', ');
  findings.push(
    blocker(vm, {
      message: `none of the ${others} other node${others === 1 ? '' : 's'} can take it: ${why}; ${example(examples)}`,
      summary: `none of the ${others} other node${others === 1 ? '' : 's'} can take it: ${why}`,
      evidence: examples.map(({ node, objection }) => at(node.object, objection.field, objection.value)),
      remedy: counts.map(([kind]) => kindRemedies[kind]).join(' '),
      allows: cold ? 'cold' : 'nothing',
    }),
  );
  return findings;
}

function example(examples: { node: NodeView; objection: { kind: ObjectionKind; message: string } }[]): string {
  // What is nearest to being possible says most.
  const nearest = ['cpu', 'room', 'pod-affinity', 'taint'].flatMap((kind) =>
    examples.filter(({ objection }) => objection.kind === kind),
  )[0];
  const shown = nearest ?? examples[0];
  return shown === undefined ? '' : `for example, ${shown.node.name} ${shown.objection.message}`;
}

function there(vm: Vm, snapshot: Snapshot, name: string): Draft[] {
  const node = nodesOf(snapshot).get(name);
  if (node === undefined) {
    return [
      blocker(vm, {
        message: `there is no node ${name}`,
        evidence: at({ kind: 'Node', name }, '.metadata.name', undefined),
        remedy: `Choose one of: ${[...nodesOf(snapshot).keys()].slice(0, 20).join(', ')}.`,
        allows: 'nothing',
      }),
    ];
  }
  if (vm.node === name) {
    return [
      blocker(vm, {
        message: `it is already on ${name}`,
        evidence: atVm(vm, '.status.nodeName', name),
        remedy: 'Choose another node, or leave the VM where it is.',
        allows: 'nothing',
      }),
    ];
  }
  const findings = hostModel(vm, snapshot);
  for (const { message, field, value, kind, liveOnly } of objectionsTo(node, vm, snapshot)) {
    findings.push(
      blocker(vm, {
        message: `node ${name} ${message}`,
        evidence: at(node.object, field, value),
        remedy: `${kindRemedies[kind]} Or choose another node.`,
        allows: liveOnly ? 'cold' : 'nothing',
      }),
    );
  }
  if (vm.running && takesTarget(snapshot.versions.kubevirt) === false) {
    findings.push(
      blocker(vm, {
        message: `KubeVirt ${snapshot.versions.kubevirt} can't be told where to migrate to: addedNodeSelector came with v1.6`,
        evidence: at(
          { kind: 'KubeVirt', name: 'kubevirt' },
          '.status.observedKubeVirtVersion',
          snapshot.versions.kubevirt,
        ),
        remedy: 'Leave the choice of the node to the cluster, or upgrade to OpenShift Virtualization 4.20 or later.',
        allows: 'cold',
      }),
    );
  }
  return findings;
}

function hostModel(vm: Vm, snapshot: Snapshot): Draft[] {
  if (vm.node === undefined || !targetPodOf(vm, snapshot).hostModelUnknown) return [];
  const node = nodesOf(snapshot).get(vm.node);
  return [
    blocker(vm, {
      message: `its CPU model is host-model, but its node ${vm.node} does not tell which model it has: the migration would stay Pending`,
      evidence: at(
        node?.object ?? { kind: 'Node', name: vm.node },
        '.metadata.labels["host-model-cpu.node.kubevirt.io/..."]',
        undefined,
      ),
      remedy: "See to it that virt-handler's node labeller labels the node, or move the VM cold.",
      allows: 'cold',
    }),
  ];
}

function undecided(vm: Vm, snapshot: Snapshot): Draft[] {
  if (vm.node === undefined) return [];
  const pod = targetPodOf(vm, snapshot);
  const spread = pod.spread.length > 0 && !podsAreKnown(snapshot);
  const affinity = vm.spec.affinity !== undefined && unevaluated(pod, snapshot);
  const rules = [
    ...(spread ? ['topology spread constraints'] : []),
    ...(affinity ? ['pod affinity by namespace labels'] : []),
  ];
  if (rules.length === 0) return [];
  return [
    info(vm, {
      message: `its ${rules.join(' and ')} could not be looked at in full; the scheduler may find fewer nodes possible`,
      evidence: spread
        ? atVm(vm, '.spec.topologySpreadConstraints', vm.spec.topologySpreadConstraints)
        : atVm(vm, '.spec.affinity', vm.spec.affinity),
      remedy: 'If the migration stays in Scheduling, look at the events of its target pod.',
    }),
  ];
}
