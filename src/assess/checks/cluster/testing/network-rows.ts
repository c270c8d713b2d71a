import type { KubeObject } from '../../../../model/objects.ts';
import { kubeVirt, vm } from '../../../../model/testing/fixtures.ts';
import type { Row } from '../../../testing/subjects.ts';
import { ipam, macvlan, nad } from './objects.ts';

const network = (config: Record<string, unknown> | string): KubeObject[] => [nad(config), kubeVirt({ network: 'mig' })];

const nns = (name: string, interfaces: object[]): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1beta1',
    kind: 'NodeNetworkState',
    metadata: { name },
    status: { currentState: { interfaces } },
  }) as KubeObject;

const usual = (mtu = 9000): object[] => [
  { name: 'eno1', type: 'ethernet', mtu: 1500, controller: 'br-ex' },
  { name: 'br-ex', type: 'ovs-bridge', bridge: { port: [{ name: 'eno1' }] } },
  { name: 'enp4s0', type: 'ethernet', mtu },
  { name: 'eno1.30', type: 'vlan', mtu: 1500, vlan: { 'base-iface': 'eno1', id: 30 } },
];

const states = (...mtus: number[]): KubeObject[] => mtus.map((mtu, index) => nns(`n${index + 1}`, usual(mtu)));

const policy = (port: string): KubeObject =>
  ({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: 'bridge' },
    spec: { desiredState: { interfaces: [{ name: 'br1', type: 'linux-bridge', bridge: { port: [{ name: port }] } }] } },
  }) as KubeObject;

export const networkRows: Row[] = [
  [
    'network/attachment',
    'it is in another namespace',
    'blocker',
    /namespace openshift-cnv has no such .* there is one in vms/,
    { objects: [nad(macvlan, 'vms'), kubeVirt({ network: 'mig' })] },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    'no JSON',
    'blocker',
    /is not JSON/,
    { objects: network('{type: macvlan') },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    'no addresses',
    'blocker',
    /gives no addresses/,
    { objects: network({ type: 'macvlan', master: 'enp4s0' }) },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    'addresses by node',
    'warning',
    /IPAM host-local/,
    { objects: network({ ...macvlan, ipam: { type: 'host-local' } }) },
    { objects: network(macvlan) },
  ],
  [
    'network/attachment',
    "the best-practices text's own mistake",
    'warning',
    /"excludeSubnets", which whereabouts does not know/,
    { objects: network({ ...macvlan, ipam: { ...ipam, excludeSubnets: '10.200.5.0/30' } }) },
    { objects: network({ ...macvlan, ipam: { ...ipam, exclude: ['10.200.5.0/30'] } }) },
  ],
  [
    'network/attachment',
    'too few addresses',
    'warning',
    /has 2 addresses for 3 nodes: virt-handler does not start/,
    { objects: network({ ...macvlan, ipam: { ...ipam, range: '10.0.0.0/30' } }) },
    { objects: network({ ...macvlan, ipam: { ...ipam, range: '10.0.0.0/29' } }) },
  ],
  [
    'network/attachment',
    'no mtu',
    'info',
    /sets no mtu/,
    { objects: network({ type: 'macvlan', master: 'enp4s0', ipam }) },
    { objects: network(macvlan) },
  ],
  [
    'network/default-interface',
    'a VLAN on the default interface',
    'warning',
    /stands on eno1\.30, which carries .* \(through eno1\)/,
    { objects: [...network({ ...macvlan, master: 'eno1.30' }), ...states(9000)] },
    { objects: [...network(macvlan), ...states(9000)] },
  ],
  [
    'network/default-interface',
    'a bridge that takes the default interface',
    'warning',
    /policy bridge puts eno1 into the Linux bridge br1/,
    { objects: [policy('eno1'), ...states(9000)] },
    { objects: [policy('enp4s0'), ...states(9000)] },
  ],
  [
    'network/mtu',
    'different MTUs',
    'warning',
    /different MTUs: 1500 on n2, 9000 on n1, n3/,
    { objects: [...network(macvlan), ...states(9000, 1500, 9000)] },
    { objects: [...network(macvlan), ...states(9000, 9000, 9000)] },
  ],
  [
    'network/mtu',
    'an attachment larger than its interface',
    'warning',
    /wants an MTU of 9000, but enp4s0 has less on n1/,
    { objects: [...network(macvlan), ...states(1500)] },
    { objects: [...network(macvlan), ...states(9000)] },
  ],
  [
    'network/mtu',
    'an interface that a node does not have',
    'blocker',
    /interface eth1, which n1 does not have/,
    { objects: [...network({ ...macvlan, master: 'eth1' }), ...states(9000)] },
    { objects: [...network(macvlan), ...states(9000)] },
  ],
  [
    'network/mtu',
    'small frames',
    'info',
    /has an MTU of 1500; with jumbo frames/,
    { objects: [...network({ ...macvlan, mtu: 1500 }), ...states(9000, 9000)] },
    { objects: [...network(macvlan), ...states(9000, 9000)] },
  ],
  [
    'network/dedicated',
    'a large VM on the pod network',
    'info',
    /1 VM of more than 100 GB runs here, the largest with 128 GiB/,
    { objects: vm('web', { on: 'n1', memory: '128Gi' }) },
    { objects: [...vm('web', { on: 'n1', memory: '128Gi' }), ...network(macvlan)] },
  ],
];
