import { strategyOf } from '../../model/eviction.ts';
import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import { conditionOf } from '../../model/vm.ts';
import { atEvent, type Cause } from '../cause.ts';
import { cordonedSince } from '../started-by.ts';

const ASSIGNED = /^Successfully assigned \S+ to (\S+)$/;

/** A drain shuts VMs down whose eviction strategy does not say otherwise; the VM starts elsewhere (facts/kubevirt.md B4). */
export const restartedByDrain: Cause = {
  id: 'vm/restarted-by-drain',
  title: 'A drain restarted it instead of migrating it',
  source: 'facts/kubevirt.md A3, B4; facts/anchors.md 2 pain 28',
  needs: ['nodes', 'virtualMachineInstances', 'kubeVirts'],
  reads: ['events'],
  vm({ vm, vmi, snapshot, events }) {
    const begun = Date.parse(vmi?.metadata.creationTimestamp ?? '');
    if (vmi === undefined || Number.isNaN(begun)) return undefined;
    const strategy = strategyOf(vm, snapshot);
    const shutsDown =
      strategy.value === 'None' ||
      (strategy.value === 'LiveMigrateIfPossible' && conditionOf(vm, 'LiveMigratable')?.status !== 'True');
    if (!shutsDown) return undefined;
    // Its last launcher before this VMI: where it was.
    const before = events.findLast(
      ({ reason, message, last }) => reason === 'Scheduled' && ASSIGNED.test(message) && Date.parse(last) < begun,
    );
    const name = before === undefined ? undefined : ASSIGNED.exec(before.message)?.[1];
    const node = nodesOf(snapshot).get(name ?? '');
    if (before === undefined || node === undefined || !node.cordoned || node.name === vm.node) return undefined;
    if ((cordonedSince(node) ?? 0) > begun) return undefined;
    return {
      confidence: 'likely',
      message: `it ran on ${node.name}, which is being emptied, and was shut down and started anew: with evictionStrategy ${strategy.value} a drain does not migrate it`,
      evidence: [
        ...strategy.evidence,
        atEvent(before),
        atField(node.object, '.spec.unschedulable', true),
        atField(vmi, '.metadata.creationTimestamp', vmi.metadata.creationTimestamp),
      ],
      remedies: [
        'Set evictionStrategy: LiveMigrate in its template; it counts from its next start on. For all VMs: spec.evictionStrategy of the HyperConverged.',
        `Before the next drain, see what it would do to each VM: ferry check node/${node.name}.`,
      ],
    };
  },
};
