import { at as atField } from '../../model/finding.ts';
import { conditionOf } from '../../model/vm.ts';
import { type Cause } from '../cause.ts';

/** How long after a move what is wrong with the network is put down to it, ms. */
const DAY = 86_400_000;
/** The guest agent is asked every so often after a move, ms. */
const SETTLE = 120_000;

/** The guest agent works after a move, and reports an interface without an address. */
export const addressLost: Cause = {
  id: 'network/address-lost',
  title: 'An interface has no address since the move',
  source: 'facts/anchors.md 2 pain 18',
  needs: ['virtualMachineInstances'],
  vm({ vm, vmi, now }) {
    const state = vmi?.status?.migrationState;
    const ended = Date.parse(state?.endTimestamp ?? '');
    if (vmi === undefined || !vm.running || state?.completed !== true || state.failed === true) return undefined;
    if (!(now - ended > SETTLE && now - ended <= DAY)) return undefined;
    if (conditionOf(vm, 'AgentConnected')?.status !== 'True') return undefined;
    const named = new Set((vm.spec.domain.devices.interfaces ?? []).map(({ name }) => name));
    const bare = (vmi.status?.interfaces ?? []).filter(
      ({ name, ipAddress }) => name !== undefined && named.has(name) && (ipAddress ?? '') === '',
    );
    if (bare.length === 0) return undefined;
    const names = bare.map(({ name }) => name).join(', ');
    return {
      confidence: 'likely',
      message: `since it moved from ${state.sourceNode} to ${state.targetNode} the guest has no address on ${names}`,
      evidence: [
        atField(vmi, '.status.migrationState.endTimestamp', state.endTimestamp),
        ...bare.map(({ name }) => atField(vmi, `.status.interfaces[name=${name}].ipAddress`, null)),
      ],
      remedies: [
        `Renew the lease in the guest (dhclient, nmcli device reapply, ipconfig /renew).`,
        `Look whether ${state.targetNode} has the network it is attached to: the bridge, its VLAN on the switch port, its MTU: ferry check node/${state.targetNode}.`,
        `If it had an address on ${state.sourceNode}, move it back: ferry move ${vm.name} -n ${vm.namespace} --to ${state.sourceNode}.`,
      ],
    };
  },
};
