import { ALL, type Happens, type LabRow, since, well } from './happens.ts';
import { type Hand, HCO } from './harness.ts';

/** A VM of its own, which waits to receive a guest or not. */
const twin =
  (runStrategy: string, spec: object): Happens =>
  async (hand) => {
    await decentralized(hand);
    await hand.create('/apis/kubevirt.io/v1/namespaces/vms/virtualmachines', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'twin' },
      spec: { runStrategy, template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} } } } },
    });
    hand.pass(20);
    await hand.migrate('twin', spec);
    hand.pass(30);
  };

async function decentralized(hand: Hand): Promise<void> {
  await hand.merge(HCO, { spec: { featureGates: { decentralizedLiveMigration: true } } });
  hand.pass(10);
}

/** KubeVirt's own components do not work. */
export const controlPlaneRows: LabRow[] = [
  {
    cause: 'queue/virt-controller',
    releases: ALL,
    confidence: 'likely',
    happens: async (hand) => {
      hand.fault('virt-controller-crash');
      await hand.migrate('web');
      hand.pass(90);
    },
    near: async (hand) => {
      hand.fault('virt-controller-crash', { count: '1' });
      await hand.migrate('web');
      hand.pass(90);
    },
  },
  {
    cause: 'queue/other-half',
    title: 'that receives',
    releases: since('4.20'),
    happens: async (hand) => {
      await decentralized(hand);
      await hand.migrate('web', { sendTo: { migrationID: 'web-to-east', connectURL: 'virt-sync.east.example:9185' } });
      hand.pass(120);
    },
    near: async (hand) => {
      await decentralized(hand);
      await well(hand);
    },
  },
  {
    cause: 'queue/other-half',
    title: 'that sends',
    releases: since('4.20'),
    of: 'vm/twin',
    happens: twin('WaitAsReceiver', { receive: { migrationID: 'twin-from-west' } }),
    near: twin('Always', {}),
  },
  {
    cause: 'queue/other-half',
    title: 'which is here, too',
    releases: since('4.20'),
    happens: async (hand) => {
      await twin('WaitAsReceiver', { receive: { migrationID: 'web-to-twin' } })(hand);
      await hand.migrate('web', { sendTo: { migrationID: 'web-to-twin', connectURL: 'virt-sync.here.example:9185' } });
      hand.pass(60);
    },
    near: async (hand) => {
      await twin('WaitAsReceiver', { receive: { migrationID: 'web-to-twin' } })(hand);
      await well(hand);
    },
  },
  {
    cause: 'kubevirt/not-available',
    releases: ALL,
    of: 'cluster',
    beside: 'kubevirt/virt-api-down',
    happens: async (hand) => {
      hand.fault('virt-api-crash');
      hand.pass(30);
    },
    near: async (hand) => {
      hand.fault('virt-api-crash', { count: '1' });
      hand.pass(30);
    },
  },
];
