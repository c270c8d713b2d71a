import { describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '../model/objects.ts';
import { migration } from '../model/testing/fixtures.ts';
import type { Link } from './links.ts';
import { attachment, KNOWN, literally, policy, type SiteOptions, site } from './testing/site.ts';
import { verifyNetwork } from './verify.ts';

const ipam = { type: 'whereabouts', range: '10.200.5.0/24', exclude: ['10.200.5.0/30'] };
const config = {
  cniVersion: '0.3.1',
  name: 'm',
  type: 'macvlan',
  master: 'enp4s0.3030',
  mode: 'bridge',
  mtu: 9000,
  ipam,
};
const vlan = (mtu = 9000): Link => ({
  name: 'enp4s0.3030',
  type: 'vlan',
  state: 'up',
  mtu,
  vlan: { 'base-iface': 'enp4s0', id: 3030 },
});
const bridge = (type: string): Link => ({
  name: 'br-migration',
  type,
  state: 'up',
  mtu: 9000,
  bridge: { port: [{ name: 'enp4s0' }] },
});
const made = policy('migration-network-policy', [vlan()]);

/** virt-handler on the network. */
function on(pod: Pod, index: number, more: object = {}): void {
  const own = {
    name: 'openshift-cnv/migration-network',
    interface: 'migration0',
    ips: [`10.200.5.${4 + index}`],
    mtu: 9000,
    ...more,
  };
  const annotations = {
    'k8s.v1.cni.cncf.io/network-status': JSON.stringify([{ name: 'ovn-kubernetes', interface: 'eth0' }, own]),
  };
  pod.metadata = { ...pod.metadata, annotations, creationTimestamp: '2026-01-01T00:00:00Z' };
}

interface Change extends SiteOptions {
  config?: object | string;
  policies?: KubeObject[];
  more?: KubeObject[];
}

/** A good site with a change. */
function changed({ config: own = config, policies = [made], more = [], ...options }: Change = {}): SiteOptions {
  return {
    set: 'migration-network',
    network: ({ links }) => {
      for (const link of links) if (link.name === 'enp4s0') link.mtu = 9000;
      links.push(vlan(), bridge('ovs-bridge'));
    },
    pod: (pod, index) => on(pod, index),
    ...options,
    objects: [attachment(own), ...policies, ...more],
  };
}

function found(options: SiteOptions): [string, string, string][] {
  const snapshot = site(options);
  const { findings } = verifyNetwork(snapshot, KNOWN);
  for (const one of findings) {
    for (const evidence of one.evidence)
      expect([one.check, literally(snapshot, evidence)]).toEqual([one.check, evidence.value]);
  }
  return findings.map(({ check, severity, message }) => [check.replace('network/', ''), severity, message]);
}

describe('verify', () => {
  test('says nothing of a good network, and shows where virt-handlers are', () => {
    const report = verifyNetwork(site(changed()), KNOWN);
    expect(report.findings).toEqual([]);
    expect(report.handlers.map(({ node, address, mtu }) => [node, address, mtu])).toEqual([
      ['n1', '10.200.5.4', 9000],
      ['n2', '10.200.5.5', 9000],
      ['n3', '10.200.5.6', 9000],
    ]);
  });

  const ofOne = (index: number, change: (pod: Pod) => void) => ({
    pod: (pod: Pod, which: number) => {
      on(pod, which);
      if (which === index) change(pod);
    },
  });

  test.each<[string, SiteOptions, [string, string, string][]]>([
    [
      'no network',
      {},
      [['not-set', 'warning', 'no migration network is set: migrations go over the pod network, with everything else']],
    ],
    [
      'a network in another namespace',
      {
        set: 'migration-network',
        pod: (pod, index) => on(pod, index),
        objects: [attachment(config, 'migration-network', 'shop')],
      },
      [
        [
          'attachment-missing',
          'blocker',
          'migrations are to use network openshift-cnv/migration-network, and there is one in namespace shop: the next virt-handler that starts hangs in ContainerCreating',
        ],
      ],
    ],
    [
      'an interface that a node lacks',
      changed({
        network: ({ links }, index) => {
          links.push(bridge('ovs-bridge'));
          if (index !== 1) {
            links.find(({ name }) => name === 'enp4s0')!.mtu = 9000;
            links.push(vlan());
          }
        },
      }),
      [['host-interface', 'blocker', 'network migration-network stands on enp4s0.3030, which n2 does not have']],
    ],
    [
      'an MTU that the way does not let through',
      changed({
        network: ({ links }, index) => {
          links.find(({ name }) => name === 'enp4s0')!.mtu = 9000;
          links.push(vlan(index === 1 ? 1500 : 9000));
        },
      }),
      [
        [
          'mtu-too-large',
          'blocker',
          'network migration-network has an MTU of 9000, and enp4s0.3030 of node n2 only 1500: large packets are dropped, or virt-handler gets no interface at all',
        ],
        ['mtu-differs', 'warning', 'the MTU under network migration-network is 1500 on n2 and 9000 elsewhere'],
      ],
    ],
    [
      'the trap of OVS bridges: no MTU',
      changed({
        config: { name: 'm', cniVersion: '0.3.1', type: 'ovs', bridge: 'br-migration', ipam },
        policies: [policy('p', [bridge('ovs-bridge')])],
        pod: (pod, index) => on(pod, index, { mtu: 1500 }),
      }),
      [
        [
          'mtu-unused',
          'warning',
          'network migration-network says no MTU, so its interfaces get 1500 (1400 where OVN-Kubernetes makes them), though br-migration can do 9000',
        ],
      ],
    ],
    [
      'a NIC that strips the tag',
      changed({
        config: { name: 'm', cniVersion: '0.3.1', type: 'ovs', bridge: 'br-migration', mtu: 9000, ipam },
        policies: [
          policy('p', [
            { ...bridge('ovs-bridge'), bridge: { port: [{ name: 'enp4s0', vlan: { mode: 'access', tag: 3030 } }] } },
          ]),
        ],
      }),
      [
        [
          'vlan-mismatch',
          'blocker',
          'enp4s0 is an access port of VLAN 3030 in br-migration, and network migration-network puts virt-handlers in no VLAN: they do not meet',
        ],
      ],
    ],
    [
      'the NIC of the cluster network',
      changed({
        config: { ...config, master: 'br-ex', mtu: 1500 },
        policies: [policy('p', [{ name: 'br-ex', type: 'ovs-interface' }])],
        pod: (pod, index) => on(pod, index, { mtu: 1500 }),
      }),
      [
        [
          'shared-with-cluster',
          'warning',
          'br-ex of node n1 carries the default route (br-ex): migrations share the link with the cluster’s own traffic',
        ],
        [
          'shared-with-cluster',
          'warning',
          'br-ex of node n2 carries the default route (br-ex): migrations share the link with the cluster’s own traffic',
        ],
        [
          'shared-with-cluster',
          'warning',
          'br-ex of node n3 carries the default route (br-ex): migrations share the link with the cluster’s own traffic',
        ],
        [
          'jumbo-frames',
          'info',
          'network migration-network has an MTU of 1500: jumbo frames would carry more with less work',
        ],
      ],
    ],
    [
      'a virt-handler that is not on it',
      changed(ofOne(1, (pod) => delete pod.metadata.annotations)),
      [
        [
          'handler-not-on-network',
          'blocker',
          'virt-handler on n2 is not on the migration network: its migrations go over the pod network',
        ],
      ],
    ],
    [
      'a virt-handler without an address',
      changed(ofOne(1, (pod) => on(pod, 1, { ips: [] }))),
      [['handler-without-address', 'blocker', 'virt-handler on n2 has migration0 and no address on it']],
    ],
    [
      'a virt-handler with an old address',
      changed(ofOne(1, (pod) => on(pod, 1, { ips: ['10.9.9.9'] }))),
      [['handler-address', 'blocker', 'virt-handler on n2 has 10.9.9.9, which is not in the network']],
    ],
    [
      'a virt-handler with an excluded address',
      changed(ofOne(1, (pod) => on(pod, 1, { ips: ['10.200.5.2'] }))),
      [['handler-excluded-address', 'warning', 'virt-handler on n2 has 10.200.5.2, which the network excludes']],
    ],
    [
      'two with one address',
      changed(ofOne(1, (pod) => on(pod, 1, { ips: ['10.200.5.4'] }))),
      [['address-twice', 'blocker', 'virt-handlers on n1 and n2 have the same address 10.200.5.4']],
    ],
    [
      'a virt-handler that does not run',
      changed(ofOne(1, (pod) => (pod.status = { phase: 'Pending', conditions: [] }))),
      [
        [
          'handler-not-ready',
          'blocker',
          "virt-handler on n2 is not ready (Pending); VMs can't migrate to or from its node",
        ],
      ],
    ],
    [
      'a migration that went elsewhere',
      changed({
        more: [
          migration('m1', 'web', 'Succeeded', (object) => {
            object.metadata.creationTimestamp = '2026-01-02T00:00:00Z';
            object.status = { ...object.status, migrationState: { targetNode: 'n2', targetNodeAddress: '10.128.0.7' } };
          }),
        ],
      }),
      [['migration-elsewhere', 'blocker', 'migration vms/m1 went to 10.128.0.7 of n2, not over the migration network']],
    ],
    [
      'a policy that failed',
      changed({
        policies: [
          {
            ...made,
            status: { conditions: [{ type: 'Degraded', status: 'True', message: '1/3 nodes failed to configure' }] },
          } as KubeObject,
        ],
      }),
      [
        [
          'policy-degraded',
          'blocker',
          'policy migration-network-policy, which makes enp4s0.3030, failed: 1/3 nodes failed to configure',
        ],
      ],
    ],
    [
      'an interface that no policy makes',
      changed({ policies: [] }),
      [
        [
          'no-policy',
          'info',
          'no NodeNetworkConfigurationPolicy makes enp4s0.3030: a node that joins will not have it by itself',
        ],
      ],
    ],
    [
      'too small a range',
      changed({
        config: {
          ...config,
          ipam: { type: 'whereabouts', range: '10.200.5.0/29', exclude: ['10.200.5.1/32', '10.200.5.2/32'] },
        },
      }),
      [['range-too-small', 'blocker', 'network migration-network has 4 addresses to give, and 5 are needed']],
    ],
    [
      'a range that is the pod network’s',
      changed({
        config: { ...config, ipam: { ...ipam, range: '10.130.5.0/24', exclude: [] } },
        pod: (pod, index) => on(pod, index, { ips: [`10.130.5.${4 + index}`] }),
      }),
      [['range-overlap', 'blocker', '10.130.5.0/24 overlaps the pod network 10.128.0.0/14']],
    ],
  ])('finds %s', (_, options, expected) => {
    expect(found(options)).toEqual(expected);
  });
});
