import type { Interface, NetworkState } from './nmstate-state.ts';

/** A network card. */
export interface Nic {
  name: string;
  /** 0: no cable. */
  gbps: number;
  /** Default 1500. */
  mtu?: number;
  /** The largest it can. Default 9216. */
  maxMtu?: number;
}

/** Where the lab's nodes have their gateway and name server: the machine network is 10.0.0.0/16. */
const GATEWAY = '10.0.0.1';
const NAMESERVER = '10.0.0.2';

/** The network of a node as OpenShift with OVN-Kubernetes installs it: the first NIC under br-ex, which has the node's address and the default route; the others idle. */
export function freshNetwork(address: string, nics: readonly Nic[]): NetworkState {
  const [first] = nics;
  const mtu = first?.mtu ?? 1500;
  const ethernet = nics.map(
    ({ name, gbps, mtu: own = 1500, maxMtu = 9216 }, index): Interface => ({
      name,
      type: 'ethernet',
      state: 'up',
      'mac-address': macOf(address, index),
      mtu: own,
      'min-mtu': 68,
      'max-mtu': maxMtu,
      ethernet: { speed: gbps * 1000, duplex: 'full', 'auto-negotiation': true },
      ipv4: { enabled: false },
      ipv6: { enabled: false },
      ...(index === 0 ? { controller: 'br-ex' } : {}),
    }),
  );
  const routes = [
    {
      destination: '0.0.0.0/0',
      'next-hop-interface': 'br-ex',
      'next-hop-address': GATEWAY,
      metric: 48,
      'table-id': 254,
    },
  ];
  const dns = { server: [NAMESERVER], search: ['lab.example'] };
  return {
    'dns-resolver': { config: {}, running: dns },
    interfaces: [
      ...ethernet.slice(0, 1),
      {
        name: 'br-ex',
        type: 'ovs-interface',
        state: 'up',
        'mac-address': macOf(address, 0),
        mtu,
        controller: 'br-ex',
        ipv4: { enabled: true, dhcp: true, address: [{ ip: address, 'prefix-length': 16 }] },
        ipv6: { enabled: false },
      },
      {
        name: 'br-ex',
        type: 'ovs-bridge',
        state: 'up',
        bridge: { port: [{ name: first?.name ?? 'eno1' }, { name: 'br-ex' }] },
      },
      ...ethernet.slice(1),
    ],
    ovn: { 'bridge-mappings': [{ localnet: 'physnet', bridge: 'br-ex' }] },
    routes: { config: [], running: routes },
  };
}

/** The NICs in a node's network, to build another like it. */
export function nicsOf(state: NetworkState): Nic[] {
  const ethernet = (state.interfaces ?? []).filter(({ type }) => type === 'ethernet');
  return ethernet.map((one) => ({
    name: one.name,
    gbps: (one.ethernet?.speed ?? 0) / 1000,
    maxMtu: one['max-mtu'] ?? 9216,
    ...(one.controller === 'br-ex' && one.mtu !== undefined ? { mtu: one.mtu } : {}),
  }));
}

function macOf(address: string, index: number): string {
  const octets = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `52:54:${octets.slice(1).join(':')}:${index.toString(16).padStart(2, '0')}`.toUpperCase();
}
