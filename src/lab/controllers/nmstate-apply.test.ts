import { describe, expect, test } from 'vitest';
import { applyState, reachesGateway, withDefaultVlans } from './nmstate-apply.ts';
import { freshNetwork } from './nmstate-hardware.ts';
import { type Interface, linkOf, type NetworkState, uplinkOf } from './nmstate-state.ts';

const current = freshNetwork('10.0.0.11', [
  { name: 'eno1', gbps: 10 },
  { name: 'enp4s0', gbps: 25, maxMtu: 9000 },
  { name: 'enp5s0', gbps: 25 },
]);

/** Desired interfaces, written short. */
const wants = (...interfaces: object[]): NetworkState => ({ interfaces: interfaces as Interface[] });
const eth = (more: object) => ({ name: 'enp4s0', type: 'ethernet', state: 'up', ...more });
const vlan = { name: 'enp4s0.30', type: 'vlan', state: 'up', vlan: { 'base-iface': 'enp4s0', id: 30 } };
const bond = (mode: string) => ({
  name: 'bond1',
  type: 'bond',
  state: 'up',
  'link-aggregation': { mode, port: ['enp4s0', 'enp5s0'] },
});
const bridge = (type: string, port: string) => ({ name: 'br1', type, state: 'up', bridge: { port: [{ name: port }] } });
const after = (...steps: object[][]): NetworkState =>
  steps.reduce<NetworkState>((state, step) => applyState(state, wants(...step)), current);

