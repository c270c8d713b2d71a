import type { Evidence } from '../model/finding.ts';
import type { NodeView } from '../model/nodes.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { atLeast } from '../model/version-order.ts';
import type { Vm } from '../model/vm.ts';
import { atField } from './cause.ts';
import { drainTaintKey } from './started-by.ts';

export interface Strategy {
  /** LiveMigrate, LiveMigrateIfPossible, External or None; undefined where the cluster's own is not known. */
  value: string | undefined;
  evidence: Evidence[];
}

/** The eviction strategy in force: the VMI's own, else the cluster's, else KubeVirt's built-in None (facts/kubevirt.md A3). */
export function strategyOf({ vmi, spec }: Vm, snapshot: Snapshot): Strategy {
  const own = spec.evictionStrategy;
  if (own !== undefined && vmi !== undefined) {
    return { value: own, evidence: [atField(vmi, '.spec.evictionStrategy', own)] };
  }
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
  if (kubeVirt === undefined) return { value: undefined, evidence: [] };
  const value = kubeVirt.spec?.configuration?.evictionStrategy;
  return {
    value: value ?? 'None',
    evidence: [atField(kubeVirt, '.spec.configuration.evictionStrategy', value)],
  };
}

/** What shows that a node is to be emptied: a cordon, KubeVirt's drain taint, or the cluster autoscaler's; undefined if nothing does. */
export function emptyingOf(node: NodeView | undefined, snapshot: Snapshot): Evidence | undefined {
  if (node === undefined) return undefined;
  if (node.cordoned) return atField(node.object, '.spec.unschedulable', true);
  const keys = new Set([drainTaintKey(snapshot), 'ToBeDeletedByClusterAutoscaler']);
  const taint = node.taints.find(({ key, effect }) => keys.has(key) && effect === 'NoSchedule');
  return taint && atField(node.object, `.spec.taints[key=${taint.key}].effect`, taint.effect);
}

/** How the mark of an eviction is taken off a VM (facts/kubevirt.md I): a subresource from v1.7 on, before only by a move. */
export function unmarking({ namespace, name, vm, vmi }: Vm, snapshot: Snapshot): string[] {
  const node = vmi?.status?.evacuationNodeName ?? '';
  const byMoving = `Move it: ferry move ${name} -n ${namespace}. A migration that succeeds takes the mark off.`;
  if (atLeast(snapshot.versions.kubevirt, 1, 7) !== true) {
    return [byMoving, 'KubeVirt 1.6 and older have no other way: what was marked is marked until it has moved.'];
  }
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/${vm === undefined ? 'virtualmachineinstances' : 'virtualmachines'}/${name}/evacuate/cancel`;
  return [
    `Take the mark off: echo '{"evacuationNodeName":"${node}"}' | kubectl replace --raw ${path} -f - (virtctl evacuate-cancel leaves the node's name out, which KubeVirt answers with an error).`,
    byMoving,
  ];
}
