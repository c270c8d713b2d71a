import { strategyOf } from '../../../model/eviction.ts';
import type { Evidence } from '../../../model/finding.ts';
import { keyOf } from '../../../model/memo.ts';
import { type Vm, vmsByName } from '../../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft, warning } from '../../check.ts';
import { drainOf } from '../../drain.ts';

/** One VM that neither moves nor ends keeps the whole drain waiting; one that is shut down for good is noticed too late. */
export const drain: Check = {
  id: 'node/drain',
  title: 'A drain of the node would end, and every VM would run afterwards',
  source: 'facts/kubevirt.md A3, B4, C2; facts/anchors.md 2 (pains 1, 27, 28)',
  needs: ['nodes', 'pods', 'virtualMachines', 'virtualMachineInstances', 'kubeVirts', 'disruptionBudgets'],
  runNode(node, snapshot, items): Draft[] {
    const vms = vmsByName(snapshot);
    return drainOf(node, snapshot, items).steps.flatMap(({ vm: { namespace, name }, does, why, to }): Draft[] => {
      const vm = vms.get(keyOf(namespace, name));
      if (vm === undefined) return [];
      const label = `VM ${namespace}/${name}`;
      const strategy = strategyOf(vm, snapshot);
      const evidence = [...strategy.evidence, atVm(vm, '.status.nodeName', vm.node)];
      switch (does) {
        case 'blocks':
          return [
            blocker(vm, {
              message: `a drain of ${node.name} would wait for ever for ${label}: ${why ?? 'it cannot move'}`,
              summary: `${label} blocks a drain: ${why ?? 'it cannot move'}`,
              evidence,
              remedy: `See ferry check -n ${namespace} ${name} --explain for what keeps it; or stop it, or move it cold, before the drain.`,
              allows: 'cold',
            }),
          ];
        case 'waits for others':
          return [
            blocker(vm, {
              message: `a drain of ${node.name} would wait for ${label} until something outside of KubeVirt moves it: its eviction strategy is External`,
              evidence,
              remedy: `Make sure that its controller (for example Cluster API) works, or move the VM yourself: ferry move -n ${namespace} ${name}.`,
              allows: 'nothing',
            }),
          ];
        case 'down meanwhile':
          return [
            warning(vm, {
              message: `a drain of ${node.name} would shut ${label} down until the node is open again: ${why ?? 'it can start nowhere else'}`,
              evidence,
              remedy:
                'Plan the downtime, or see first to it that it can start elsewhere: shared storage, or room on another node.',
            }),
          ];
        case 'stays off':
        case 'gone':
          return [
            warning(vm, {
              message: `a drain of ${node.name} would shut ${label} down for good: ${why ?? 'nothing starts it again'}`,
              evidence: [...evidence, ...(vm.vm === undefined ? [] : [atRunStrategy(vm)])],
              remedy:
                'Move it live before the drain, give it the eviction strategy LiveMigrate, or be ready to start it by hand afterwards.',
            }),
          ];
        case 'restarts':
          return [
            warning(vm, {
              message: `a drain of ${node.name} would restart ${label}: with the eviction strategy ${strategy.value ?? 'None'} it is shut down, not moved${to === undefined ? '' : `; it fits on ${to}`}`,
              evidence,
              remedy:
                'If it must not go down, move it live before the drain, or give it the eviction strategy LiveMigrate; otherwise nothing is needed.',
            }),
          ];
        case 'unknown':
          return [
            warning(vm, {
              message: `what a drain of ${node.name} would do to ${label} can't be told: it has no eviction strategy of its own, and the cluster's could not be read`,
              evidence,
              remedy: 'Get the right to list kubevirts.kubevirt.io, or ask an administrator.',
            }),
          ];
        default:
          return [];
      }
    });
  },
};

function atRunStrategy({ vm, namespace, name }: Vm): Evidence {
  const object = { kind: 'VirtualMachine', namespace, name };
  const strategy = vm?.spec.runStrategy;
  return strategy === undefined
    ? at(object, '.spec.running', vm?.spec.running)
    : at(object, '.spec.runStrategy', strategy);
}
