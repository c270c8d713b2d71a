import { vmNodesOf } from '../../model/nodes.ts';
import { conditionOf } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';

/** A device of the node that the guest holds can't travel; a restart on a node with the same device can replace it. */
export const hostDevices: Check = {
  id: 'vm/host-devices',
  title: 'The VM holds no device of its node',
  source: 'facts/kubevirt.md A4 (HostDeviceNotLiveMigratable), E',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    // KubeVirt 1.9 can migrate some vGPUs; where it says so, it knows better.
    if (vm.running && conditionOf(vm, 'LiveMigratable')?.status === 'True') return [];
    const { hostDevices: devices = [], gpus = [] } = vm.spec.domain.devices;
    const named = [
      ...devices.map((device) => ({ device, field: 'hostDevices' })),
      ...gpus.map((device) => ({ device, field: 'gpus' })),
    ];
    return named.map(({ device, field }) => {
      const resource = device.deviceName ?? '';
      const others = vmNodesOf(snapshot).filter(
        (node) => node.name !== vm.node && (node.allocatable[resource] ?? 0) > 0,
      );
      const first = others[0];
      return blocker(vm, {
        message:
          first === undefined
            ? `it holds the host device ${resource} (${device.name}), which no other node offers`
            : `it holds the host device ${resource} (${device.name}); ${others.length} other node${others.length === 1 ? ' offers' : 's offer'} one`,
        evidence: [
          atVm(vm, `.spec.domain.devices.${field}[name=${device.name}].deviceName`, resource),
          ...(first === undefined
            ? []
            : [at(first.object, `.status.allocatable["${resource}"]`, first.object.status?.allocatable?.[resource])]),
        ],
        remedy:
          first === undefined
            ? 'Remove the device from the VM, or offer one on another node.'
            : 'Move it cold (a restart), or remove the device from the VM.',
        allows: first === undefined ? 'nothing' : 'cold',
      });
    });
  },
};