describe('nmstatectl apply', () => {
  test.each<[string, object[], string]>([
    ['a NIC that is not there', [eth({ name: 'eth9' })], 'InvalidArgument: Ethernet interface eth9 does not exists'],
    [
      'an MTU above what the NIC can',
      [eth({ mtu: 9100 })],
      'InvalidArgument: Desired MTU 9100 for interface enp4s0 is bigger than maximum allowed MTU 9000',
    ],
    [
      'an MTU below what the NIC can',
      [eth({ mtu: 60 })],
      'InvalidArgument: Desired MTU 60 for interface enp4s0 is smaller than minimum allowed MTU 68',
    ],
    [
      'an interface without a type that is not there',
      [{ name: 'eth9', state: 'up' }],
      'InvalidArgument: Failed to find unknown type interface eth9 in current state',
    ],
    [
      'an address on a port of br-ex',
      [{ name: 'eno1', type: 'ethernet', state: 'up', ipv4: { enabled: true } }],
      'InvalidArgument: Interface eno1 cannot have IP enabled as it is attached to a controller where IP is not allowed',
    ],
    [
      'a VLAN without a base',
      [{ ...vlan, vlan: { id: 30 } }],
      "InvalidArgument: Missing 'vlan.base-iface' for interface 'enp4s0.30'",
    ],
    [
      'a VLAN on a base that is not there',
      [{ ...vlan, vlan: { 'base-iface': 'eth9', id: 30 } }],
      'VerificationError: Failed to find desired interface enp4s0.30 Vlan',
    ],
    [
      'a VLAN with a larger MTU than its base',
      [{ ...vlan, mtu: 9000 }],
      "VerificationError: Verification failure: enp4s0.30.interface.mtu desire '9000', current '1500'",
    ],
    [
      'a bridge over a port that is not there',
      [bridge('linux-bridge', 'eth9')],
      'VerificationError: Failed to find desired interface eth9 Unknown',
    ],
  ])('refuses %s', (_, desired, message) => {
    const before = structuredClone(current);
    expect(() => applyState(current, wants(...desired))).toThrow(message);
    expect(current).toEqual(before);
  });

  test('changes what is named, and leaves the rest', () => {
    const next = after([
      eth({ mtu: 9000, ipv4: { enabled: true, address: [{ ip: '10.9.0.1', 'prefix-length': 24 }] } }),
    ]);
    expect(linkOf(next, 'enp4s0')).toMatchObject({ mtu: 9000, ethernet: { speed: 25000 }, ipv4: { enabled: true } });
    expect(linkOf(next, 'eno1')).toEqual(linkOf(current, 'eno1'));
    expect(next.routes).toEqual(current.routes);
  });

  test.each<[string, object[][], string, { name: string; speed: number }]>([
    ['a VLAN', [[eth({ mtu: 9000 }), { ...vlan, mtu: 9000 }]], 'enp4s0.30', { name: 'enp4s0', speed: 25000 }],
    ['a Linux bridge', [[bridge('linux-bridge', 'enp4s0')]], 'br1', { name: 'enp4s0', speed: 25000 }],
    ['an OVS bridge', [[bridge('ovs-bridge', 'enp4s0')]], 'br1', { name: 'enp4s0', speed: 25000 }],
    ['a bond that uses both', [[bond('802.3ad')]], 'bond1', { name: 'bond1', speed: 50000 }],
    ['a bond that uses one', [[bond('active-backup')]], 'bond1', { name: 'bond1', speed: 25000 }],
    [
      'a VLAN on a bond',
      [[bond('802.3ad')], [{ ...vlan, name: 'v', vlan: { 'base-iface': 'bond1', id: 3 } }]],
      'v',
      { name: 'bond1', speed: 50000 },
    ],
    ['br-ex', [], 'br-ex', { name: 'eno1', speed: 10000 }],
  ])('%s sends through its hardware', (_, steps, name, uplink) => {
    expect(uplinkOf(after(...steps), name)).toEqual(uplink);
  });

  test('an OVS bridge over a NIC that is not there gets an internal port of its name, and has no way out', () => {
    const next = after([bridge('ovs-bridge', 'eth1')]);
    expect(linkOf(next, 'eth1')).toMatchObject({ type: 'ovs-interface', controller: 'br1' });
    expect(uplinkOf(next, 'br1')).toBeUndefined();
  });

  test('a VLAN has its base’s MTU and MAC address unless it says otherwise', () => {
    const next = after([eth({ mtu: 9000 }), vlan]);
    const base = linkOf(next, 'enp4s0');
    expect(linkOf(next, 'enp4s0.30')).toMatchObject({ mtu: 9000, 'mac-address': base?.['mac-address'] });
  });

  test('state absent removes what is virtual, with the VLANs on it, and frees its ports', () => {
    const made = after([bond('802.3ad')], [{ ...vlan, name: 'v', vlan: { 'base-iface': 'bond1', id: 3 } }]);
    expect(linkOf(made, 'enp4s0')?.controller).toBe('bond1');
    const next = applyState(made, wants({ name: 'bond1', type: 'bond', state: 'absent' }));
    expect([linkOf(next, 'bond1'), linkOf(next, 'v'), linkOf(next, 'enp4s0')?.controller]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(linkOf(next, 'enp4s0')).toBeDefined();
  });

  test.each<[string, NetworkState, boolean]>([
    ['as it was installed', {}, true],
    [
      'with another MTU on the NIC under br-ex',
      wants({ name: 'eno1', type: 'ethernet', state: 'up', mtu: 9000 }),
      true,
    ],
    ['with that NIC in another bridge', wants(bridge('ovs-bridge', 'eno1')), false],
    [
      'with that NIC in a bond',
      wants({ ...bond('802.3ad'), 'link-aggregation': { mode: '802.3ad', port: ['eno1'] } }),
      false,
    ],
    ['without br-ex', wants({ name: 'br-ex', type: 'ovs-interface', state: 'absent' }), false],
    [
      'without the default route',
      { routes: { config: [{ state: 'absent', destination: '0.0.0.0/0', 'next-hop-interface': 'br-ex' }] } },
      false,
    ],
  ])('the gateway answers %s: %s', (_, desired, expected) => {
    expect(reachesGateway(applyState(current, desired))).toBe(expected);
  });

  test('routes, name servers and bridge mappings', () => {
    const next = applyState(current, {
      ...wants(eth({ ipv4: { enabled: true, address: [{ ip: '10.9.0.2', 'prefix-length': 24 }] } })),
      routes: {
        config: [{ destination: '10.8.0.0/16', 'next-hop-interface': 'enp4s0', 'next-hop-address': '10.9.0.1' }],
      },
      'dns-resolver': { config: { server: ['10.9.0.9'] } },
      ovn: { 'bridge-mappings': [{ localnet: 'migration', bridge: 'br1', state: 'present' }] },
    });
    expect(next.routes?.running?.map(({ destination }) => destination)).toEqual(['0.0.0.0/0', '10.8.0.0/16']);
    expect(next['dns-resolver']?.running).toEqual({ server: ['10.9.0.9'] });
    expect(next.ovn?.['bridge-mappings']?.map(({ localnet }) => localnet)).toEqual(['physnet', 'migration']);
  });

  test('ports of Linux bridges that say nothing of VLANs become trunks', () => {
    const trunk = { mode: 'trunk', 'trunk-tags': [{ 'id-range': { min: 2, max: 4094 } }] };
    expect(withDefaultVlans(wants(bridge('linux-bridge', 'enp4s0'))).interfaces?.[0]?.bridge?.port).toEqual([
      { name: 'enp4s0', vlan: trunk },
    ]);
    expect(withDefaultVlans(wants(bridge('ovs-bridge', 'enp4s0'))).interfaces?.[0]?.bridge?.port).toEqual([
      { name: 'enp4s0' },
    ]);
  });
});
