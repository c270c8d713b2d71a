import { fault } from './fault.ts';

/** The network of the target node does not carry its lease: another VLAN, or a bridge without an uplink. */
export const addressLost = fault({
  name: 'address-lost',
  summary: 'a VM has no address after it has moved, as its guest agent reports it',
  parameters: { vm: 'required' },
  start: ({ cluster }, { vm }) => {
    const { losesAddress } = cluster.broken;
    const key = `${vm.namespace}/${vm.name}`;
    losesAddress.add(key);
    return () => void losesAddress.delete(key);
  },
});
