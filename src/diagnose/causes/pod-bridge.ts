import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';

const ALLOWED = 'kubevirt.io/allow-pod-bridge-network-live-migration';
const DAY = 86_400_000;

/** On the pod network with a bridge the guest has the pod's own address, and each pod has another one (facts/kubevirt.md E; kubevirt#7967, #16696, #18621). */
export const podBridge: Cause = {
  id: 'network/pod-bridge',
  title: 'Its address changed with the move: it is bridged to the pod network',
  source: 'facts/kubevirt.md A4, E; facts/anchors.md 2 pain 18 (kubevirt#16696, #18621)',
  needs: ['virtualMachineInstances'],
  vm({ vm, vmi, now }) {
    const state = vmi?.status?.migrationState;
    if (vmi === undefined || !vm.running || state?.completed !== true || state.failed === true) return undefined;
    if (now - Date.parse(state.endTimestamp ?? '') > DAY) return undefined;
    const pod = (vm.spec.networks ?? []).find((network) => network.pod !== undefined)?.name;
    const nic = (vm.spec.domain.devices.interfaces ?? []).find(({ name }) => name === pod);
    if (nic?.bridge === undefined) return undefined;
    const allowed = vmi.metadata.annotations?.[ALLOWED];
    return {
      confidence: 'likely',
      message: `its interface ${nic.name} is bridged to the pod network: with the move to ${state.targetNode} it got the address of its new pod, and the guest goes on using the old one until it renews its lease${nic.macAddress === undefined ? '; as its VM names no MAC address, it can lose its lease altogether at its next reboot' : ''}`,
      evidence: [
        atField(vmi, `.spec.domain.devices.interfaces[name=${nic.name}].bridge`, nic.bridge),
        ...(allowed === undefined ? [] : [atField(vmi, `.metadata.annotations["${ALLOWED}"]`, allowed)]),
        atField(vmi, '.status.migrationState.endTimestamp', state.endTimestamp),
      ],
      remedies: [
        'Renew the lease in the guest; if that does not help, restart it, not from within the guest: virtctl restart VM.',
        'Use masquerade on the pod network, or a network of its own whose addresses move with the VM (a secondary network, or a primary user-defined network).',
        ...(nic.macAddress === undefined ? ['Name its MAC address in the VM (kubevirt#16696).'] : []),
      ],
    };
  },
};
