import { ALL, type Happens, type LabRow, networkLm } from './happens.ts';
import { at, type Hand } from './harness.ts';

const CNV = 'openshift-cnv';

/** virt-handler of worker-1 is replaced, and its new pod finds no image there. */
const pulled =
  (given: Record<string, string>): Happens =>
  async (hand) => {
    hand.fault('image-pull', { node: 'worker-1', ...given });
    await hand.remove(`/api/v1/namespaces/${CNV}/pods/${hand.handler('worker-1')}`);
    hand.pass(60);
  };

const cordon = (hand: Hand, unschedulable: boolean): Promise<void> =>
  hand.merge(at.node('worker-1'), { spec: { unschedulable } });

/**
 * web has come to worker-2, the last node that virt-handler is rolled out on. Of so many addresses of the migration network
 * the roll-out takes one for each node, in their order.
 */
const rolledOut =
  (range: string, exclude: string[]): Happens =>
  async (hand) => {
    await cordon(hand, true);
    await hand.migrate('web');
    hand.until('web', 'Succeeded');
    await cordon(hand, false);
    await hand.remove(at.migration('web'));
    await networkLm(CNV, { range, exclude })(hand);
    await hand.settings({ network: 'lm' });
    hand.pass(600);
    await hand.migrate('web');
    hand.pass(200);
  };

/** What is wrong with virt-handlers, and what comes of it. */
export const handlerRows: LabRow[] = [
  {
    cause: 'handler/image-pull',
    releases: ALL,
    of: 'node/worker-1',
    happens: pulled({}),
    near: pulled({ delay: '10m' }),
  },
  {
    cause: 'handler/not-schedulable',
    releases: ALL,
    of: 'node/worker-1',
    happens: async (hand) => {
      hand.fault('kvm-missing', { node: 'worker-1' });
      hand.pass(100);
    },
    near: async (hand) => {
      hand.fault('kvm-missing', { node: 'worker-2' });
      hand.pass(100);
    },
  },
  {
    cause: 'network/half-migration-network',
    releases: ALL,
    // One address, for worker-0; worker-1 gets none, and there the roll-out stays, before worker-2.
    happens: rolledOut('10.200.5.0/30', ['10.200.5.2/32']),
    near: rolledOut('10.200.5.0/24', []),
  },
];
