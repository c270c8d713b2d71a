import { at as atField } from '../../model/finding.ts';
import { nodesOf, vmNodesOf } from '../../model/nodes.ts';
import { conditionOf } from '../../model/vm.ts';
import { type Cause } from '../cause.ts';

/** A VM that was to start elsewhere, after the loss of its node or a cold move, and finds no room. */
export const noNode: Cause = {
  id: 'vm/no-node',
  title: 'It cannot start: no node can take it',
  source: 'facts/kubevirt.md A2 (ErrorUnschedulable), C4, F2, F3',
  needs: ['nodes', 'virtualMachineInstances', 'pods'],
  vm({ vm, vmi, snapshot }) {
    const scheduled = conditionOf(vm, 'PodScheduled');
    if (vmi === undefined || vm.node !== undefined) return undefined;
    if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined;
    const away = vmNodesOf(snapshot).filter(
      ({ ready, cordoned, schedulable }) => !ready || cordoned || schedulable === false,
    );
    const names = away.map(({ name }) => name).join(', ');
    return {
      confidence: 'certain',
      message: `no node can take it${scheduled.message === undefined ? '' : `: ${scheduled.message}`}${away.length === 0 ? '' : ` Of the nodes for VMs ${names} ${away.length === 1 ? 'is' : 'are'} cordoned, not ready or without a working virt-handler.`}`,
      evidence: [
        atField(vmi, '.status.conditions[type=PodScheduled].reason', scheduled.reason),
        ...(scheduled.message === undefined
          ? []
          : [atField(vmi, '.status.conditions[type=PodScheduled].message', scheduled.message)]),
        ...away.flatMap(({ object, cordoned, ready }) => [
          ...(cordoned ? [atField(object, '.spec.unschedulable', true)] : []),
          ...(ready
            ? []
            : [
                atField(
                  object,
                  '.status.conditions[type=Ready].status',
                  nodesOf(snapshot).get(object.metadata.name)?.readyStatus,
                ),
              ]),
        ]),
      ],
      remedies: [
        ...(away.length === 0
          ? []
          : [`Bring back what is away: ${away.map(({ name }) => `ferry diagnose node/${name}`).join(', ')}.`]),
        `See every reason: ferry check ${vm.name} -n ${vm.namespace}.`,
        'Make room: stop or move VMs that matter less.',
      ],
    };
  },
  texts: [/ErrorUnschedulable/],
  meaning: {
    message: 'The VM is to run, but no node has room for it or may take it.',
    remedies: ['See which nodes, and why not: ferry diagnose VM.'],
  },
};
