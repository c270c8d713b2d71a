import { describe, expect, test } from 'vitest';
import { readCni } from '../model/cni.ts';
import type { Finding } from '../model/finding.ts';
import { type NetworkPlan, planNetwork } from './design.ts';
import type { Link } from './links.ts';
import type { NetworkRequest } from './request.ts';
import { attachment, freshNetwork, KNOWN, literally, policy, type SiteOptions, site } from './testing/site.ts';

const request: NetworkRequest = {
  interface: 'enp4s0',
  type: 'macvlan',
  vlan: 3030,
  mtu: 9000,
  cidr: '10.200.5.0/24',
  exclude: [],
  name: 'migration-network',
};

function plan(options: SiteOptions = {}, change: Partial<NetworkRequest> = {}): NetworkPlan {
  return planNetwork(site(options), { ...request, ...change }, KNOWN);
}

function findingsOf({ findings, nodes }: NetworkPlan): Finding[] {
  return [...findings, ...nodes.flatMap((node) => node.findings)];
}

const nic = (links: Link[], name = 'enp4s0'): Link => links.find((one) => one.name === name)!;
/** Changes one node's spare NIC. */
const odd = (change: Link): SiteOptions => ({
  network: ({ links }, index) => void (index === 1 && Object.assign(nic(links), change)),
});
const add = (...more: Link[]): SiteOptions => ({
  network: ({ links }, index) => void (index === 1 && links.push(...more)),
});

