import type { Snapshot } from '../../model/snapshot.ts';
import type { Vm } from '../../model/vm.ts';
import { atVm, type Check, type Draft, warning } from '../check.ts';
import { versionIn } from '../refused.ts';
import { attachmentOf, secondaryNetworksOf } from './secondary-networks.ts';

/** KubeVirt 1.9 keeps the address that the guest started with (kubevirt#16697). */
const FIXED_IN = 9;

/**
 * With a bridge and no MAC address in the spec, the DHCP server in the target pod listens for the address of the new
 * pod, while the guest keeps its old one: the VM migrates, and loses its IP address when the guest reboots.
 */
export const macAddress: Check = {
  id: 'network/mac-address',
  title: 'The guest finds its address again after a migration',
  source: 'facts/anchors.md 2 (pain 18: kubevirt#16696, #18621)',
  needs: [],
  run(vm, snapshot): Draft[] {
    const minor = versionIn(snapshot)?.minor;
    if (!vm.running || (minor !== undefined && minor >= FIXED_IN)) return [];
    return (vm.spec.domain.devices.interfaces ?? []).flatMap((nic) => {
      if (nic.bridge === undefined || nic.macAddress !== undefined || !isServedByPod(nic.name, vm, snapshot)) return [];
      return warning(vm, {
        message: `its interface ${nic.name} gets its address by DHCP from its pod and has no MAC address of its own: if the guest reboots after the migration, it gets no address any more`,
        evidence: [
          atVm(vm, `.spec.domain.devices.interfaces[name=${nic.name}].bridge`, nic.bridge),
          atVm(vm, `.spec.domain.devices.interfaces[name=${nic.name}].macAddress`, undefined),
        ],
        remedy:
          'Set macAddress on the interface in the VM, to the address it has now (status.interfaces of its VirtualMachineInstance), and restart it once. If it has happened: stop and start the VM; a reboot from within does not help.',
      });
    });
  },
};

/** The pod's own network, or a secondary one on which the network plug-in gives out addresses. */
function isServedByPod(name: string, vm: Vm, snapshot: Snapshot): boolean {
  if (vm.spec.networks?.some((network) => network.name === name && network.pod !== undefined) === true) return true;
  const secondary = secondaryNetworksOf(vm).find((network) => network.name === name);
  const config = secondary === undefined ? undefined : attachmentOf(secondary.attachment, snapshot)?.spec?.config;
  return config !== undefined && /"ipam"\s*:\s*\{\s*"/.test(config);
}
