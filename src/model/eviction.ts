import { at, type Evidence } from './finding.ts';
import type { NodeView } from './nodes.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { atLeast } from './version-order.ts';
import type { Vm } from './vm.ts';

/** KubeVirt's default of nodeDrainTaintKey (facts/kubevirt.md A8). */
const DRAIN_TAINT = 'kubevirt.io/drain';

export interface Strategy {
  /** LiveMigrate, LiveMigrateIfPossible, External or None; undefined where the cluster's own is not known. */
  value: string | undefined;
  from: 'vm' | 'cluster' | 'default' | 'unknown';
  evidence: Evidence[];
}

/** The eviction strategy in force: the VM's own, else the cluster's, else KubeVirt's built-in None (facts/kubevirt.md A3). */
export function strategyOf({ vm, vmi, spec }: Vm, snapshot: Snapshot): Strategy {
  const own = spec.evictionStrategy;
  if (own !== undefined) {
    const prefix = vmi === undefined ? '.spec.template.spec' : '.spec';
    const object = vmi ?? vm;
    return {
      value: own,
      from: 'vm',
      evidence: object === undefined ? [] : [at(object, `${prefix}.evictionStrategy`, own)],
    };
  }
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
  if (kubeVirt === undefined) return { value: undefined, from: 'unknown', evidence: [] };
  const value = kubeVirt.spec?.configuration?.evictionStrategy;
  return {
    value: value ?? 'None',
    from: value === undefined ? 'default' : 'cluster',
    evidence: [at(kubeVirt, '.spec.configuration.evictionStrategy', value)],
  };
}

/** The VM's run strategy; `running` is its older form. Undefined for a VMI without a VM. */
export function runStrategyOf({ vm }: Vm): string | undefined {
  if (vm === undefined) return undefined;
  return vm.spec.runStrategy ?? (vm.spec.running === true ? 'Always' : 'Halted');
}

/** The node that a running VM was asked to leave, by an eviction. */
export function evacuatedFrom({ running, vmi }: Vm): string | undefined {
  return running ? vmi?.status?.evacuationNodeName || undefined : undefined;
}

/** The taint that makes KubeVirt empty a node. */
export function drainTaintKey(snapshot: Snapshot): string {
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
  return kubeVirt?.spec?.configuration?.migrations?.nodeDrainTaintKey ?? DRAIN_TAINT;
}

/** What shows that a node is to be emptied: a cordon, KubeVirt's drain taint, or the cluster autoscaler's; undefined if nothing does. */
export function emptyingOf(node: NodeView | undefined, snapshot: Snapshot): Evidence | undefined {
  if (node === undefined) return undefined;
  if (node.cordoned) return at(node.object, '.spec.unschedulable', true);
  const keys = new Set([drainTaintKey(snapshot), 'ToBeDeletedByClusterAutoscaler']);
  const taint = node.taints.find(({ key, effect }) => keys.has(key) && effect === 'NoSchedule');
  return taint && at(node.object, `.spec.taints[key=${taint.key}].effect`, taint.effect);
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