describe('a plan', () => {
  test('of a good NIC is refused by nothing, and its objects fit together', () => {
    const { refused, policy: nncp, attachment: nad, nodes, addresses, changes, findings } = plan();
    expect([refused, findings]).toEqual([false, []]);
    expect(nodes.map(({ node, verdict, nic: its }) => [node, verdict, its?.speedMbps])).toEqual([
      ['n1', 'ready', 25_000],
      ['n2', 'ready', 25_000],
      ['n3', 'ready', 25_000],
    ]);
    expect(addresses).toEqual({
      cidr: '10.200.5.0/24',
      exclude: [],
      usable: 254,
      first: '10.200.5.1',
      last: '10.200.5.254',
      needed: 5,
      headroom: 8,
    });
    const links = nncp.spec?.desiredState?.['interfaces'] as Link[];
    expect(links.map(({ name, mtu }) => [name, mtu])).toEqual([
      ['enp4s0', 9000],
      ['enp4s0.3030', 9000],
    ]);
    expect(readCni(nad).plugin).toMatchObject({ type: 'macvlan', master: 'enp4s0.3030', mtu: 9000 });
    expect(changes.map(({ action, object }) => [action, object.kind])).toEqual([
      ['create', 'NodeNetworkConfigurationPolicy'],
      ['create', 'NetworkAttachmentDefinition'],
      ['change', 'HyperConverged'],
    ]);
  });

  test('is the same each time', () => {
    expect(plan()).toEqual(plan());
  });

  test('that exists already keeps everything', () => {
    const { policy: nncp, attachment: nad } = plan();
    const again = plan({ objects: [nncp, nad], set: 'migration-network' });
    expect(again.changes.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep']);
  });

  test.each([
    ['macvlan', undefined, ['enp4s0'], { type: 'macvlan', master: 'enp4s0' }],
    ['bridge', 3030, ['enp4s0', 'enp4s0.3030', 'br-migration'], { type: 'cnv-bridge', bridge: 'br-migration' }],
    ['bridge', undefined, ['enp4s0', 'br-migration'], { type: 'cnv-bridge', bridge: 'br-migration' }],
    ['ovs', 3030, ['enp4s0', 'br-migration'], { type: 'ovs', bridge: 'br-migration', vlan: 3030 }],
  ] as const)('of type %s with VLAN %s makes %j', (type, vlan, names, config) => {
    const { vlan: _, ...rest } = request;
    const made = planNetwork(site(), { ...rest, type, ...(vlan !== undefined && { vlan }) }, KNOWN);
    expect((made.policy.spec!.desiredState!['interfaces'] as Link[]).map(({ name }) => name)).toEqual(names);
    expect(readCni(made.attachment).plugin).toMatchObject(config);
  });

  test('of a NIC with a long name gives its VLAN a short one', () => {
    const long = { network: ({ links }: { links: Link[] }) => void (nic(links).name = 'enp175s0f0np0') };
    expect(readCni(plan(long, { interface: 'enp175s0f0np0' }).attachment).plugin['master']).toBe('migration.3030');
  });

  test('without a network takes the first that is free', () => {
    const { cidr: _, ...rest } = request;
    const taken = attachment(
      { type: 'macvlan', master: 'x', ipam: { type: 'whereabouts', range: '10.200.5.0/24' } },
      'other',
      'shop',
    );
    expect(planNetwork(site({ objects: [taken] }), rest, KNOWN).addresses.cidr).toBe('10.200.6.0/24');
  });

  test.each<[string, SiteOptions, Partial<NetworkRequest>, string, string]>([
    [
      'a NIC that a node lacks',
      {
        network: (network, index) =>
          void (index === 1 && (network.links = network.links.filter(({ name }) => name !== 'enp4s0'))),
      },
      {},
      'nic-missing',
      'node n2 has no interface enp4s0; no NIC of it is free',
    ],
    [
      'the NIC of the default route',
      {},
      { interface: 'eno1' },
      'nic-default-route',
      'eno1 of node n1 carries the default route (through br-ex); OVN-Kubernetes does not let',
    ],
    [
      'br-ex itself',
      {},
      { interface: 'br-ex' },
      'nic-type',
      'br-ex of node n1 is of type ovs-interface, not a NIC or a bond',
    ],
    [
      'a NIC under a bridge of OVN’s',
      {
        network: ({ links, ovn }) => {
          nic(links).controller = 'br-data';
          links.push({ name: 'br-data', type: 'ovs-bridge', state: 'up', bridge: { port: [{ name: 'enp4s0' }] } });
          ovn['bridge-mappings'].push({ localnet: 'data', bridge: 'br-data' });
        },
      },
      {},
      'nic-ovn-bridge',
      'enp4s0 of node n1 is under bridge br-data, which OVN-Kubernetes maps to physical network data',
    ],
    [
      'a NIC of a bond',
      odd({ name: 'enp4s0', controller: 'bond0' }),
      {},
      'nic-in-use',
      'enp4s0 of node n2 is a port of bond0',
    ],
    [
      'a NIC without a cable',
      odd({ name: 'enp4s0', ethernet: { speed: 0 } }),
      {},
      'nic-no-carrier',
      'enp4s0 of node n2 has no link: no cable, or the switch port is off',
    ],
    [
      'an MTU that it can’t do',
      odd({ name: 'enp4s0', 'max-mtu': 1500 }),
      {},
      'nic-mtu',
      'enp4s0 of node n2 can do an MTU of 1500 at most, not 9000',
    ],
    [
      'a VLAN that is used',
      add({ name: 'storage', type: 'vlan', state: 'up', vlan: { 'base-iface': 'enp4s0', id: 3030 } }),
      {},
      'vlan-taken',
      'VLAN 3030 of enp4s0 is used already on node n2, by interface storage',
    ],
    [
      'a name that is taken',
      add({ name: 'enp4s0.3030', type: 'vlan', state: 'up', vlan: { 'base-iface': 'eno1', id: 3030 } }),
      {},
      'name-taken',
      'node n2 has another interface enp4s0.3030 already (VLAN 3030 of eno1), where the plan would make VLAN 3030 of enp4s0',
    ],
    [
      'a NIC with addresses under a bridge',
      odd({ name: 'enp4s0', ipv4: { enabled: true, address: [{ ip: '10.50.0.2', 'prefix-length': 24 }] } }),
      { type: 'ovs' },
      'nic-has-addresses',
      'enp4s0 of node n2 has addresses of its own (10.50.0.2/24): it would lose them as the port of a bridge',
    ],
    [
      'a node that is not ready',
      { node: (node, index) => void (index === 1 && (node.status!.conditions = [{ type: 'Ready', status: 'False' }])) },
      {},
      'node-not-ready',
      'node n2 is not ready, so NMState would not configure it',
    ],
    [
      'the network of the nodes',
      {},
      { cidr: '10.0.0.0/20' },
      'range-overlap',
      '10.0.0.0/20 holds addresses of nodes: of n1, n2 and n3',
    ],
    [
      'the pod network',
      {},
      { cidr: '10.130.0.0/24' },
      'range-overlap',
      '10.130.0.0/24 overlaps the pod network 10.128.0.0/14',
    ],
    [
      'the service network',
      {},
      { cidr: '172.30.9.0/24' },
      'range-overlap',
      '172.30.9.0/24 overlaps the service network 172.30.0.0/16',
    ],
    [
      'OVN-Kubernetes’ own network',
      {},
      { cidr: '100.64.5.0/24' },
      'range-overlap',
      "100.64.5.0/24 overlaps OVN-Kubernetes' join network 100.64.0.0/16",
    ],
    [
      'a network that nodes route to',
      { network: ({ routes }) => void routes.push({ destination: '10.200.0.0/16', 'next-hop-interface': 'eno2' }) },
      {},
      'range-overlap',
      '10.200.5.0/24 overlaps the network 10.200.0.0/16 that nodes route to through eno2',
    ],
    [
      'addresses of a pod',
      { pod: (pod) => void (pod.status = { ...pod.status, podIP: '10.200.5.9' }) },
      {},
      'range-overlap',
      '10.200.5.0/24 holds addresses of the pod network, such as 10.200.5.9 of pod virt-handler-n1',
    ],
    [
      'too few addresses',
      {},
      { cidr: '10.200.5.0/29', exclude: ['10.200.5.0/30'] },
      'range-too-small',
      '10.200.5.0/29 has 3 addresses to give, and 5 are needed now',
    ],
    [
      'a policy that wants it otherwise',
      { objects: [policy('storage', [{ name: 'enp4s0', type: 'ethernet', state: 'up', mtu: 1500 }])] },
      {},
      'policy-conflict',
      'policy storage configures enp4s0 as well, and wants it otherwise (MTU 1500)',
    ],
    [
      'a network that is in use',
      { objects: [attachment({ type: 'macvlan', master: 'enp5s0' })], set: 'migration-network' },
      {},
      'attachment-in-use',
      'network migration-network is the migration network now; changing it under the virt-handlers',
    ],
    [
      'a selector that leaves nodes out',
      {},
      { nodeSelector: { 'kubernetes.io/hostname': 'n1' } },
      'nodes-left-out',
      'virt-handler runs on n2, n3 as well, which the selector leaves out',
    ],
    [
      'nodes that no label tells',
      { node: (node, index) => void (index === 1 && delete node.metadata.labels!['node-role.kubernetes.io/worker']) },
      {},
      'no-selector',
      'no usual label is on exactly the 3 nodes that virt-handler runs on',
    ],
  ])('is refused for %s', (_, options, change, check, message) => {
    const snapshot = site(options);
    const made = planNetwork(snapshot, { ...request, ...change }, KNOWN);
    expect(made.refused).toBe(true);
    const found = findingsOf(made).find((one) => one.check === `network/${check}`);
    expect([found?.severity, found?.message]).toEqual(['blocker', expect.stringContaining(message)]);
    for (const one of findingsOf(made)) {
      for (const evidence of one.evidence)
        expect([one.check, literally(snapshot, evidence)]).toEqual([one.check, evidence.value]);
    }
  });

  test.each<[string, SiteOptions, Partial<NetworkRequest>, string]>([
    ['a NIC that is down', odd({ name: 'enp4s0', state: 'down' }), {}, 'nic-down'],
    [
      'a NIC that has addresses',
      odd({ name: 'enp4s0', ipv4: { enabled: true, address: [{ ip: '10.50.0.2', 'prefix-length': 24 }] } }),
      {},
      'nic-has-addresses',
    ],
    ['few addresses', {}, { cidr: '10.200.5.0/28', exclude: ['10.200.5.0/29'] }, 'range-small'],
    ['an exclusion beside the network', {}, { exclude: ['10.9.9.0/30'] }, 'exclude'],
    ['ovs-cni that nobody sees', {}, { type: 'ovs' }, 'ovs-cni'],
    ['a policy of that name', { objects: [policy('migration-network-policy', [])] }, {}, 'policy-exists'],
  ])('warns of %s', (_, options, change, check) => {
    const made = plan(options, change);
    expect([made.refused, findingsOf(made).map((one) => one.check)]).toEqual([false, [`network/${check}`]]);
  });

  test('says that jumbo frames are possible where nobody asked for an MTU', () => {
    const { mtu: _, ...rest } = request;
    const made = planNetwork(site(), rest, KNOWN);
    expect([made.request.mtu, findingsOf(made).map(({ check }) => check)]).toEqual([
      1500,
      Array.from({ length: 3 }, () => 'network/jumbo-frames'),
    ]);
  });

  test('sees the NIC under br-ex whatever lies between', () => {
    const bonded = (index: number): ReturnType<typeof freshNetwork> => {
      const network = freshNetwork(index);
      nic(network.links, 'eno1').controller = 'bond0';
      network.links.push(
        { name: 'bond0', type: 'bond', state: 'up', 'link-aggregation': { port: ['eno1'] } },
        { name: 'bond0.7', type: 'vlan', state: 'up', vlan: { 'base-iface': 'bond0', id: 7 } },
      );
      network.links = network.links.map((one) =>
        one.type === 'ovs-bridge' ? { ...one, bridge: { port: [{ name: 'bond0.7' }, { name: 'br-ex' }] } } : one,
      );
      return network;
    };
    const snapshot = site({ network: (network, index) => void Object.assign(network, bonded(index)) });
    for (const name of ['eno1', 'bond0']) {
      const made = planNetwork(snapshot, { ...request, interface: name }, KNOWN);
      expect(findingsOf(made).some(({ check }) => check === 'network/nic-default-route')).toBe(true);
    }
  });
});
