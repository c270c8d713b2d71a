import { ALL, type Happens, type LabRow } from './happens.ts';

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
