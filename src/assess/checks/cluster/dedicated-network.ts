import { vmNodesOf } from '../../../model/nodes.ts';
import { formatBytes } from '../../../model/quantity.ts';
import { settingsOf } from '../../../model/settings.ts';
import { vmsOf } from '../../../model/vm.ts';
import { atSetting, atVm, type Check, type Draft, info } from '../../check.ts';
import { counted } from '../../text.ts';

const LARGE = 100e9;

/** A migration copies all of a guest's memory; on the pod network everybody else feels it. */
export const dedicatedNetwork: Check = {
  id: 'network/dedicated',
  title: 'Migrations have a network of their own',
  source: 'mission: Dedicated Migration Network, Best Practices 3; facts/kubevirt.md D7; facts/anchors.md 6 rows 16-20',
  needs: ['kubeVirts', 'nodes', 'virtualMachineInstances'],
  advise(snapshot): Draft[] {
    const { network } = settingsOf(snapshot);
    if (network.value !== undefined || network.origin === 'unknown' || vmNodesOf(snapshot).length < 2) return [];
    const running = vmsOf(snapshot).filter((vm) => vm.running);
    if (running.length === 0) return [];
    const large = running.filter(({ memoryBytes = 0 }) => memoryBytes > LARGE);
    const largest = large.toSorted((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0))[0];
    const who =
      largest === undefined
        ? ''
        : `; ${counted(large.length, 'VM')} of more than 100 GB ${large.length === 1 ? 'runs' : 'run'} here, the largest with ${formatBytes(largest.memoryBytes ?? 0)}`;
    return [
      info(
        { kind: 'KubeVirt', name: 'migrations' },
        {
          message: `migrations share the pod network with everything else${who}`,
          evidence:
            largest === undefined
              ? atSetting(network, 'network')
              : [
                  atSetting(network, 'network'),
                  atVm(largest, '.spec.domain.memory.guest', largest.spec.domain.memory?.guest),
                ],
          remedy:
            'For production, above all with large VMs, give them a second NIC or a VLAN (ferry network plan shows what it takes): they no longer disturb applications, nor are disturbed. The price: a NIC and addresses on every node, and a restart of virt-handler on all nodes at each change of the setting, during which VMs cannot move.',
        },
      ),
    ];
  },
};
