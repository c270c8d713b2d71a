import { vmNodesOf } from '../../../model/nodes.ts';
import { formatBytes } from '../../../model/quantity.ts';
import { vmsOf } from '../../../model/vm.ts';
import { atVm, type Check, type Draft, info, warning } from '../../check.ts';
import { counted, some } from '../../text.ts';

const LARGE = 100 * 2 ** 30;

/** Huge pages help very large guests, and tie them to nodes that have reserved some. */
export const hugepages: Check = {
  id: 'workload/hugepages',
  title: 'Large VMs use huge pages, and other nodes have some',
  source: 'mission: Best Practices 2; facts/anchors.md 6 row 13; facts/kubevirt.md E, F3',
  needs: ['virtualMachineInstances', 'nodes'],
  advise(snapshot): Draft[] {
    const subject = { kind: 'KubeVirt', name: 'workloads' };
    const running = vmsOf(snapshot).filter((vm) => vm.running);
    const plain = running.filter(
      ({ memoryBytes = 0, spec }) => memoryBytes > LARGE && spec.domain.memory?.hugepages === undefined,
    );
    const drafts: Draft[] = [];
    const [first] = plain;
    if (first !== undefined) {
      drafts.push(
        info(subject, {
          message: `${counted(plain.length, 'VM')} of more than 100 GiB ${plain.length === 1 ? 'runs' : 'run'} without huge pages: ${some(plain.map(({ namespace, name, memoryBytes = 0 }) => `${namespace}/${name} (${formatBytes(memoryBytes)})`))}`,
          evidence: atVm(first, '.spec.domain.memory.guest', first.spec.domain.memory?.guest),
          remedy:
            'Huge pages of 1Gi make memory access cheaper and the tracking of changed pages, too. The price: each node that is to take such a VM has to keep as many reserved, unused by anything else; free memory of the guest is not given back and is copied as well. A node label alone (cpumanager, as the best-practices text has it) reserves none: a MachineConfig or Tuned profile does.',
        }),
      );
    }
    for (const size of sizesIn(running)) {
      const resource = `hugepages-${size}`;
      const having = vmNodesOf(snapshot).filter(({ allocatable }) => (allocatable[resource] ?? 0) > 0);
      const users = running.filter(({ spec }) => spec.domain.memory?.hugepages?.pageSize === size);
      const [user] = users;
      if (user === undefined || having.length > 1 || !snapshot.lists.nodes.known) continue;
      drafts.push(
        warning(subject, {
          message: `${counted(users.length, 'VM')} with huge pages of ${size} (${some(users.map(({ namespace, name }) => `${namespace}/${name}`))}) ${users.length === 1 ? 'has' : 'have'} nowhere to go: ${having.length === 0 ? 'no node has' : `only ${having[0]?.name} has`} any`,
          evidence: atVm(user, '.spec.domain.memory.hugepages.pageSize', size),
          remedy: 'Reserve huge pages of that size on a second node.',
        }),
      );
    }
    return drafts;
  },
};

function sizesIn(vms: ReturnType<typeof vmsOf>): string[] {
  return [...new Set(vms.flatMap(({ spec }) => spec.domain.memory?.hugepages?.pageSize ?? []))].sort();
}
