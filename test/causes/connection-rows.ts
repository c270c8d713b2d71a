import { ALL, type Happens, type LabRow } from './happens.ts';
import type { Hand } from './harness.ts';

// The way between two virt-handlers.

const fails: Happens = async (hand) => {
  await hand.migrate('web');
  hand.until('web', 'Failed');
  hand.pass(2);
};

const behind =
  (how: string): Happens =>
  async (hand) => {
    hand.fault('firewall', { node: 'worker-0', how });
    await fails(hand);
  };

/** The clock of a node is ahead, by so much more than certificates are valid for. */
const ahead =
  (node: string, by: string): Happens =>
  async (hand) => {
    hand.fault('clock-skew', { node, by });
    hand.pass(120);
    await hand.migrate('web');
    hand.pass(200);
  };

/** A bridge over the second NIC of each worker, of this MTU on worker-0 and 1500 on the others. */
async function bridges(hand: Hand, mtu: number): Promise<void> {
  for (const node of ['worker-0', 'worker-1', 'worker-2']) {
    const own = node === 'worker-0' ? mtu : 1500;
    await hand.create('/apis/nmstate.io/v1/nodenetworkconfigurationpolicies', {
      apiVersion: 'nmstate.io/v1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name: `bridge-${node}` },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': node },
        desiredState: {
          interfaces: [
            { name: 'enp4s0', type: 'ethernet', state: 'up', mtu: own },
            {
              name: 'br-mig',
              type: 'linux-bridge',
              state: 'up',
              mtu: own,
              bridge: { options: { stp: { enabled: false } }, port: [{ name: 'enp4s0' }] },
            },
          ],
        },
      },
    });
  }
  hand.pass(30);
}

/** Migrations go over bridges whose interfaces in the pods are all of MTU 9000. */
const jumbo =
  (mtu: number, packets: number): Happens =>
  async (hand) => {
    await hand.policy({ completionTimeoutPerGiB: 800 });
    await bridges(hand, mtu);
    await hand.create('/apis/k8s.cni.cncf.io/v1/namespaces/openshift-cnv/network-attachment-definitions', {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'lm' },
      spec: {
        config: JSON.stringify({
          cniVersion: '0.3.1',
          name: 'lm',
          type: 'cnv-bridge',
          bridge: 'br-mig',
          mtu: packets,
          ipam: { type: 'whereabouts', range: '10.200.5.0/24' },
        }),
      },
    });
    await hand.settings({ network: 'lm' });
    hand.pass(300);
    await hand.migrate('web');
    hand.pass(200);
  };

export const connectionRows: LabRow[] = [
  { cause: 'network/unreachable', releases: ALL, happens: behind('reject'), near: ahead('worker-0', '1h') },
  {
    cause: 'network/unreachable',
    title: 'nothing answers',
    releases: ['4.17', '4.20', '4.22'],
    happens: behind('drop'),
    near: async (hand) => {
      await hand.migrate('web');
      hand.until('web', 'Running');
      hand.fault('firewall', { node: 'worker-0' });
      hand.pass(60);
    },
  },
  { cause: 'network/tls', releases: ALL, happens: ahead('worker-0', '30h'), near: ahead('worker-0', '1h') },
  { cause: 'network/mtu', confidence: 'likely', beside: '', happens: jumbo(9000, 9000), near: jumbo(9000, 1500) },
  {
    cause: 'network/tls',
    title: "the target's clock",
    happens: async (hand) => {
      for (const node of ['worker-1', 'worker-2']) hand.fault('clock-skew', { node, by: '30h' });
      await ahead('control-plane-0', '1h')(hand);
    },
    near: behind('reject'),
  },
];
