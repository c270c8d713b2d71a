import { vmNodesOf } from '../../model/nodes.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { conditionOf, type Vm } from '../../model/vm.ts';
import { at, atVm, blocker, type Check, type Draft } from '../check.ts';
import { versionIn } from '../refused.ts';

/** A device of the node that the guest holds can't travel; a restart on a node with the same device can replace it. */
export const hostDevices: Check = {
  id: 'vm/host-devices',
  title: 'The VM holds no device of its node',
  source: 'facts/kubevirt.md A4 (HostDeviceNotLiveMigratable), A8 (VGPULiveMigration), E',
  needs: ['nodes'],
  run(vm, snapshot): Draft[] {
    const { hostDevices: devices = [], gpus = [] } = vm.spec.domain.devices;
    if (devices.length + gpus.length === 0) return [];
    // KubeVirt 1.9 can migrate some vGPUs; where it says so, it knows better.
    if (vm.running && conditionOf(vm, 'LiveMigratable')?.status === 'True') return [];
    const gpu = vgpuOf(vm, snapshot);
    if (gpu === 'migrates') return [];
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
      const perhaps =
        gpu === 'gate'
          ? ' One vGPU can live-migrate if the feature gate VGPULiveMigration (alpha) is on.'
          : gpu === 'too-many'
            ? ' With a single vGPU it could live-migrate (feature gate VGPULiveMigration).'
            : '';
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
        remedy: `${
          first === undefined
            ? 'Remove the device from the VM, or offer one on another node.'
            : 'Move it cold (a restart), or remove the device from the VM.'
        }${perhaps}`,
        allows: first === undefined ? 'nothing' : 'cold',
      });
    });
  },
};

/** Since v1.9: a single mediated device that KubeVirt permits can migrate, behind an alpha gate. */
function vgpuOf({ spec }: Vm, snapshot: Snapshot): 'migrates' | 'gate' | 'too-many' | undefined {
  const { hostDevices: devices = [], gpus = [] } = spec.domain.devices;
  if (versionIn(snapshot)?.liveMigratableChecks.includes('vgpu') !== true || devices.length > 0) return undefined;
  const configuration = itemsOf(snapshot.lists.kubeVirts)[0]?.spec?.configuration;
  const mediated = configuration?.permittedHostDevices?.mediatedDevices ?? [];
  if (!gpus.every(({ deviceName }) => mediated.some(({ resourceName }) => resourceName === deviceName)))
    return undefined;
  if (gpus.length > 1) return 'too-many';
  const gates = configuration?.developerConfiguration?.featureGates ?? [];
  return gates.includes('VGPULiveMigration') ? 'migrates' : 'gate';
}
