import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { type NodeView, nodesOf, vmNodesOf } from '../../model/nodes.ts';
import { byNodeOf } from '../by-node.ts';
import { type Cause } from '../cause.ts';

/** Kubernetes gives the pods of a node out of reach up after so long, s (facts/kubevirt.md C4). */
const EVICTED_AFTER = 300;

const REMEDIES = [
  'Bring the node back: its VMs may still be running on it, and go on as if nothing had been.',
  'If it is gone for good, make sure that it is switched off, then tell Kubernetes: kubectl taint node NODE node.kubernetes.io/out-of-service=nodeshutdown:NoExecute. Its VMs start elsewhere then. A node that is not off would write the same disks.',
  'Have nodes fenced in future: Node Health Check with Self Node Remediation or Fence Agents.',
];

function evidenceOf(node: NodeView): Evidence[] {
  const condition = node.object.status?.conditions?.find(({ type }) => type === 'Ready');
  return [
    atField(node.object, '.status.conditions[type=Ready].status', condition?.status),
    ...(condition?.message === undefined
      ? []
      : [atField(node.object, '.status.conditions[type=Ready].message', condition.message)]),
  ];
}

function since(node: NodeView, now: number): string {
  const time = node.object.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  if (time === undefined) return '';
  const seconds = (now - Date.parse(time)) / 1000;
  return ` for ${seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`}${seconds < EVICTED_AFTER ? `; after ${EVICTED_AFTER} s Kubernetes gives its pods up` : ', so that Kubernetes has given its pods up'}`;
}

/** Nothing migrates off a node that does not answer: a live migration needs its source alive (facts/kubevirt.md C4). */
export const nodeNotReady: Cause = {
  id: 'node/not-ready',
  title: 'The node does not answer',
  source: 'facts/kubevirt.md C4; facts/anchors.md 2 pains 28, 32',
  needs: ['nodes', 'virtualMachineInstances', 'pods'],
  vm({ vm, snapshot, now }) {
    const node = nodesOf(snapshot).get(vm.node ?? '');
    if (!vm.running || node === undefined || node.ready) return undefined;
    return {
      confidence: 'certain',
      message: `its node ${node.name} has not been ready${since(node, now)}. Nobody knows whether its guest still runs; it cannot be migrated off, and starts elsewhere only when its old pod is gone for sure`,
      evidence: evidenceOf(node),
      remedies: REMEDIES.map((text) => text.replace('NODE', node.name)),
    };
  },
  node(node, { snapshot, now }) {
    if (node.ready) return undefined;
    const vms = byNodeOf(snapshot, node.name);
    return {
      confidence: 'certain',
      message: `${node.name} has not been ready${since(node, now)}. ${vms.length === 0 ? 'No VM is on it' : `Its ${vms.length} VM${vms.length === 1 ? '' : 's'} (${vms.map(({ namespace, name }) => `${namespace}/${name}`).join(', ')}) cannot be migrated off it, and start elsewhere only when their old pods are gone for sure`}`,
      evidence: evidenceOf(node),
      remedies: REMEDIES.map((text) => text.replace('NODE', node.name)),
    };
  },
  cluster({ snapshot }) {
    const away = vmNodesOf(snapshot).filter(({ ready }) => !ready);
    if (away.length === 0) return undefined;
    const count = away.reduce((sum, { name }) => sum + byNodeOf(snapshot, name).length, 0);
    return {
      confidence: 'certain',
      message: `${away.map(({ name }) => name).join(', ')} ${away.length === 1 ? 'is' : 'are'} not ready: ${count} VM${count === 1 ? '' : 's'} there cannot be migrated off`,
      evidence: away.flatMap(evidenceOf),
      remedies: away.map(({ name }) => `See what to do: ferry diagnose node/${name}.`),
    };
  },
  texts: [/Kubelet stopped posting node status/, /NodeNotReady/, /NodeStatusUnknown/],
  meaning: {
    message:
      'The node does not answer. Its VMs cannot be migrated off; they start elsewhere only when their old pods are gone for sure.',
    remedies: ['See its VMs and what to do: ferry diagnose node/NODE.'],
  },
};
