import { ALL, type Happens, handlersCrash, type LabRow, networkLm, pending, running } from './happens.ts';
import { at } from './harness.ts';

const network: Happens = async (hand) => {
  await hand.settings({ network: 'lm' });
  hand.pass(60);
};

const attachment = (namespace: string): Happens => networkLm(namespace, { range: '10.200.5.0/24' });

export const otherRows: LabRow[] = [
  {
    cause: 'node/virt-handler-not-ready',
    confidence: 'likely',
    happens: handlersCrash,
    near: running,
  },
  {
    cause: 'node/lost',
    happens: async (hand) => {
      await running(hand);
      hand.fault('node-not-ready', { node: hand.vmi('web').status?.migrationState?.targetNode ?? '' });
      hand.pass(60);
    },
    near: async (hand) => {
      await running(hand);
      hand.pass(60);
    },
  },
  {
    cause: 'vm/stopped-meanwhile',
    confidence: 'likely',
    happens: async (hand) => {
      await pending(hand);
      await hand.merge(at.vm('web'), { spec: { runStrategy: 'Halted' } });
      hand.pass(300);
    },
    near: async (hand) => {
      await hand.merge(at.vm('web'), { spec: { runStrategy: 'Halted' } });
      hand.pass(300);
    },
  },
  {
    cause: 'network/connection-lost',
    releases: ALL,
    happens: async (hand) => {
      await running(hand);
      hand.fault('link-down', { node: 'worker-0' });
      hand.pass(60);
    },
    near: running,
  },
  {
    cause: 'network/attachment-missing',
    of: 'cluster',
    happens: async (hand) => {
      await attachment('vms')(hand);
      await network(hand);
    },
    near: async (hand) => {
      await attachment('openshift-cnv')(hand);
      await network(hand);
    },
  },
  {
    cause: 'network/fallback',
    of: 'cluster',
    confidence: 'likely',
    beside: '',
    happens: async (hand) => {
      await attachment('openshift-cnv')(hand);
      await hand.settings({ network: 'lm' });
    },
    near: async (hand) => {
      await attachment('openshift-cnv')(hand);
      await network(hand);
      hand.pass(600);
    },
  },
];
