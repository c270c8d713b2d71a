import { evacuatedFrom, unmarking } from '../../../model/eviction.ts';
import { failedInARow } from '../../../model/migrations.ts';
import { nodesOf } from '../../../model/nodes.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { type Vm, vmsOf } from '../../../model/vm.ts';
import { at, type Check, type Draft, info, warning } from '../../check.ts';

/** A VM that was asked to leave a node stays marked until it has; while it is, KubeVirt tries again and again. */
export const evacuation: Check = {
  id: 'node/evacuation',
  title: 'No VM is stuck in an evacuation',
  source: 'facts/kubevirt.md A3 (evacuationNodeName), C1 (Cancel), C2; facts/anchors.md 2 (pain 2)',
  needs: ['nodes', 'virtualMachineInstances', 'migrations'],
  runNode(node, snapshot): Draft[] {
    return markedOf(snapshot)
      .filter((vm) => evacuatedFrom(vm) === node.name)
      .map((vm) => said(vm, snapshot));
  },
  advise(snapshot): Draft[] {
    return markedOf(snapshot).map((vm) => said(vm, snapshot));
  },
};

function markedOf(snapshot: Snapshot): Vm[] {
  return vmsOf(snapshot).filter((vm) => evacuatedFrom(vm) !== undefined);
}

function said(vm: Vm, snapshot: Snapshot): Draft {
  const name = evacuatedFrom(vm) ?? '';
  const node = nodesOf(snapshot).get(name);
  const label = `VM ${vm.namespace}/${vm.name}`;
  const evidence = [
    at({ kind: 'VirtualMachineInstance', namespace: vm.namespace, name: vm.name }, '.status.evacuationNodeName', name),
  ];
  const [migration] = vm.unfinished;
  const failures = failedInARow(vm.finished).length;
  const still = node?.cordoned === true || (node?.taints ?? []).some(({ effect }) => effect === 'NoSchedule');
  const cancel = unmarking(vm, snapshot).join(' ');
  if (vm.node === name && migration !== undefined && failures < 2) {
    return info(vm, {
      message: `${label} is leaving ${name}: migration ${migration.name} is ${migration.phase || 'waiting'}`,
      evidence,
      remedy: 'Nothing is needed: it was evicted, by a drain, the descheduler or a roll-out.',
    });
  }
  if (vm.node !== name || (node !== undefined && !still)) {
    const where = vm.node === name ? `node ${name} is open again` : `it is on ${vm.node ?? 'no node'} now`;
    return warning(vm, {
      message: `${label} is still marked to leave ${name}, though ${where}: KubeVirt keeps migrating it until one migration succeeds`,
      evidence: [
        ...evidence,
        ...(node === undefined ? [] : [at(node.object, '.spec.unschedulable', node.object.spec?.unschedulable)]),
      ],
      remedy: cancel,
    });
  }
  const why = failures > 0 ? `${failures} migrations in a row have failed` : 'no migration of it is under way';
  return warning(vm, {
    message: `${label} is asked to leave ${name}, but stays: ${why}; the drain waits for it`,
    evidence,
    remedy: `Find out why: ferry diagnose -n ${vm.namespace} ${vm.name}. ${cancel}`,
  });
}
